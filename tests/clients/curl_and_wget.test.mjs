// What crontabs and scripts do with curl and wget, as the documentation of Healthchecks writes it.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { check, drive, match, ready, stopAll, until } from "./support.mjs";

after(stopAll);

const RUN = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";

/** Runs a line of shell with these variables. */
const sh = (line, env, options) => drive("sh", ["-c", line], { env, ...options });

test("curl pings", async () => {
  const { maibo, holds } = await ready();
  const { url, uuid } = check(maibo, "curl");
  for (const line of [
    "curl -fsS -m 10 --retry 5 -o /dev/null $URL/start?rid=$RUN",
    "sh -c 'exit 3'; curl -fsS -m 10 --retry 5 $URL/$??rid=$RUN",
    "seq 1 3 | curl -fsS -m 10 --retry 5 --data-binary @- $URL",
    "curl -fsS --data-raw \"磁盘: 98 %\" $URL/fail",
    "curl -fsS -I $URL",
    "curl -fsS --http1.0 --compressed -X PUT $URL/log",
    // Chunked, since curl cannot know the length.
    "seq 1 4 | curl -fsS -T - $URL/",
  ]) await sh(line, { URL: url, RUN });
  const ua = `curl/${(await drive("curl", ["--version"])).match(/\S+ (\S+)/)[1]}`;
  match(await holds.pings(uuid), [
    { type: "start", method: "GET", rid: RUN, exit: null, body: null, ua },
    { type: "fail", method: "GET", rid: RUN, exit: 3, body: null, ua },
    { type: "success", method: "POST", rid: null, exit: null, body: "1\n2\n3\n", ua },
    { type: "fail", method: "POST", body: "磁盘: 98 %", ua },
    { type: "success", method: "HEAD", body: null, ua },
    { type: "log", method: "PUT", body: null, ua },
    { type: "success", method: "PUT", body: "1\n2\n3\n4\n", ua },
  ]);
  assert.deepEqual(await holds.flips(uuid), [0, 1, 0, 1]);
});

test("curl sends a long log and waits to be told to go on", async () => {
  const { maibo, holds } = await ready();
  const { url, uuid } = check(maibo, "long");
  const told = await sh("seq 1 400000 | curl -fsSv --data-binary @- $URL 2>&1", { URL: url });
  assert.match(told, /> Expect: 100-continue/);
  const [ping] = await holds.pings(uuid);
  const size = Buffer.byteLength(ping.body);
  assert.ok(size > 99_000 && size <= 100_000, `${size} bytes are kept`);
  assert.match(ping.body, /^1\n2\n3\n/);
  assert.match(ping.body, /\n399999\n400000\n$/, "what went wrong stands at the end of a log");
});

test("curl makes a check by its slug, and fails where it should", async () => {
  const { maibo, holds, keys, base } = await ready();
  const env = { URL: `${base}/ping/${keys.ping}`, LOST: `${base}/ping/${RUN}` };
  assert.equal(await sh("curl -fsS -w ' %{http_code}' $URL/db-backup?create=1", env), "Created 201");
  assert.equal(await sh("curl -fsS -w ' %{http_code}' $URL/db-backup/fail?create=1", env), "OK 200");
  const made = await holds.named("db-backup");
  assert.deepEqual([made.slug, made.timeout, made.grace, made.status], ["db-backup", 86400, 3600, "down"]);
  // 22: the server refused, and `--retry` does not repeat that.
  await sh("curl -fsS --retry 5 $LOST", env, { code: 22 });
  await sh("curl -fsS --retry 5 $URL/db-restore", env, { code: 22 });
  await sh("curl -fsS --retry 5 $URL/db-backup/256", env, { code: 22 });
  check(maibo, "db-backup");
  await sh("curl -fsS --retry 5 $URL/db-backup", env, { code: 22 });
  assert.equal((await holds.checks()).reduce((sum, { n_pings }) => sum + n_pings, 0), 2);
});

test("curl manages checks", async () => {
  const { keys, holds, base, channel } = await ready();
  // Bodies are sent as forms, since nobody says otherwise.
  const curl = async (method, path, body, key = keys.write) => JSON.parse(await drive("curl", [
    "-fsS", "-X", method, ...(key ? ["-H", `X-Api-Key: ${key}`] : []), ...(body ? ["-d", JSON.stringify(body)] : []),
    base + path,
  ]));
  const made = await curl("POST", "/api/v3/checks/", { name: "Backups", tags: "prod www", timeout: 3600, grace: 60, channels: "ops" });
  assert.deepEqual([made.status, made.channels], ["new", channel]);
  const { uuid } = made;
  const inBody = { api_key: keys.write, name: "Backups", slug: "backups", schedule: "0 3 * * *", tz: "Asia/Shanghai", unique: ["name"] };
  const updated = await curl("POST", "/api/v1/checks/", inBody, null);
  assert.deepEqual([updated.uuid, updated.slug, updated.schedule, updated.timeout], [uuid, "backups", "0 3 * * *", undefined]);
  assert.equal((await curl("GET", "/api/v3/checks/?tag=prod&tag=www", null, keys.read)).checks.length, 1);
  assert.equal((await curl("POST", `/api/v3/checks/${uuid}/pause`)).status, "paused");
  assert.equal((await holds.check(uuid)).status, "paused");
  assert.equal((await curl("POST", `/api/v3/checks/${uuid}/resume`)).status, "new");
  assert.match(await drive("curl", ["-fsS", made.badge_url]), /^<svg.*Backups.*up/s);
  assert.equal((await curl("DELETE", `/api/v3/checks/${uuid}`)).name, "Backups");
  assert.deepEqual(await holds.checks(), []);
});

test("wget pings", async () => {
  const { maibo, holds, keys, sink, scratch, base } = await ready();
  const { url, uuid } = check(maibo, "wget", "--every", "1h", "--channel", "*");
  const env = { URL: url, BASE: base, KEY: keys.ping };
  for (const line of [
    "wget $URL/start -T 10 -t 5 -O /dev/null",
    "wget $URL -T 10 -t 5 -O /dev/null",
    "wget --spider $URL",
    "seq 1 3 >log && wget -O- --post-file=log $URL/1",
    "wget -O- --method=PUT --body-data=done $BASE/ping/$KEY/wget/0?rid=6F1C9A52-7C1E-4D0B-9A53-0F6D1C2B88E2",
  ]) await sh(`${line} -q`, env, { cwd: scratch });
  await sh("wget -q -T 10 -t 5 -O /dev/null $URL/256", env, { code: 8 });
  const version = (await drive("wget", ["--version"])).match(/Wget (\S+)/)[1];
  match((await holds.pings(uuid)).map((ping) => ({ ...ping, ua: ping.ua.split(" ")[0] })), [
    { type: "start", method: "GET", body: null, ua: `Wget/${version}` },
    { type: "success", method: "GET", exit: null, body: null, ua: `Wget/${version}` },
    { type: "success", method: "HEAD", body: null },
    { type: "fail", method: "POST", exit: 1, body: "1\n2\n3\n" },
    { type: "success", method: "PUT", exit: 0, body: "done", rid: RUN },
  ]);
  await until(() => sink.requests.length === 2, () => `the channel heard ${JSON.stringify(sink.requests)}`);
  assert.deepEqual(sink.requests.map(({ url }) => url), ["/wget/down", "/wget/up"]);
});
