// What scripts add to pages that work without them: live parts, a copy button, `/` to search, a preview while typing.
"use strict";

// Parts marked data-live are fetched again every few seconds and put in place when they have changed.
const LIVE_EVERY_MS = 5000;

async function refresh() {
  if (document.hidden || !document.querySelector("[data-live]")) return;
  const open = [...document.querySelectorAll("details[open][id]")].map((d) => d.id);
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.redirected) return location.reload();
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!next || next.innerHTML === part.innerHTML || part.contains(document.activeElement)) continue;
      part.replaceChildren(...next.childNodes);
    }
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  } catch {
    // The server is away for a moment; the next round tries again.
  }
}
setInterval(refresh, LIVE_EVERY_MS);
document.addEventListener("visibilitychange", refresh);

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
}

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("[data-slash]");
  const typing = event.target.matches("input, textarea, select");
  if (event.key === "/" && search && !typing) {
    event.preventDefault();
    search.focus();
  }
  if (event.key === "Escape") {
    document.querySelectorAll("details.menu[open]").forEach((menu) => menu.removeAttribute("open"));
  }
});
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  });
});

const form = document.querySelector("form[data-preview]");
const preview = document.getElementById("preview");
if (form && preview) {
  let waiting;
  const update = async () => {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok) return;
    preview.innerHTML = await answer.text();
    // What was wrong with the schedule is not wrong any more.
    if (preview.querySelector("[data-good]")) {
      form.querySelectorAll(".kinds .of .error, #tz-error").forEach((error) => error.remove());
      form.querySelectorAll(".kinds .of [aria-invalid], #tz").forEach((input) => input.removeAttribute("aria-invalid"));
    }
  };
  form.querySelectorAll("[name=preview]").forEach((button) => { button.hidden = true; });
  form.addEventListener("input", (event) => {
    if (form.dataset.previewOf && !event.target.matches(form.dataset.previewOf)) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => update().catch(() => {}), 300);
  });
}

// A field that narrows a list to what holds all its words; Enter opens the first that is left.
for (const field of document.querySelectorAll("[data-filter]")) {
  const list = document.getElementById(field.dataset.filter);
  const input = field.querySelector("input");
  const items = [...list.querySelectorAll("[data-text]")];
  const narrow = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const item of items) item.hidden = !words.every((word) => item.dataset.text.toLowerCase().includes(word));
    for (const part of list.querySelectorAll("section")) part.hidden = !part.querySelector("[data-text]:not([hidden])");
    list.querySelector("[data-none]").hidden = items.some((item) => !item.hidden);
  };
  field.hidden = false;
  input.addEventListener("input", narrow);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { input.value = ""; narrow(); }
    if (event.key !== "Enter") return;
    event.preventDefault();
    const first = items.find((item) => !item.hidden);
    if (!input.value.trim() || !first) return;
    if (first.tagName === "DETAILS") { first.open = true; first.querySelector("summary").focus(); } else first.querySelector("a").click();
  });
  narrow();
}

// An address may name a part that is folded away.
const unfold = () => {
  const part = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (part && part.tagName === "DETAILS") part.open = true;
};
addEventListener("hashchange", unfold);
unfold();
