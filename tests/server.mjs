// Starts the real server on a fresh data folder, and an HTTP sink that answers like a vendor, for the tests in JavaScript.
import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** The folder that cargo builds into. */
export const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const binary = process.env.MAIBO_BINARY ?? join(target, "debug/maibo");

function freePort() {
  return new Promise((resolve) => {
    const probe = createSocket();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const started = new Set();

/** Ends what a failed test has left running. */
export const stopAll = () => Promise.all([...started].map((one) => one.stop()));

/** A server of our own with its data folder; `setup` is the one-time link. */
export async function startMaibo(settings = {}) {
  const data = mkdtempSync(join(tmpdir(), "maibo-test-"));
  const port = await freePort();
  const env = {
    PATH: process.env.PATH, MAIBO_DATA: data, MAIBO_LISTEN: `127.0.0.1:${port}`,
    MAIBO_OUTBOUND_ALLOW: "127.0.0.0/8", MAIBO_LOG: "warn", ...settings,
  };
  const child = spawn(binary, ["serve"], { env, stdio: ["ignore", "ignore", "pipe"] });
  let talk = "";
  child.stderr.on("data", (text) => { talk += text; });
  await until(() => talk.includes("listens on"), () => `the server did not start: ${talk}`);
  const maibo = {
    base: `http://127.0.0.1:${port}`,
    data,
    setup: talk.match(/http\S+setup\?token=\S+/)?.[0],
    run: (args, input) => execFileSync(binary, args, { env, input, encoding: "utf8", stdio: ["pipe", "pipe", "inherit"] }).trim(),
    async stop() {
      started.delete(maibo);
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
  started.add(maibo);
  return maibo;
}

/** An HTTP server that records what it is asked and answers with `reply`. */
export async function startSink(reply = '{"errcode":0,"errmsg":"ok"}') {
  const requests = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => { body += chunk; });
    request.on("end", () => {
      requests.push({ method: request.method, url: request.url, body });
      response.end(reply);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const sink = {
    requests,
    url: `http://127.0.0.1:${server.address().port}`,
    stop() {
      started.delete(sink);
      server.closeAllConnections();
      server.close();
    },
  };
  started.add(sink);
  return sink;
}

/** Waits for a condition, for a minute at most. */
export async function until(condition, words = () => "the condition never held") {
  const end = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(words());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
