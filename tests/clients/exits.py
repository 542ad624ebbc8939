"""Prints the exit status of each ping of a check, which no API shows, by number: python3 exits.py DATABASE UUID"""
import json
import sqlite3
import sys

database, uuid = sys.argv[1:]
with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
    rows = db.execute("SELECT n, exit_status FROM pings JOIN checks ON checks.id = check_id WHERE uuid = ?", (uuid,))
    print(json.dumps(dict(rows.fetchall())))
