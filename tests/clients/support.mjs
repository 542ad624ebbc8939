// A server for clients to drive, the programs that drive it, and what it then holds.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { startMaibo, startSink, target } from "../server.mjs";

export { stopAll, until } from "../server.mjs";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
/** Where install.sh has put the clients. */
export const installed = join(target, "clients");

/** A server whose project has every kind of key and a channel called `ops`, which tells a sink. */
export async function ready(settings) {
  const [maibo, sink] = [await startMaibo(settings), await startSink()];
  const key = (scope) => maibo.run(["key", "create", "--scope", scope]);
  const fields = ["url_down", "url_up"].flatMap((field) => ["--set", `${field}=${sink.url}/$NAME/$STATUS`]);
  const channel = maibo.run(["channel", "create", "--kind", "webhook", "--name", "ops", ...fields]);
  const keys = { write: key("read-write"), read: key("read-only"), ping: key("ping") };

  const get = async (path) => {
    const reply = await fetch(maibo.base + path, { headers: { "X-Api-Key": keys.write } });
    assert.equal(reply.status, 200, path);
    return reply;
  };
  const json = async (path) => (await get(path)).json();
  const holds = {
    /** All checks, as API v3 shows them. */
    checks: async () => (await json("/api/v3/checks/")).checks,
    check: (uuid) => json(`/api/v3/checks/${uuid}`),
    async named(name) {
      const found = (await holds.checks()).filter((check) => check.name === name);
      assert.equal(found.length, 1, `one check is called ${name}`);
      return found[0];
    },
    /** The ups and downs of a check, oldest first: 1 and 0. */
    flips: async (uuid) => (await json(`/api/v3/checks/${uuid}/flips/`)).flips.map((flip) => flip.up).reverse(),
    /** A check's pings, oldest first: as API v3 shows them, with `body` and, from the database, `exit`. */
    async pings(uuid) {
      const { pings } = await json(`/api/v3/checks/${uuid}/pings/`);
      const { stdout } = await run("python3", [join(here, "exits.py"), join(maibo.data, "maibo.db"), uuid]);
      const exits = JSON.parse(stdout);
      for (const ping of pings) {
        const body = ping.body_url && (await get(ping.body_url.replace(maibo.base, "")));
        Object.assign(ping, { body: body && (await body.text()), exit: exits[ping.n] });
      }
      return pings.reverse();
    },
  };
  // For files of the test; goes with the data folder.
  const scratch = join(maibo.data, "scratch");
  mkdirSync(scratch);
  return { maibo, sink, channel, keys, holds, scratch, base: maibo.base };
}

/** Makes a check on the command line; gives its ping URL and UUID. */
export function check(maibo, name, ...schedule) {
  const url = maibo.run(["check", "create", "--name", name, ...(schedule.length ? schedule : ["--every", "1h"])]);
  return { url, uuid: url.split("/").at(-1) };
}

/** Each ping must have these fields, and there must be no more pings. */
export function match(pings, expected) {
  const same = expected.map((fields, i) => Object.fromEntries(Object.keys(fields).map((name) => [name, pings[i]?.[name]])));
  assert.deepEqual(same, expected, JSON.stringify(pings, null, 1));
  assert.equal(pings.length, expected.length, JSON.stringify(pings, null, 1));
}

/** Runs a program that must succeed, or end with `code`, in a clean environment; gives what it printed. */
export async function drive(program, args, { env = {}, code = 0, cwd } = {}) {
  const options = { env: { PATH: process.env.PATH, LANG: "C.UTF-8", ...env }, cwd, timeout: 240_000, encoding: "utf8" };
  const ended = await run(program, args, options).then((said) => ({ ...said, code: 0 }), (error) => error);
  assert.equal(ended.code ?? ended.signal, code, `${program} ${args.join(" ")}: ${ended.message ?? ""}\n${ended.stdout}\n${ended.stderr}`);
  return ended.stdout;
}

/** Runs a driver in Python with the clients from PyPI. */
export const python = (script, env) => drive(join(installed, "python/bin/python"), [join(here, "pypi", script)], { env });

/** Runs a driver in JavaScript with the clients from npm. */
export const node = (script, env) =>
  drive(process.execPath, [join(here, "npm", script)], { env: { NODE_PATH: join(installed, "npm/node_modules"), ...env } });
