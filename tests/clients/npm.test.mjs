// npm's healthchecks-io-client, healthchecks.io and cronitor.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { check, match, node, ready, stopAll } from "./support.mjs";

after(stopAll);

for (const version of [1, 3]) {
  test(`healthchecks-io-client works with version ${version} of the API`, async () => {
    const { keys, holds, base, channel } = await ready();
    await node("drive_client.cjs", { BASE: base, VERSION: version, WRITE: keys.write, READ: keys.read });

    assert.equal((await holds.checks()).length, 2, "one was deleted, none was made by a refused call");
    const [kept, paused] = [await holds.named("kept"), await holds.named("paused")];
    assert.deepEqual(
      [kept.slug, kept.tags, kept.desc, kept.timeout, kept.grace, kept.channels, kept.status],
      [version === 3 ? "" : "kept", "db prod", "每晚", 3600, 300, channel, "down"],
    );
    assert.deepEqual([paused.schedule, paused.tz, paused.desc, paused.status], ["0 3 * * 7", "Asia/Shanghai", "weekly", "paused"]);
    const ua = "HealthChecks-IO-Client-JS/1.0.4";
    const pings = await holds.pings(kept.uuid);
    match(pings, [
      { type: "start", method: "GET", exit: null, rid: null, body: null, ua },
      { type: "success", method: "POST", body: "完成: 3 files", ua },
      { type: "fail", method: "POST", body: "disk full", ua },
      { type: "success", method: "GET", body: null, ua },
      { type: "fail", method: "GET", body: null, ua },
    ]);
    assert.ok(pings[1].duration >= 0);
  });
}

test("healthchecks.io pings when its process starts", async () => {
  const { maibo, holds } = await ready();
  const { url, uuid } = check(maibo, "process");
  await node("drive_interval.cjs", { URL: url });
  match(await holds.pings(uuid), [{ type: "success", method: "GET", body: null }]);
});

test("cronitor says what happened below /ping/, and is heard", async () => {
  const { keys, maibo, holds, base } = await ready();
  const { uuid } = check(maibo, "nightly");
  await node("drive_cronitor.cjs", { BASE: base, KEY: keys.ping });
  const pings = await holds.pings(uuid);
  match(pings, [
    { type: "start", body: "begin", rid: null },
    { type: "success", body: "42 files", rid: null },
    { type: "start", body: null },
    { type: "success", body: "完成" },
    { type: "start", body: null },
    { type: "fail", body: "Error: disk full" },
  ]);
  assert.equal(pings[2].rid, pings[3].rid);
  assert.notEqual(pings[3].rid, pings[4].rid);
  assert.equal((await holds.check(uuid)).status, "down");
  match(await holds.pings((await holds.named("tasks-new")).uuid), [{ type: "start" }]);
});
