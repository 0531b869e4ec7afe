// What is written is kept on the node while it is typed. Each save names the revision from which
// it began, this page and its turn, so that the node can tell one that was repeated, or overtaken,
// from one of another device, and no text is lost.
(() => {
  const form = document.querySelector("[data-write]");
  if (!form) return;
  const words = document.querySelector("[data-write-words]").dataset;
  const status = form.querySelector("[data-saved]");
  const note = form.querySelector("[data-note]");
  const fields = form.elements;
  const FIRST_PAUSE = 300; // as long as there is no draft that a reload would show
  const PAUSE = 1200;
  const LONGEST_PAUSE = 5000;
  const FIRST_RETRY = 2000;
  const LONGEST_RETRY = 30000;
  const SMALL = 60000; // bytes; a browser sends no more than 64 KB for a page that is closing
  const KEPT = ["to", "names", "title", "body", "reply", "forward", "notice"];
  const page = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  let turn = 0;
  let adopted = 0;
  let failures = 0;
  let timer = 0;
  let changed = 0; // since when something is not saved
  let saving = null;
  let leaving = false;

  // A name that is half typed is no reason to begin a draft.
  const text = () => JSON.stringify(["to", "title", "body"].map((name) => new FormData(form).getAll(name)));
  // What was typed before this script ran is not kept by the node yet.
  const made = () => JSON.stringify([new FormData(form).getAll("to"), [fields.title.defaultValue], [fields.body.defaultValue]]);
  let kept = form.hasAttribute("data-unsaved") ? null : made();
  const dirty = () => !leaving && text() !== kept;

  function say(sentence) {
    if (status.textContent !== sentence) status.textContent = sentence;
  }

  function tell(sentence, address) {
    note.querySelector("[data-note-words]").textContent = sentence;
    const link = note.querySelector("[data-note-link]");
    link.hidden = !address;
    if (address) link.href = address;
    note.hidden = false;
  }

  function adopt(answer, what, nth) {
    if (nth < adopted) return;
    adopted = nth;
    kept = what;
    failures = 0;
    fields.revision.value = answer.revision;
    say(answer.words);
    form.toggleAttribute("data-dirty", dirty());
    if (String(answer.key) === fields.draft.value) return;
    const before = fields.draft.value ? form.getAttribute("action") : "";
    fields.draft.value = answer.key;
    fields.forward.value = "";
    form.action = answer.address;
    history.replaceState(history.state, "", answer.address);
    const out = form.querySelector("[data-delete]");
    out.formAction = `${answer.address}delete/`;
    out.hidden = false;
    if (answer.note) tell(answer.note, before);
    form.dispatchEvent(new CustomEvent("draft:moved", { detail: answer.files }));
  }

  // Whoever signed out and in again has a new token against forgery.
  async function renewToken() {
    const answer = await fetch("/write/", { redirect: "manual" });
    if (!answer.ok) return;
    const seen = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = seen.querySelector("[data-write] [name=csrfmiddlewaretoken]");
    if (!token) return;
    for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token.value;
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token.value }));
  }

  async function post(keepalive) {
    const nth = (turn += 1);
    const what = text();
    const data = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (KEPT.includes(name)) data.append(name, value);
    data.append("draft", fields.draft.value);
    data.append("revision", fields.revision.value);
    data.append("page", page);
    data.append("turn", nth);
    data.append("csrfmiddlewaretoken", fields.csrfmiddlewaretoken.value);
    changed = 0;
    let answer;
    try {
      answer = await fetch(words.save, { method: "POST", body: data, keepalive, redirect: "manual" });
      if (answer.ok) return adopt(await answer.json(), what, nth);
    } catch {
      answer = null;
    }
    if (leaving) return undefined;
    if (answer && answer.status === 422) {
      // Saying it again would not help: only another text does.
      kept = what;
      say(await answer.text());
      return undefined;
    }
    failures += 1;
    const out = answer && (answer.type === "opaqueredirect" || answer.status === 403);
    say(out ? words.signedOut : words.lost);
    if (answer && answer.status === 403) await renewToken().catch(() => {});
    wait(Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** Math.min(failures - 1, 5)));
    return undefined;
  }

  // One at a time; what was typed meanwhile is saved right after.
  function save() {
    clearTimeout(timer);
    saving ??= post(false).finally(() => {
      saving = null;
      if (dirty() && !failures) later();
    });
    return saving;
  }

  function wait(span) {
    clearTimeout(timer);
    timer = setTimeout(() => { if (dirty() || failures) save(); }, span);
  }

  function later() {
    if (!dirty()) return;
    changed ||= Date.now();
    form.toggleAttribute("data-dirty", true);
    if (failures) return;
    wait(Math.max(0, Math.min(fields.draft.value ? PAUSE : FIRST_PAUSE, changed + LONGEST_PAUSE - Date.now())));
  }

  function hurry() {
    failures = 0;
    if (dirty()) save();
  }

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("focusout", () => { if (dirty() && !failures) save(); });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target.id === "recipients") later(); });
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) hurry();
    else if (dirty()) post(true);
  });
  addEventListener("beforeunload", (event) => {
    if (!dirty()) return;
    // It goes along while the page closes; where that is not sure, the browser asks.
    if (failures || text().length * 3 > SMALL) event.preventDefault();
    post(text().length * 3 <= SMALL);
    if (fields.draft.value) sessionStorage.setItem("leaving", `${fields.draft.value} ${fields.revision.value} ${Date.now()}`);
  });
  // A page that was loaded again may have been faster than the save with which it was left.
  const left = (sessionStorage.getItem("leaving") ?? "").split(" ");
  sessionStorage.removeItem("leaving");
  if (left[0] && left[0] === fields.draft.value && left[1] === fields.revision.value && Date.now() - left[2] < 5000) {
    kept = text();
    setTimeout(() => {
      if (dirty()) return;
      sessionStorage.setItem("leaving", left.join(" "));
      location.reload();
    }, 300);
  }
  // Whoever attaches a file needs a draft to put it to.
  form.addEventListener("draft:wanted", (event) => {
    event.detail.key = (async () => {
      if (!fields.draft.value) await save();
      if (!fields.draft.value) throw new Error(status.textContent);
      return fields.draft.value;
    })();
  });
  document.addEventListener("live:event", ({ detail }) => {
    if (detail.event !== "drafts" || !detail.draft || detail.draft !== fields.draft.value || leaving) return;
    if (detail.gone) tell(words.gone, "");
    else if (detail.page !== page && Number(detail.revision) > Number(fields.revision.value)) {
      tell(words.elsewhere, form.getAttribute("action"));
    }
  });

  const send = form.querySelector("[data-send]");
  // After every other listener has had its say.
  document.addEventListener("submit", (event) => {
    if (event.target !== form || event.defaultPrevented) return;
    leaving = true;
    clearTimeout(timer);
    fields.page.value = page;
    fields.turn.value = turn += 1;
    setTimeout(() => { send.disabled = true; }, 0);
  });
  addEventListener("pageshow", () => { leaving = false; send.disabled = false; });
  later();
})();
