// PyPI's healthchecks-io: the management API and pings of every kind, synchronous and not.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { check, match, python, ready, stopAll } from "./support.mjs";

after(stopAll);

for (const version of [1, 2, 3]) {
  test(`healthchecks-io works with version ${version} of the API`, async () => {
    const { maibo, keys, holds, base, channel } = await ready();
    const { uuid: bySlug } = check(maibo, "by slug");
    for (const name of ["twice", "twice"]) check(maibo, name);
    const env = { BASE: base, VERSION: version, WRITE: keys.write, READ: keys.read, PING: keys.ping, WRONG: "x".repeat(32) };
    await python("drive_healthchecks_io.py", env);

    const [kept, paused, traps] = [await holds.named("kept"), await holds.named("paused"), await holds.named("traps")];
    assert.equal((await holds.checks()).length, 6, "one was deleted, none was made by a refused call");
    assert.deepEqual(
      [kept.slug, kept.tags, kept.desc, kept.timeout, kept.grace, kept.channels, kept.status],
      [version === 3 ? "" : "kept", "db prod", "nightly", 3600, 300, channel, "down"],
    );
    assert.deepEqual(
      [paused.tags, paused.schedule, paused.tz, paused.methods, paused.manual_resume, paused.status, paused.channels],
      ["db test", "0 3 * * 7", "Asia/Shanghai", "POST", true, "paused", ""],
    );
    const ua = "py-healthchecks.io/0.4.4";
    match(await holds.pings(kept.uuid), [
      { type: "start", method: "POST", exit: null, rid: null, body: null, ua },
      { type: "success", method: "POST", exit: null, body: "完成: 3 files", ua },
      { type: "fail", exit: null, body: "disk full", ua },
      { type: "success", exit: 0, body: null, ua },
      { type: "fail", exit: 7, body: "seven", ua },
    ]);
    assert.deepEqual(await holds.flips(kept.uuid), [1, 0, 1, 0]);
    match(await holds.pings(bySlug), [{ type: "success", body: "slug", ua }]);
    match((await holds.pings(traps.uuid)).map((ping) => ({ ...ping, body: ping.body && ping.body.replace(/<traceback.*/, "…") })), [
      { type: "start", body: null },
      { type: "success", body: "row 1\nrow 2" },
      { type: "start", body: null },
      { type: "fail", body: "row 3\nno space left\n…" },
      { type: "start", body: null },
      { type: "success", body: "later" },
    ]);
  });
}
