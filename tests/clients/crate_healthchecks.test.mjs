// The Rust crate healthchecks: addresses of lists without their slash, read by POST.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { drive, installed, match, ready, stopAll } from "./support.mjs";

after(stopAll);

for (const version of ["v1", "v3"]) {
  test(`the crate healthchecks works with ${version} of the API`, async () => {
    const { keys, holds, base, channel } = await ready();
    const env = { BASE: base, VERSION: version, WRITE: keys.write, READ: keys.read, WRONG: "x".repeat(32) };
    await drive(join(installed, "cargo/debug/drive-healthchecks"), [], { env });

    assert.equal((await holds.checks()).length, 2, "one was deleted, none was made by a refused call");
    const [kept, paused] = [await holds.named("kept"), await holds.named("paused")];
    assert.deepEqual(
      [kept.tags, kept.desc, kept.timeout, kept.grace, kept.channels, kept.status],
      ["db prod", "nightly", 3600, 600, channel, "down"],
    );
    assert.deepEqual([paused.schedule, paused.tz, paused.desc, paused.status], ["0 3 * * 7", "Asia/Shanghai", "weekly", "paused"]);
    const [ua, rid] = ["healthchecks-rs/3.3.0", "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2"];
    match(await holds.pings(kept.uuid), [
      { type: "start", method: "GET", rid, exit: null, body: null, ua },
      { type: "success", method: "GET", rid, body: null, ua },
      { type: "start", method: "GET", rid: null, body: null, ua },
      { type: "fail", method: "POST", rid: null, body: "磁盘已满\n", ua },
      { type: "success", method: "GET", rid: null, body: null, ua },
      { type: "fail", method: "POST", rid, body: "lost", ua: "nightly/1.0" },
      { type: "fail", method: "GET", rid: null, body: null, ua: "nightly/1.0" },
    ]);
    assert.deepEqual(await holds.flips(kept.uuid), [1, 0, 1, 0]);
  });
}
