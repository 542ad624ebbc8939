"""Runs jobs under healthchecks-decorator and healthchecks_wrapper."""
import asyncio
import os
from unittest import TestCase

from healthchecks_decorator import healthcheck
from healthchecks_wrapper import HealthCheck

fails = TestCase().assertRaises


@healthcheck(url=os.environ["DECORATED"], send_start=True, send_diagnostics=True)
def counts():
    return {"rows": 3, "disk": "磁盘"}


@healthcheck(url=os.environ["DECORATED"])
def breaks():
    raise OSError("no space left")


# The address is taken from HEALTHCHECK_URL.
@healthcheck
def plain():
    pass


async def later(url):
    async with HealthCheck(url):
        pass


counts()
with fails(OSError):
    breaks()
plain()
with HealthCheck(os.environ["WRAPPED"]):
    pass
with fails(OSError), HealthCheck(os.environ["WRAPPED"]):
    raise OSError("no space left")
asyncio.run(later(os.environ["WRAPPED"]))
