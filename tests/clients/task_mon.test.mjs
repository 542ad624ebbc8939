// task-mon, which runs a job and tells how it ended.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { check, drive, installed, match, ready, stopAll } from "./support.mjs";

after(stopAll);

test("task-mon tells of runs, logs, exit statuses and signals", async () => {
  const { maibo, holds, keys, base } = await ready();
  const { uuid } = check(maibo, "by uuid");
  const { uuid: bySlug } = check(maibo, "by slug");
  const env = { HEALTHCHECKS_BASE_URL: `${base}/ping`, HEALTHCHECKS_PING_KEY: keys.ping };
  const run = (options, line, rest) =>
    drive(join(installed, "bin/task-mon"), [...options.split(" "), "--", "sh", "-c", line], { env, ...rest });

  await run(`--uuid ${uuid} --time`, "echo 完成; echo 3 files >&2");
  await run(`--uuid ${uuid} --time --user-agent nightly`, "echo disk full; exit 3");
  await run(`--uuid ${uuid} --log`, "echo 98 %; exit 4");
  await run(`--uuid ${uuid} --ping-only`, "kill -TERM $$");
  await run(`--slug by-slug --detailed`, "echo hello");
  await run(`--slug by-slug`, "seq 1 100000");
  await run(`--slug unheard-of`, "true", { code: 101 });

  const ua = `task-mon - ${hostname()}`;
  const pings = await holds.pings(uuid);
  match(pings, [
    { type: "start", method: "GET", exit: null, body: null, ua },
    { type: "success", method: "POST", exit: 0, body: "完成\n3 files\n", ua },
    { type: "start", method: "GET", ua: `nightly (${ua})` },
    { type: "fail", method: "POST", exit: 3, body: "disk full\n", ua: `nightly (${ua})` },
    { type: "log", method: "POST", rid: null, exit: null, body: "98 %\n", ua },
    { type: "fail", method: "POST", rid: null, exit: 128 + 15, body: null, ua },
  ]);
  assert.match(pings[0].rid, /^[0-9a-f-]{36}$/);
  assert.deepEqual([pings[1].rid, pings[3].rid], [pings[0].rid, pings[2].rid]);
  assert.notEqual(pings[0].rid, pings[2].rid);
  assert.ok(pings[1].duration >= 0 && pings[3].duration >= 0);
  assert.deepEqual(await holds.flips(uuid), [1, 0]);

  const [detailed, long] = await holds.pings(bySlug);
  assert.match(detailed.body, /^\$ sh -c echo hello 2>&1\nhello\n\n\nExit Code: 0\nDuration: /);
  assert.match(long.body, /\n99999\n100000\n$/, "the last 10,000 bytes");
  assert.equal(long.body.length, 10_000);
});
