// What a person does in a browser, from the first link to the last click.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openPage, signIn, startMaibo, startSink, stopAll, until } from "./support.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => {
  await browser.close();
  await stopAll();
});

/** A server with its first user, and a page that is signed in. */
async function ready(options) {
  const maibo = await startMaibo();
  maibo.run(["user", "create", "--email", "ops@example.org", "--password-stdin"], "correct horse\n");
  const opened = await openPage(browser, options);
  await signIn(opened.page, maibo.base);
  return { maibo, ...opened };
}

test("a new user goes from the set-up link to the first alert", async () => {
  const [maibo, sink] = [await startMaibo(), await startSink()];
  const { page, context, faults } = await openPage(browser);
  await page.goto(maibo.setup);
  await page.fill("#email", "Ops@Example.org");
  await page.fill("#password", "correct horse");
  await page.click("text=Start");
  await page.waitForURL(/\/checks/);
  assert.match(await page.textContent("main"), /nobody will hear about it/, "a project without a channel says so");

  await page.click("text=Add a channel");
  await page.click(".kindcards >> text=WeCom robot");
  await page.fill("#url", `${sink.url}/cgi-bin/webhook/send?key=0123456789abcdef`);
  await page.click(".row >> text=Save");
  assert.match(await page.textContent("main"), /The channel is ready/);
  await page.click("button >> text=Send a test");
  assert.match(await page.textContent("main"), /Sent\. The other side answered:\s*errcode 0: ok/);
  assert.equal(sink.requests.length, 1);

  await page.click("nav >> text=Checks");
  await page.click("main >> text=Add a check");
  await page.fill("#name", "nightly dump");
  await page.fill("#every", "2s");
  await page.fill("#grace", "1s");
  await page.click(".row >> text=Save");
  await page.waitForURL(/\/checks\/[0-9a-f-]{36}/);
  const address = (await page.textContent(".curl code")).match(/http\S+/)[0];
  assert.equal((await context.request.get(address)).status(), 200);
  // The page follows by itself: no reload here.
  await page.waitForSelector(".headline >> text=Down for", { timeout: 30_000 });
  await until(() => sink.requests.length > 1);
  assert.match(sink.requests[1].body, /nightly dump.{1,3} is down/);
  await page.waitForSelector(".log .side >> text=delivered", { timeout: 30_000 });
  await page.goto(maibo.setup, { waitUntil: "commit" });
  assert.match(await page.textContent("h1"), /Not here/, "the link works once");
  assert.deepEqual(faults.filter((text) => !text.includes("404")), []);
  sink.stop();
  await maibo.stop();
});

test("every flow can be driven by the keyboard", async () => {
  const { maibo, page, faults } = await ready();
  maibo.run(["check", "create", "--name", "redis snapshot", "--every", "1h"]);
  await page.reload();
  await page.keyboard.press("/");
  await page.keyboard.type("redis");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=redis/);
  const tabTo = async (words) => {
    for (let i = 0; i < 60; i += 1) {
      await page.keyboard.press("Tab");
      const here = await page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.name);
      if (here === words) return;
    }
    assert.fail(`nothing called ${words} can be reached with Tab`);
  };
  await tabTo("redis snapshot");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/checks\//);
  await tabTo("Pause");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Paused: nothing is expected");
  await tabTo("Resume");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=Resumed");
  await tabTo("Edit");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#name:focus");
  await page.keyboard.press("End");
  await page.keyboard.type(" 2");
  await page.keyboard.press("Enter");
  await page.waitForSelector("h1 >> text=redis snapshot 2");
  await tabTo("Delete…");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".btn.danger:focus");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=The check and its history are deleted");
  assert.deepEqual(faults, []);
  await maibo.stop();
});

