"""Fills a fresh Maibo with ten checks that show every state, for screenshots: python3 seed.py MAIBO DATA_FOLDER

The checks are made by the command line; their history is then written into the database while no server runs.
"""
import random
import sqlite3
import subprocess
import sys
import time

binary, data = sys.argv[1:3]
count = int(sys.argv[3]) if len(sys.argv) > 3 else 0
S = 1_000_000
M, H, D = 60 * S, 3600 * S, 86400 * S
now = time.time_ns() // 1000
random.seed(7)


def maibo(*args):
    out = subprocess.run([binary, "--data", data, *args], check=True, capture_output=True, text=True)
    return out.stdout.strip()


maibo("channel", "create", "--kind", "email", "--name", "ops mail", "--set", "to=ops@example.org")
maibo("channel", "create", "--kind", "wecom", "--name", "运维群", "--set", "key=693a91f6-7aoc-4bc4-97a0-0ec2sifa5aaa")
Z = ["--tz", "Asia/Shanghai"]
rows = [
    # name, tags, schedule, marks, status, last ping, due, deadline, run, duration
    ("pg-main nightly dump", "backup db", ["--at", "03:00", *Z], "u" * 13 + "l" + "u" * 15 + "d", "down", 25 * H, -102 * M, None, None, 842 * S),
    ("pg-main WAL archive", "backup db", ["--every", "5m"], "u" * 30, "up", 1 * M, 4 * M, 5 * M, None, 3 * S),
    ("orders partition rotate", "db", ["--at", "16:05", "--days", "mon-fri", *Z], "u" * 29 + "l", "up", 24 * H, 10 * H, 11 * H, 130 * S, 400 * S),
    ("redis snapshot", "backup", ["--cron", "0 * * * *"], "uuuuuudd" + "u" * 22, "up", 22 * M, 38 * M, 98 * M, None, 41 * S),
    ("certificate renew", "web tls", ["--every", "2h", "--grace", "10m"], "u" * 22 + "luulu" + "uul", "up", 123 * M, -3 * M, 7 * M, None, 9 * S),
    ("sitemap", "web", ["--at", "06:30", "--days", "mon-fri", *Z], "u" * 30, "up", 9 * H, 14 * H, 15 * H, None, 72 * S),
    ("old importer", "web", ["--every", "30m"], "u" * 12, "paused", 41 * D, None, None, None, None),
    ("invoice mailer", "billing", ["--cron", "0 8 1 * *", *Z], "", "new", None, None, None, None, None),
    ("nas-01 borgmatic", "backup host:nas-01", ["--at", "01:30", *Z], "u" * 13 + "bb" + "u" * 15, "up", 13 * H, 11 * H, 12 * H, None, 3138 * S),
    ("主库夜间备份", "备份 数据库", ["--on-calendar", "Mon..Fri 02:30", *Z], "u" * 30, "up", 12 * S, 48 * S, 108 * S, None, None),
]
urls = {}
for name, tags, schedule, *_ in rows:
    tag_args = [arg for tag in tags.split() for arg in ("--tag", tag)]
    urls[name] = maibo("check", "create", "--name", name, *tag_args, *schedule, "--channel", "*")

db = sqlite3.connect(f"{data}/maibo.db", isolation_level=None)
db.execute("UPDATE projects SET name = 'prod', ping_key = 'Xb7pQm2LwRt9sVc4KdJ6yN'")


def strip(marks):
    packed = 1
    for mark in marks:
        packed = packed << 2 | "uldb".index(mark)
    return packed


for name, _, _, marks, status, last, due, deadline, run, took in rows:
    db.execute(
        "UPDATE checks SET strip=?, status=?, since=?, created_at=?, last_ping_at=?, due_at=?, deadline=?, wake_at=?,"
        " run_at=?, last_duration=? WHERE name=?",
        (
            strip(marks), status, now - (90 * M if status == "down" else 20 * D), now - 40 * D,
            last and now - last, due and now + due, deadline and now + deadline, deadline and now + deadline,
            run and now - run, took, name,
        ),
    )

# A history for the first check: a week of nightly runs, one late, one blackout, and tonight's silence.
check_id = db.execute("SELECT id FROM checks WHERE name = 'pg-main nightly dump'").fetchone()[0]
blackout = now - 4 * D
db.execute("INSERT INTO blackouts (from_at, to_at, cause) VALUES (?, ?, 'stopped')", (blackout, blackout + 40 * M))
ping, n = None, 0
for day in range(7, 0, -1):
    start = now - day * D - 102 * M
    took = random.randint(640, 860) * S
    for at, kind, exit_status, duration, size in [(start, "start", None, None, 0), (start + took, "success", 0, took, 2140)]:
        n += 1
        ping = db.execute(
            "INSERT INTO pings (check_id, prev_id, n, at, kind, exit_status, rid, duration, scheme, method, remote_addr, ua, body_size)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'https', 'POST', '10.0.4.17', 'curl/8.5.0', ?)",
            (check_id, ping, n, at, kind, exit_status, f"{day:08x}-7c1e-4d0b-9a53-0f6d1c2b88e2", duration, size),
        ).lastrowid
        if size:
            db.execute("INSERT INTO ping_bodies VALUES (?, 0, ?)", (ping, b"pg_dump: done\n" * 150))
db.execute("UPDATE checks SET last_ping_id = ?, n_pings = ? WHERE id = ?", (ping, n, check_id))
flip = db.execute(
    "INSERT INTO flips (check_id, at, old_status, new_status, reason, due_at, since, heard_at, missed) VALUES (?, ?, 'up', 'down', 'missed', ?, ?, ?, 0)",
    (check_id, now - 90 * M, now - 102 * M, now - 30 * D, now - 25 * H),
).lastrowid
for channel, tries in ((1, 1), (2, 2)):
    outbox = db.execute(
        "INSERT INTO outbox (kind, check_id, flip_id, channel_id, state, created_at, attempts, next_at, leased_until, done_at)"
        " VALUES ('down', ?, ?, ?, 'sent', ?, ?, ?, 0, ?)",
        (check_id, flip, channel, now - 90 * M, tries, now - 90 * M, now - 90 * M),
    ).lastrowid
    for k in range(tries):
        good = k == tries - 1
        detail = ("250 2.0.0 queued" if channel == 1 else "errcode 0: ok") if good else "timed out"
        db.execute(
            "INSERT INTO attempts (outbox_id, channel_id, at, took, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (outbox, channel, now - 90 * M + k * 5 * S, 184_000 if good else 20_000_000, "sent" if good else "retry", detail),
        )

# Many more checks, to see how the list bears them.
for i in range(count):
    db.execute(
        "INSERT INTO checks (uuid, badge_key, project_id, name, slug, tags, description, created_at, kind, period, expr, tz, grace,"
        " manual_resume, post_only, start_kw, success_kw, failure_kw, filter_subject, filter_body, filter_http_body,"
        " filter_default_fail, status, since, n_pings, last_ping_at, due_at, deadline, strip)"
        " SELECT ?, ?, 1, ?, ?, tags, '', created_at, kind, period, expr, tz, grace, 0, 0, '', '', '', 0, 0, 0, 0, 'up', since, 9, ?, ?, ?, strip"
        " FROM checks WHERE name = 'redis snapshot' LIMIT 1",
        (f"00000000-0000-4000-8000-{i:012x}", f"b{i}", f"host-{i // 10:03} job {i % 10}", f"job-{i}", now - 10 * M, now + 50 * M, now + 80 * M),
    )
print(urls["pg-main nightly dump"].rsplit("/", 1)[1])
