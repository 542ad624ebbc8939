// PyPI's borgmatic: the whole program with its Healthchecks hook; a script stands where it expects borg.
import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { check, drive, installed, match, ready, stopAll } from "./support.mjs";

after(stopAll);

/** A backup whose borg says this much and ends so; `hook` are the lines below `healthchecks:`. */
async function back_up(scratch, hook, { lines = 3, exit = 0 } = {}) {
  const borg = join(scratch, "borg");
  writeFileSync(borg, `#!/bin/sh
case "$*" in
  *--version*) echo borg 1.4.1 ;;
  *--dry-run*) ;;
  create*) seq -f "copied file %.0f" ${lines} >&2; exit ${exit} ;;
esac
`);
  chmodSync(borg, 0o755);
  const config = join(scratch, "config.yaml");
  writeFileSync(config, `source_directories: [${scratch}/config.yaml]
repositories: [{path: ${scratch}/repo}]
local_path: ${borg}
healthchecks:
${hook.map((line) => `    ${line}\n`).join("")}`);
  const env = { HOME: scratch, TMPDIR: scratch };
  await drive(join(installed, "python/bin/borgmatic"), ["--config", config, "create"], { env, code: exit && 1 });
}

test("borgmatic makes its check by the slug and sends its log", async () => {
  const { keys, holds, base, scratch } = await ready();
  const hook = [`ping_url: ${base}/ping/${keys.ping}/nas-01`, "create_slug: true", "send_logs: true"];
  await back_up(scratch, hook);
  const made = await holds.named("nas-01");
  assert.deepEqual([made.slug, made.timeout, made.grace, made.status], ["nas-01", 86400, 3600, "up"]);
  const pings = await holds.pings(made.uuid);
  match(pings, [
    { type: "start", method: "POST", body: null, ua: "borgmatic" },
    { type: "log", method: "POST", ua: "borgmatic" },
    { type: "success", method: "POST", ua: "borgmatic" },
  ]);
  for (const { body } of pings.slice(1)) assert.match(body, /Creating archive\ncopied file 1\ncopied file 2\ncopied file 3\n/);
  assert.ok(pings[2].duration >= 0);

  await back_up(scratch, hook, { exit: 2 });
  const later = await holds.pings(made.uuid);
  assert.deepEqual(later.slice(3).map((ping) => ping.type), ["start", "log", "fail"]);
  assert.match(later.at(-1).body, /copied file 3\n.*returned non-zero exit status 2/s);
  assert.deepEqual([(await holds.check(made.uuid)).status, await holds.flips(made.uuid)], ["down", [1, 0]]);
});

test("borgmatic's longest log is kept as it was sent", async () => {
  const { maibo, holds, scratch } = await ready();
  const { url, uuid } = check(maibo, "long");
  await back_up(scratch, [`ping_url: ${url}`, "create_slug: true", "send_logs: true", "states: [start, finish]"], { lines: 20_000 });
  const pings = await holds.pings(uuid);
  match(pings, [{ type: "start" }, { type: "success" }]);
  const { body } = pings[1];
  // It forgets the oldest lines by itself, for the limit that Healthchecks has.
  assert.match(body, /^\.\.\.\ncopied file \d+\n.*\ncopied file 20000\n/s);
  assert.ok(body.length > 99_900 && body.length <= 100_000, `${body.length} bytes`);
  const numbers = body.match(/(?<=copied file )\d+/g).map(Number);
  assert.ok(numbers.every((number, i) => i === 0 || number === numbers[i - 1] + 1), "nothing is cut out of its middle");
});
