// Small menus (details data-drop): one is open at a time; Escape, a choice or a click elsewhere
// closes it.
(() => {
  const open = () => document.querySelectorAll("details[data-drop][open]");

  document.addEventListener("toggle", (event) => {
    const drop = event.target;
    if (!(drop instanceof HTMLDetailsElement) || !drop.hasAttribute("data-drop") || !drop.open) return;
    for (const other of open()) if (other !== drop) other.open = false;
    // Near the lower edge it opens upwards, so that nothing has to be scrolled for.
    const menu = drop.lastElementChild;
    drop.removeAttribute("data-up");
    const pane = drop.closest(".pane");
    const edge = Math.min(innerHeight, pane ? pane.getBoundingClientRect().bottom : innerHeight);
    if (menu.getBoundingClientRect().bottom > edge && drop.getBoundingClientRect().top > menu.offsetHeight) drop.setAttribute("data-up", "");
  }, true);

  document.addEventListener("click", (event) => {
    for (const drop of open()) {
      const chose = event.target.closest("a, button");
      if (!drop.contains(event.target) || (chose && drop.contains(chose))) drop.open = false;
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const drop of open()) {
      if (drop.contains(document.activeElement)) drop.querySelector("summary").focus();
      drop.open = false;
      event.preventDefault();
    }
  });
})();
