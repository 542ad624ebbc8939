// Opens pages of a server in a real Chromium.
import { chromium } from "playwright-core";

export { startMaibo, startSink, stopAll, until } from "../server.mjs";

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

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
