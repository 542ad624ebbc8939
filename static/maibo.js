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
if (form) {
  let waiting;
  const preview = document.getElementById("preview");
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
  form.querySelector("[name=preview]").hidden = true;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => update().catch(() => {}), 300);
  });
}
