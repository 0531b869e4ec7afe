// Selecting many conversations: what is picked stays picked when the list is brought up to date,
// a click with the shift key picks all between, and what is asked for is done without leaving.
(() => {
  const pane = document.getElementById("list");
  const form = document.getElementById("many");
  const rows = document.querySelector("[data-rows]");
  if (!pane || !form || !rows) return;
  const words = form.querySelector("[data-selected]");
  const all = form.querySelector("[data-select-all]");
  const picked = new Set();
  const meant = new WeakMap(); // an event of submitting → what was picked then, and what was pressed
  let last = null;
  all.hidden = false;

  const picks = () => [...rows.querySelectorAll(".row__pick")];

  function show() {
    const here = picks();
    let number = 0;
    for (const pick of here) {
      pick.checked = picked.has(pick.value);
      if (pick.checked) number += 1;
    }
    // What has left the list is not selected any more.
    const values = new Set(here.map((pick) => pick.value));
    for (const value of [...picked]) if (!values.has(value)) picked.delete(value);
    const text = number === 0 ? words.dataset.none : number === 1 ? words.dataset.one : words.dataset.some.replace("%s", number);
    if (words.textContent !== text) words.textContent = text;
    all.checked = number > 0 && number === here.length;
    all.indeterminate = number > 0 && number < here.length;
  }

  function begin() { pane.setAttribute("data-selecting", ""); show(); }

  function end() {
    picked.clear();
    last = null;
    pane.removeAttribute("data-selecting");
    show();
  }

  function pick(box, on, range) {
    const here = picks();
    const from = here.findIndex((other) => other.value === last);
    const to = here.indexOf(box);
    const some = range && from >= 0 ? here.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
    for (const other of some) on ? picked.add(other.value) : picked.delete(other.value);
    last = box.value;
    show();
  }

  pane.addEventListener("click", (event) => {
    if (event.target.closest("[data-select-begin]")) { event.preventDefault(); begin(); picks()[0]?.focus(); return; }
    if (event.target.closest("[data-select-end]")) { event.preventDefault(); end(); pane.querySelector("[data-select-begin]")?.focus(); return; }
    if (event.target === all) {
      const on = all.checked;
      for (const box of picks()) on ? picked.add(box.value) : picked.delete(box.value);
      show();
      return;
    }
    if (event.target.matches(".row__pick")) pick(event.target, event.target.checked, event.shiftKey);
  });

  // While selecting, all of a row picks it.
  rows.addEventListener("click", (event) => {
    const link = event.target.closest(".row__link");
    if (!link || !pane.hasAttribute("data-selecting") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const box = link.closest(".row").querySelector(".row__pick");
    pick(box, !picked.has(box.value), event.shiftKey);
  }, true);

  document.addEventListener("htmx:afterSwap", (event) => {
    if (rows.contains(event.detail.target) || event.detail.target === rows) show();
  });

  // Only the choice to delete leads to another page, which asks.
  document.addEventListener("htmx:confirm", (event) => {
    const button = event.detail.triggeringEvent?.submitter;
    if (!button?.hasAttribute("data-whole")) return;
    event.preventDefault();
    const value = document.createElement("input");
    value.type = "hidden";
    value.name = button.name;
    value.value = button.value;
    event.detail.elt.append(value);
    event.detail.elt.submit();
  });

  // One is asked for after the other. What waits for its turn means what was picked when it was
  // asked for, and what is picked meanwhile stays so.
  form.addEventListener("submit", (event) => {
    meant.set(event, { threads: [...picked], what: event.submitter?.value, selecting: pane.hasAttribute("data-selecting") });
  }, true);

  form.addEventListener("htmx:configRequest", (event) => {
    const asked = meant.get(event.detail.triggeringEvent);
    if (!asked) return;
    event.detail.parameters.thread = asked.threads;
    event.detail.parameters.do = asked.what;
  });

  form.addEventListener("htmx:afterRequest", (event) => {
    const asked = meant.get(event.detail.requestConfig?.triggeringEvent);
    if (!asked?.selecting || !event.detail.successful || !asked.threads.length) return;
    for (const thread of asked.threads) picked.delete(thread);
    if (picked.size) show();
    else end();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && pane.hasAttribute("data-selecting")) end();
  });

  // Used by the keys: pick the row that has the focus, or do something with it alone.
  document.addEventListener("rows:pick", (event) => {
    const box = event.detail.row.querySelector(".row__pick");
    begin();
    pick(box, !picked.has(box.value), false);
  });
  document.addEventListener("rows:do", (event) => {
    const button = form.querySelector(`[data-do="${event.detail.what}"]`);
    if (!button) return;
    const alone = event.detail.row && !pane.hasAttribute("data-selecting");
    if (alone) {
      picked.clear();
      picked.add(event.detail.row.querySelector(".row__pick").value);
    }
    button.click();
    if (alone) picked.clear();
  });
  show();
})();
