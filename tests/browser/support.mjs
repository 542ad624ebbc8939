// Starts the real server on a fresh data folder, an HTTP sink that answers like a vendor, and a real Chromium.
import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.MAIBO_BINARY ?? join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/maibo");

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

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

/** A server of our own with its data; `setup` is the one-time link. */
export async function startMaibo(settings = {}) {
  const data = mkdtempSync(join(tmpdir(), "maibo-browser-"));
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

/** A page on which a console error or a policy violation fails the test. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(String(error)));
  return { page, context, faults };
}

export async function signIn(page, base, email = "ops@example.org") {
  await page.goto(`${base}/login`);
  await page.fill("#email", email);
  await page.fill("#password", "correct horse");
  await page.press("#password", "Enter");
  await page.waitForURL(/\/checks/);
}
