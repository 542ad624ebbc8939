// Drives healthchecks-io-client: checks, lists and pings, with the API of one version.
const assert = require("node:assert/strict");
const { HealthChecksApiClient, HealthChecksPingClient } = require("healthchecks-io-client");

const { BASE, VERSION, WRITE, READ } = process.env;
const NOBODY = "6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2";
// Its five seconds may be too few on a machine that others use.
const timeout = 60_000;
const connect = (apiKey) => new HealthChecksApiClient({ apiKey, baseUrl: BASE, apiVersion: Number(VERSION), timeout });
const pinger = (uuid) => new HealthChecksPingClient({ uuid, baseUrl: `${BASE}/ping`, returnResponse: true, timeout });
const uuidOf = (check) => check.ping_url.split("/").at(-1);
const status = (statusCode) => ({ name: "StatusCodeError", statusCode });
const names = ({ checks }) => checks.map(({ name }) => name).sort();

/** Leaves the checks `kept` and `paused`; gives the UUID of the former. */
async function manage(api) {
  const wanted = { name: "kept", tags: "db prod", desc: "每晚", timeout: 3600, grace: 300, channels: "*", unique: ["name"] };
  const made = await api.createCheck(wanted);
  assert.deepEqual([made.name, made.status, made.n_pings, made.timeout, made.last_ping], ["kept", "new", 0, 3600, null]);
  const kept = uuidOf(made);
  assert.equal(uuidOf(await api.createCheck(wanted)), kept, "found by its name");
  const cron = await api.createCheck({ name: "paused", tags: "db", schedule: "0 3 * * *", tz: "Asia/Shanghai" });
  const paused = uuidOf(cron);
  assert.equal((await api.updateCheck(paused, { desc: "weekly", schedule: "0 3 * * 7" })).schedule, "0 3 * * 7");
  assert.equal((await api.pauseCheck(paused)).status, "paused");
  assert.equal((await api.getCheck(paused)).desc, "weekly");
  assert.deepEqual(names(await api.getChecks()), ["kept", "paused"]);
  assert.deepEqual(names(await api.getChecks(["db", "prod"])), ["kept"]);
  const gone = uuidOf(await api.createCheck());
  assert.equal(uuidOf(await api.deleteCheck(gone)), gone);
  await assert.rejects(api.getCheck(gone), status(404));
  await assert.rejects(api.createCheck({ tz: "Mars/Olympus" }), {
    statusCode: 400, body: { error: "json validation error: tz is not a valid timezone" },
  });
  const { channels } = await api.getIntegrations();
  assert.deepEqual(channels.map(({ name, kind }) => [name, kind]), [["ops", "webhook"]]);
  return kept;
}

async function ping(api, uuid) {
  const job = pinger(uuid);
  assert.equal(await job.start(), "OK");
  assert.equal(await job.success("完成: 3 files"), "OK");
  assert.equal(await job.fail("disk full"), "OK");
  assert.equal(await job.success(), "OK");
  assert.equal(await job.fail(), "OK");
  await assert.rejects(pinger(NOBODY).success(), status(404));
  const { pings } = await api.listPings(uuid);
  assert.deepEqual(pings.map(({ type, n }) => [type, n]), [["fail", 5], ["success", 4], ["fail", 3], ["success", 2], ["start", 1]]);
  const { flips } = await api.listFlips(uuid, { seconds: 3600, start: 1_500_000_000, end: 9_999_999_999 });
  assert.deepEqual(flips.map(({ up }) => up), [0, 1, 0, 1]);
  assert.deepEqual((await api.listFlips(uuid, { end: 1_500_000_000 })).flips, []);
}

async function readOnly(api) {
  const kept = (await api.getChecks(["prod"])).checks[0];
  assert.deepEqual([kept.name, kept.ping_url], ["kept", undefined]);
  assert.equal((await api.getCheck(kept.unique_key)).name, "kept");
  assert.equal((await api.listFlips(kept.unique_key)).flips.length, 4);
  await assert.rejects(api.createCheck({ name: "never" }), status(401));
  await assert.rejects(api.getIntegrations(), status(401));
}

(async () => {
  const api = connect(WRITE);
  await ping(api, await manage(api));
  await readOnly(connect(READ));
  await assert.rejects(connect("x".repeat(32)).getChecks(), status(401));
})();
