// Search as you type. Beside a list the results take its place at once; on other pages, where
// something may be half done, the search waits for Enter. Escape leaves the field for the hits.
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
    if (!mail.querySelector("#list [data-rows]")) return false;
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

  function toLetter(key) {
    const letter = document.getElementById(`letter-${key}`);
    if (letter) letter.scrollIntoView({ block: "start" });
  }

  // The folders that came along with the results do not know yet that the page is connected.
  function keepConnection() {
    const known = document.querySelector(".bar [data-connection]");
    for (const part of mail.querySelectorAll("[data-connection]")) {
      part.hidden = known.hidden;
      part.textContent = known.textContent;
      if (known.dataset.state) part.dataset.state = known.dataset.state;
    }
    for (const part of mail.querySelectorAll("[data-connected-words]")) part.hidden = known.dataset.state !== "live";
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target, elt } = event.detail;
    if (target.id === "mail") keepConnection();
    if (target.id === "results" || (target.id === "mail" && document.getElementById("results"))) mail.dataset.view = "list";
    const link = target.id === "read" && event.detail.requestConfig?.elt.closest("#results [data-letter]");
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

  // A new key ends the search that still goes on, and what comes of it late is not shown.
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== form) return;
    for (const part of document.querySelectorAll(".search__more")) htmx.trigger(part, "htmx:abort");
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const from = event.detail.requestConfig.elt;
    if (from.matches(".search__more") && !from.isConnected) event.detail.shouldSwap = false;
  });

  // A part that could not be fetched can be asked for by hand.
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const part = event.detail.elt.closest(".search__more");
      if (part && part.isConnected) part.dataset.stuck = "";
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
