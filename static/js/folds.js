// What the reader has folded or unfolded stays so when its part of the page is fetched again.
(() => {
  const states = new Map();

  document.addEventListener("toggle", (event) => {
    const fold = event.target;
    if (fold instanceof HTMLDetailsElement && fold.hasAttribute("data-fold")) states.set(fold.id, fold.open);
  }, true);

  document.addEventListener("htmx:afterSwap", (event) => {
    for (const fold of event.detail.target.querySelectorAll("details[data-fold]")) {
      if (states.has(fold.id)) fold.open = states.get(fold.id);
    }
  });
})();
