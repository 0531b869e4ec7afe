// A toast goes after a while, but not while somebody points at it or is in it. One for what is
// held until it can no longer be undone counts the seconds down, and goes when they are over.
(() => {
  const STAYS = 8000;
  const area = document.getElementById("toasts");
  if (!area) return;

  function leaveLater(toast) {
    const leave = () => {
      if (toast.matches(":hover, :focus-within")) setTimeout(leave, STAYS / 4);
      else toast.remove();
    };
    setTimeout(leave, STAYS);
  }

  function countDown(toast) {
    const due = Date.now() + Number(toast.dataset.held) * 1000;
    const left = toast.querySelector("[data-held-left]");
    const bar = toast.querySelector("progress");
    const tick = () => {
      if (!toast.isConnected) return;
      const seconds = Math.max(0, Math.ceil((due - Date.now()) / 1000));
      left.textContent = left.dataset.words.replace("%s", seconds);
      bar.value = seconds;
      if (seconds) setTimeout(tick, 500);
      else toast.remove();
    };
    tick();
  }

  const known = new WeakSet();
  function watch() {
    for (const toast of area.querySelectorAll("[data-toast], [data-held]")) {
      if (known.has(toast)) continue;
      known.add(toast);
      if (toast.hasAttribute("data-held")) countDown(toast);
      else leaveLater(toast);
    }
  }

  new MutationObserver(watch).observe(area, { childList: true, subtree: true });
  watch();
})();
