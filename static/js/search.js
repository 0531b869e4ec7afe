// Search as you type. Beside a list the results take its place at once; on other pages, where
// something may be half done, the search waits for Enter. "/" goes to the field, Escape leaves it.
(() => {
  const form = document.querySelector("[data-search]");
  const field = form && form.querySelector("input");
  const mail = document.getElementById("mail");
  if (!field || !mail) return;

  const hits = () => [...document.querySelectorAll("#results .row__link")];

  // Says where the results are to go; false on a page that is not to be replaced.
  function aim() {
    if (document.getElementById("results")) {
      form.setAttribute("hx-target", "#results");
      form.removeAttribute("hx-select");
      return true;
    }
    if (!mail.querySelector("[data-rows]")) return false;
    form.setAttribute("hx-target", "#mail");
    form.setAttribute("hx-select", "#mail > *");
    return true;
  }

  // Before htmx hears of it.
  field.addEventListener("input", (event) => {
    if (!aim() || event.isComposing) event.stopImmediatePropagation();
  }, true);
  field.addEventListener("compositionend", () => field.dispatchEvent(new Event("input", { bubbles: true })));
  document.addEventListener("submit", (event) => {
    if (event.target === form && !aim()) event.stopImmediatePropagation();
    else if (event.target === form) leave();
  }, true);

  function leave() {
    const [first] = hits();
    (first || document.getElementById("list-title") || mail).focus();
  }

  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      leave();
    } else if (event.key === "ArrowDown" && hits().length) {
      event.preventDefault();
      leave();
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const at = event.target;
    if (at instanceof Element && at.closest("input, textarea, select, [contenteditable], dialog[open], [popover]:popover-open")) return;
    event.preventDefault();
    field.focus();
    field.select();
  });

  function toLetter(key) {
    const letter = document.getElementById(`letter-${key}`);
    if (letter) letter.scrollIntoView({ block: "start" });
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, elt } = event.detail;
    if (target.id === "results" || (target.id === "mail" && document.getElementById("results"))) mail.dataset.view = "list";
    const link = target.id === "read" && event.detail.requestConfig && event.detail.requestConfig.elt.closest("[data-letter]");
    if (!link) return;
    for (const other of hits()) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    link.closest(".row").classList.remove("row--unread");
    const unread = link.querySelector("[data-unread]");
    if (unread) unread.remove();
    mail.dataset.view = "read";
    target.focus({ preventScroll: true });
    toLetter(link.dataset.letter);
  });

  // A part that could not be fetched can be asked for by hand.
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const part = event.detail.elt.closest(".search__more");
      if (part) part.dataset.stuck = "";
    });
  }

  // What is in the field follows the address when one goes back and forth.
  addEventListener("pageshow", () => {
    const asked = new URLSearchParams(location.search).get("q");
    if (location.pathname.startsWith("/search/") && asked !== null) field.value = asked;
  });

  const read = document.getElementById("read");
  if (read && read.dataset.opened) toLetter(read.dataset.opened);
  // Nothing is asked yet on the page of search itself: one is there to type.
  if (location.pathname === "/search/" && !field.value) field.focus();
})();
