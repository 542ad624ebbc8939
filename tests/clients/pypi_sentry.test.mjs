// PyPI's sentry-sdk: check-ins of a monitor that nobody has made, with a name that is no slug.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { match, python, ready, stopAll } from "./support.mjs";

after(stopAll);

test("Sentry's client makes its monitor and tells how its job ended", async () => {
  const { keys, holds, base } = await ready();
  await python("drive_sentry.py", { DSN: base.replace("://", `://${keys.ping}@`) + "/1" });

  const made = await holds.named("send-report");
  assert.deepEqual([made.schedule, made.tz, made.grace, made.status], ["0 * * * *", "Asia/Shanghai", 1200, "down"]);
  const pings = await holds.pings(made.uuid);
  match(pings, [{ type: "start" }, { type: "success" }, { type: "start" }, { type: "fail" }]);
  assert.equal(pings[0].rid, pings[1].rid);
  assert.equal(pings[2].rid, pings[3].rid);
  assert.ok(pings[1].duration >= 0);
});