test("an owner makes a key, uses it and revokes it; others do not see keys", async () => {
  const { maibo, page, context, faults } = await ready();
  maibo.run(["check", "create", "--name", "nightly dump", "--every", "1h", "--tag", "数据库"]);
  await page.click("nav >> text=Keys");
  await page.click("text=read and write");
  await page.keyboard.press("Enter");
  const key = await page.textContent("[role=status] code");
  assert.match(key, /^hcw_[0-9a-f]{28}$/);
  await page.reload();
  assert.equal(await page.textContent("[role=status] code"), key, "a reload makes no second key");
  assert.equal(await page.locator("text=Revoke…").count(), 1);
  const list = async () => (await context.request.get(`${maibo.base}/api/v3/checks/`, { headers: { "x-api-key": key } })).status();
  assert.equal(await list(), 200);
  await page.click("nav >> text=Keys");
  assert.equal((await page.content()).includes(key), false, "it is shown once");
  await until(async () => (await page.reload(), (await page.textContent(".channels")).includes("last used")));
  assert.match(await page.textContent(".channels"), new RegExp(`${key.slice(0, 8)}….*read and write`, "s"));
  await page.click("text=Revoke…");
  await page.waitForSelector(".btn.danger:focus");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=The key is revoked");
  assert.equal(await list(), 401);

  await page.click("text=Make a ping key");
  const address = (await page.textContent("main code >> text=/ping/")).replace("slug-of-the-check", "from-a-job?create=1");
  assert.equal((await context.request.get(address)).status(), 201);
  await page.click("text=Replace it…");
  await page.waitForSelector(".btn.danger:focus");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=The ping key is ready");
  assert.equal((await context.request.get(address)).status(), 404);

  await page.click("nav >> text=Badges");
  const drawn = (picture) => picture.complete && picture.naturalWidth > 0;
  for (const picture of await page.locator("img.badge").all()) assert.ok(await picture.evaluate(drawn));
  assert.match(await page.textContent("main"), /All checks.*数据库/s);
  await page.goto(`${maibo.base}/`);
  await page.click("text=nightly dump");
  assert.ok(await page.locator("img.badge").evaluate(drawn));

  maibo.run(["user", "create", "--email", "dev@example.org", "--password-stdin"], "correct horse\n");
  const member = await openPage(browser);
  await signIn(member.page, maibo.base, "dev@example.org");
  assert.equal(await member.page.locator("nav >> text=Keys").count(), 0);
  const answer = await member.context.request.get(`${member.page.url().replace(/\/checks.*/, "")}/keys`);
  assert.equal(answer.status(), 403);
  assert.deepEqual(faults, []);
  await maibo.stop();
});

test("the form says what is wrong, where, and loses nothing", async () => {
  const { maibo, page } = await ready();
  await page.click("main >> text=Add a check");
  await page.click("text=Cron");
  await page.fill("#cron", "0 25 * * *");
  await page.fill("#tz", "Mars/Olympus");
  await page.fill("#grace", "soon");
  await page.click(".row >> text=Save");
  assert.match(await page.textContent("#name-error"), /This is needed/);
  assert.match(await page.textContent("#tz-error"), /no such time zone/);
  assert.match(await page.textContent("#grace-error"), /length of time/);
  assert.equal(await page.inputValue("#cron"), "0 25 * * *");
  await page.fill("#name", "<b>&\"库");
  await page.fill("#tz", "Asia/Shanghai");
  await page.fill("#grace", "10m");
  await page.click(".row >> text=Save");
  assert.match(await page.textContent("#cron-error"), /not a cron line.*25/);
  await page.fill("#cron", "5 16 * * 1-5");
  await page.waitForSelector("#preview >> text=Mon–Fri at 16:05, Asia/Shanghai");
  await page.click(".row >> text=Save");
  await page.waitForURL(/\/checks\/[0-9a-f-]{36}/);
  assert.equal(await page.textContent("h1"), "<b>&\"库");
  await maibo.stop();
});

test("everything works with scripts off", async () => {
  const { maibo, page } = await ready({ javaScriptEnabled: false });
  await page.click("main >> text=Add a check");
  await page.fill("#name", "without scripts");
  await page.click("text=At a time of day");
  await page.fill("#at", "16:05");
  await page.click("text=Preview");
  assert.match(await page.textContent("#preview"), /daily at 16:05.*Next due/s);
  await page.click(".row >> text=Save");
  assert.match(await page.textContent(".headline"), /Waiting for the first ping/);
  await page.click("text=Pause");
  assert.match(await page.textContent(".headline"), /Paused/);
  await maibo.stop();
});

