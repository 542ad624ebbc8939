// Screenshots of every page: node shots.mjs BASE_URL CHECK_UUID FOLDER. For people's eyes; asserts nothing.
import { chromium } from "playwright-core";

const [base, check, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const looks = [
  ["desk", { width: 1280, height: 860 }, "light", "en"],
  ["dark", { width: 1280, height: 860 }, "dark", "en"],
  ["zh", { width: 1280, height: 860 }, "light", "zh-CN"],
  ["phone", { width: 400, height: 860 }, "light", "zh-CN"],
  ["phone-dark", { width: 400, height: 860 }, "dark", "en"],
];
for (const [name, viewport, colorScheme, locale] of looks) {
  const context = await browser.newContext({ viewport, colorScheme, locale, deviceScaleFactor: 1 });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && console.log(name, page.url(), message.text()));
  const shot = (what) => page.screenshot({ path: `${folder}/${name}-${what}.png`, fullPage: true });
  await page.goto(`${base}/login`);
  await shot("login");
  await page.fill("#email", "ops@example.org");
  await page.fill("#password", "secret-pass");
  await page.click("main button");
  await page.waitForURL(/checks/);
  await shot("list");
  const project = page.url().replace(/\/checks.*/, "");
  const visits = {
    check: `${base}/checks/${check}`, form: `${project}/checks/new`, edit: `${base}/checks/${check}/edit`,
    delete: `${base}/checks/${check}/delete`, channels: `${project}/channels`, badges: `${project}/badges`, keys: `${project}/keys`,
    webhook: `${project}/channels/new/webhook`, email: `${project}/channels/new/email`,
    wecom: `${project}/channels/new/wecom#words`, kinds: `${base}/docs/channels#kind-wecom`, none: `${base}/nonsense`,
  };
  for (const [what, url] of Object.entries(visits)) {
    await page.goto(url);
    await shot(what);
  }
  await context.close();
}
await browser.close();
