// PyPI's healthchecks-decorator and healthchecks_wrapper: start, success and failure around a job in Python.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { check, match, python, ready, stopAll } from "./support.mjs";

after(stopAll);

test("a decorated and a wrapped job tell how they ended", async () => {
  const { maibo, holds } = await ready();
  const [decorated, plain, wrapped] = ["decorated", "plain", "wrapped"].map((name) => check(maibo, name));
  await python("drive_decorators.py", { DECORATED: decorated.url, WRAPPED: wrapped.url, HEALTHCHECK_URL: plain.url });

  const pings = await holds.pings(decorated.uuid);
  match(pings, [
    { type: "start", method: "GET", body: null },
    { type: "success", method: "POST", body: "rows=3&disk=%E7%A3%81%E7%9B%98" },
    { type: "fail", method: "GET", body: null },
  ]);
  assert.match(pings[0].ua, /^Python-urllib\//);
  assert.ok(pings[1].duration >= 0);
  match(await holds.pings(plain.uuid), [{ type: "success", method: "GET", body: null }]);
  const wrappings = await holds.pings(wrapped.uuid);
  match(wrappings, [
    { type: "start", method: "GET" },
    { type: "success", method: "GET", body: null },
    { type: "start", method: "GET" },
    { type: "fail", method: "POST" },
    { type: "start", method: "GET" },
    { type: "success", method: "GET", body: null },
  ]);
  assert.match(wrappings[3].body, /^Traceback.*OSError: no space left\n$/s);
  const flips = [await holds.flips(decorated.uuid), await holds.flips(plain.uuid), await holds.flips(wrapped.uuid)];
  assert.deepEqual(flips, [[1, 0], [1], [1, 0, 1]]);
});