test("the browser chooses the language and the reader may switch", async () => {
  const { maibo, page } = await ready({ locale: "zh-CN" });
  assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
  assert.match(await page.textContent("nav"), /检查\s+通知渠道/);
  await page.click("text=English");
  assert.equal(await page.getAttribute("html", "lang"), "en");
  await page.reload();
  assert.match(await page.textContent("nav"), /Checks\s+Channels/);
  await maibo.stop();
});

test("a stranger sees the door and a signed-out user too", async () => {
  const { maibo, page, context } = await ready();
  const project = page.url();
  await page.click(".who summary");
  await page.click("text=Sign out");
  await page.waitForURL(/login/);
  await page.goto(project);
  assert.match(page.url(), /login\?next=/);
  const foreign = await context.request.post(`${maibo.base}/login`, {
    form: { email: "ops@example.org", password: "correct horse" }, headers: { "sec-fetch-site": "cross-site" },
  });
  assert.equal(foreign.status(), 403, "a form on another site cannot post here");
  for (let i = 0; i < 12; i += 1) {
    await context.request.post(`${maibo.base}/login`, { form: { email: "ops@example.org", password: `guess ${i}` } });
  }
  const locked = await context.request.post(`${maibo.base}/login`, {
    form: { email: "ops@example.org", password: "correct horse" }, maxRedirects: 0,
  });
  assert.match(await locked.text(), /Too many tries/);
  await maibo.stop();
});

test("no page is wider than a phone", async () => {
  const { maibo, page } = await ready({ viewport: { width: 360, height: 700 } });
  const name = "a-very-long-name-without-any-space-".repeat(2);
  const url = maibo.run(["check", "create", "--name", name, "--every", "1h", "--tag", "t".repeat(60)]);
  const list = page.url();
  const check = `${maibo.base}/checks/${url.split("/").pop()}`;
  const project = list.replace(/\/checks.*/, "");
  for (const where of [list, check, `${check}/edit`, `${check}/delete`, `${project}/badges`, `${project}/keys`, `${project}/channels`, `${project}/channels/new/webhook`, `${project}/checks/new`]) {
    await page.goto(where);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= 360, `${where} is ${wide} pixels wide`);
  }
  await maibo.stop();
});

test("a channel gets words of its own, tried on what really happened", async () => {
  const sink = await startSink();
  const { maibo, page, context, faults } = await ready();
  const address = maibo.run(["check", "create", "--name", "夜间 <备份>", "--every", "1h"]);
  assert.equal((await context.request.post(`${address}/3`, { data: "dumping\nno space left\n" })).status(), 200);
  await page.click("nav >> text=Channels");
  // What is typed at the page before is lost.
  await page.waitForURL(/\/channels$/);
  // A few letters and Enter lead to a kind; what does not fit goes out of sight.
  await page.keyboard.press("/");
  await page.keyboard.type("wecom robot");
  await page.waitForFunction(() => document.querySelectorAll(".kindcards li:not([hidden])").length === 1);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/new\/wecom$/);
  await page.fill("#url", `${sink.url}/cgi-bin/webhook/send?key=0123456789abcdef`);
  await page.click("summary >> text=Words and time zone");
  assert.match(await page.textContent("#preview"), /夜间 <备份>” is down: the job ended with exit status 3/);
  await page.fill("#text_template", "{{ check.name }} ended with {{ exit_status }}: {{ last_lines|lines(1) }}");
  await page.waitForSelector("#preview >> text=夜间 <备份> ended with 3: no space left");
  await page.fill("#text_template", "one\n{{ chekc }}");
  await page.waitForSelector("#preview >> text=Text: line 2: there is no `chekc` in messages");
  await page.click(".row >> text=Save");
  await page.waitForSelector("#text_template:focus");
  assert.match(await page.textContent("#text_template-error"), /^Line 2: there is no `chekc`/);
  assert.match(await page.inputValue("#url"), /key=0123456789abcdef$/, "nothing typed is lost");
  await page.fill("#text_template", "{{ project }}: {{ title }}");
  await page.focus("#name");
  await page.keyboard.press("Enter");
  await page.waitForURL(/done=channel-made/);
  await page.click("button >> text=Send a test");
  await page.waitForSelector("text=/Sent\\. The other side answered:/");
  assert.match(sink.requests[0].body, /default: TEST \| Maibo/);
  assert.deepEqual(faults, []);
  sink.stop();
  await maibo.stop();
});
