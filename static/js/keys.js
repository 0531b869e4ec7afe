// j and k move in the list, o opens, x picks; e, s and # act on the row that has the focus, else
// on the open conversation. Every other key presses what names it in data-key. ? lists them all.
(() => {
  const MARKS = { e: "archive", s: "star", "#": "bin" };
  const dialog = document.getElementById("keys");

  function showKeys() {
    if (!dialog || dialog.open) return false;
    dialog.showModal();
    return true;
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-open-keys]")) return;
    document.getElementById("account-menu")?.hidePopover();
    showKeys();
  });

  const focusedRow = () => document.activeElement.closest("[data-rows] .row");

  function move(step) {
    const links = [...document.querySelectorAll("[data-rows] .row__link")];
    if (!links.length) return false;
    const row = focusedRow();
    const focused = row ? links.indexOf(row.querySelector(".row__link")) : -1;
    const current = focused >= 0 ? focused : links.findIndex((link) => link.hasAttribute("aria-current"));
    const next = links[Math.max(0, Math.min(links.length - 1, current + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function open() {
    const link = focusedRow()?.querySelector(".row__link");
    if (!link) return false;
    link.click();
    return true;
  }

  function tell(name, detail) {
    document.dispatchEvent(new CustomEvent(name, { detail }));
    return true;
  }

  function press(key) {
    const pressed = [...document.querySelectorAll(`[data-key="${key}"]`)].at(-1);
    if (!pressed) return false;
    pressed.click();
    return true;
  }

  function mark(key) {
    const selecting = document.querySelector("#list[data-selecting]");
    const row = focusedRow();
    // A row of a search cannot be picked: what is open is meant.
    if (!selecting && !row?.querySelector(".row__pick")) return press(key);
    const starred = key === "s" && row?.querySelector(".row__marks .icon--on");
    return tell("rows:do", { row, what: starred ? "unstar" : MARKS[key] });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const at = event.target;
    if (at instanceof Element && at.closest("input:not([type=checkbox]), textarea, select, [contenteditable], dialog, [popover]:popover-open")) return;
    const { key } = event;
    let done = false;
    if (key === "j") done = move(1);
    else if (key === "k") done = move(-1);
    else if (key === "o") done = open();
    else if (key === "x") done = Boolean(focusedRow()?.querySelector(".row__pick")) && tell("rows:pick", { row: focusedRow() });
    else if (key === "?") done = showKeys();
    else if (key === "/") {
      const field = document.querySelector("[role=search] input[type=search]");
      if (field) { field.focus(); field.select(); done = true; }
    } else if (key in MARKS) done = mark(key);
    else if (/^[a-z]$/.test(key)) done = press(key);
    if (done) event.preventDefault();
  });
})();
