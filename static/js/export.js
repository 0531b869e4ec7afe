// How far the archive is that the browser is getting.
(() => {
  const form = document.querySelector("[data-export]");
  if (!form) return;
  const state = form.querySelector("[data-export-state]");
  const bar = state.querySelector("progress");
  const words = state.querySelector("[data-writing]");
  const said = state.querySelector("[data-export-said]");
  const button = form.querySelector("[type=submit]");
  let timer = 0;
  let silent = 0;

  function say(pattern, now) {
    words.textContent = pattern.replace("%(done)s", now.done.toLocaleString()).replace("%(of)s", now.of.toLocaleString());
  }

  function end(now) {
    clearInterval(timer);
    button.disabled = false;
    say(now.ended ? words.dataset.ended : words.dataset.failed, now);
    said.textContent = words.textContent;
  }

  async function look() {
    const answer = await fetch(form.dataset.progress, { credentials: "same-origin" }).catch(() => null);
    const now = answer && answer.ok ? await answer.json() : {};
    if (now.of === undefined) { silent += 1; if (silent > 30) clearInterval(timer); return; }
    bar.max = Math.max(1, now.of);
    bar.value = now.ended ? bar.max : now.done;
    if (now.over) end(now);
    else say(words.dataset.writing, now);
  }

  form.addEventListener("submit", () => {
    state.hidden = false;
    silent = 0;
    setTimeout(() => { button.disabled = true; }, 0);
    clearInterval(timer);
    timer = setInterval(look, 700);
  });
})();
