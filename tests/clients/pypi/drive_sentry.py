"""Runs a job under Sentry's own client, with nothing but the host of its DSN changed."""

import os

import sentry_sdk
from sentry_sdk.crons import monitor

sentry_sdk.init(dsn=os.environ["DSN"])
HOURLY = {"schedule": {"type": "crontab", "value": "0 * * * *"}, "timezone": "Asia/Shanghai", "checkin_margin": 5, "max_runtime": 20}


@monitor(monitor_slug="Send report", monitor_config=HOURLY)
def job(works):
    """Fails unless it is told to work."""
    if not works:
        raise OSError("disk full")


job(True)
try:
    job(False)
except OSError:
    pass
sentry_sdk.flush()
