// j and k move in the list, o opens; every other key presses what names it in data-key.
(() => {
  function move(step) {
    const links = [...document.querySelectorAll("[data-rows] .row__link")];
    if (!links.length) return false;
    const focused = links.indexOf(document.activeElement);
    const current = focused >= 0 ? focused : links.findIndex((link) => link.hasAttribute("aria-current"));
    const next = links[Math.max(0, Math.min(links.length - 1, current + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function open() {
    const link = document.activeElement.closest("[data-rows] .row__link");
    if (!link) return false;
    link.click();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    const at = event.target;
    if (at instanceof Element && at.closest("input, textarea, select, [contenteditable], [popover]:popover-open")) return;
    let done = false;
    if (event.key === "j") done = move(1);
    else if (event.key === "k") done = move(-1);
    else if (event.key === "o") done = open();
    else if (/^[a-z]$/.test(event.key)) {
      const pressed = [...document.querySelectorAll(`[data-key="${event.key}"]`)].at(-1);
      if (pressed) { pressed.click(); done = true; }
    }
    if (done) event.preventDefault();
  });
})();
