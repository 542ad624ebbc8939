"""Drives healthchecks-io with the API of one version: checks, pings, lists, and what it makes of refusals."""
import asyncio
import os
from unittest import TestCase

from healthchecks_io import (
    AsyncClient,
    BadAPIRequestError,
    CheckCreate,
    CheckNotFoundError,
    CheckTrap,
    CheckUpdate,
    Client,
    HCAPIAuthError,
    NonUniqueSlugError,
)

BASE, VERSION = os.environ["BASE"], int(os.environ["VERSION"])
NOBODY = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2"
same, refused = TestCase().assertEqual, TestCase().assertRaises


def connect(kind=Client, key="WRITE"):
    return kind(
        api_key=os.environ[key],
        ping_key=os.environ["PING"],
        api_url=f"{BASE}/api/",
        ping_url=f"{BASE}/ping/",
        api_version=VERSION,
    )


def manage(client):
    """Leaves the checks `kept`, `paused` and `traps`."""
    new = CheckCreate(name="kept", tags="db prod", desc="nightly", timeout=3600, grace=300, channels="*", unique=["name"])
    made = client.create_check(new)
    same((made.name, made.status, made.n_pings, made.timeout, made.grace), ("kept", "new", 0, 3600, 300))
    same(made.ping_url, f"{BASE}/ping/{made.uuid}")
    same(client.create_check(new).uuid, made.uuid, "found by its name")
    cron = CheckCreate(name="paused", tags="db", schedule="0 3 * * *", tz="Asia/Shanghai", methods="POST", manual_resume=True)
    paused = client.create_check(cron)
    updated = client.update_check(paused.uuid, CheckUpdate(tags="db test", desc="weekly", schedule="0 3 * * 7"))
    same((updated.uuid, updated.name, updated.tags, updated.desc), (paused.uuid, "paused", "db test", "weekly"))
    same(client.pause_check(paused.uuid).status, "paused")
    same(client.get_check(paused.uuid).manual_resume, True)
    client.create_check(CheckCreate(name="traps"))

    def names(tags=None):
        return sorted(check.name for check in client.get_checks(tags))

    same(names(), ["by slug", "kept", "paused", "traps", "twice", "twice"])
    same((names(["db"]), names(["db", "prod"])), (["kept", "paused"], ["kept"]))
    gone = client.create_check(CheckCreate(name="gone"))
    same(client.delete_check(gone.uuid).name, "gone")
    refused(CheckNotFoundError, client.get_check, gone.uuid)
    refused(CheckNotFoundError, client.pause_check, NOBODY)
    refused(BadAPIRequestError, client.create_check, CheckCreate(timeout=1))
    same([(channel.name, channel.kind) for channel in client.get_integrations()], [("ops", "webhook")])
    badges = client.get_badges()
    same(sorted(badges), ["*", "db", "prod", "test"])
    same(client._client.get(badges["prod"].json3_url).json()["status"], "up")
    return made.uuid


def ping(client, uuid):
    """By UUID with every kind, then what the client knows of it."""
    for ended in [
        client.start_ping(uuid),
        client.success_ping(uuid, data="完成: 3 files"),
        client.fail_ping(uuid, data="disk full"),
        client.exit_code_ping(0, uuid),
        client.exit_code_ping(7, uuid, data="seven"),
    ]:
        same(ended, (True, "OK"))
    pings = client.get_check_pings(uuid)
    told = [(ping.type, ping.number_of_pings, ping.duration is not None) for ping in pings]
    same(told, [("fail", 5, False), ("success", 4, False), ("fail", 3, False), ("success", 2, True), ("start", 1, False)])
    refused(CheckNotFoundError, client.success_ping, NOBODY)
    refused(BadAPIRequestError, client.exit_code_ping, 256, uuid)
    # It expects a bare list, which Healthchecks does not send either.
    refused(TypeError, client.get_check_flips, uuid, seconds=3600)


def ping_by_slug(client):
    same(client.success_ping(slug="by-slug", data="slug"), (True, "OK"))
    refused(CheckNotFoundError, client.success_ping, slug="unheard-of")
    refused(NonUniqueSlugError, client.success_ping, slug="twice")


def trap(client, uuid):
    with CheckTrap(client, uuid=uuid) as job:
        job.add_log("row 1")
        job.add_log("row 2")
    with CheckTrap(client, uuid=uuid, suppress_exceptions=True) as job:
        job.add_log("row 3")
        raise RuntimeError("no space left")


async def trap_later(uuid):
    async with connect(AsyncClient) as client:
        async with CheckTrap(client, uuid=uuid) as job:
            job.add_log("later")
        same((await client.get_check(uuid)).n_pings, 6)


def read_only(client):
    kept = next(check for check in client.get_checks() if check.name == "kept")
    same((kept.uuid, kept.ping_url), (None, None))
    same(client.get_check(kept.unique_key).name, "kept")
    same(sorted(client.get_badges()), ["*", "db", "prod", "test"])
    refused(HCAPIAuthError, client.create_check, CheckCreate(name="never"))
    refused(HCAPIAuthError, client.get_integrations)


with connect() as client:
    ping(client, manage(client))
    ping_by_slug(client)
    traps = next(check.uuid for check in client.get_checks() if check.name == "traps")
    trap(client, traps)
asyncio.run(trap_later(traps))
read_only(connect(key="READ"))
refused(HCAPIAuthError, connect(key="WRONG").get_checks)
