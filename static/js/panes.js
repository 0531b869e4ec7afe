// Opening a conversation beside the list: which row is chosen, which pane a phone shows, and how
// many rows to fetch when the list is brought up to date.
(() => {
  const mail = document.getElementById("mail");
  const rows = document.querySelector("[data-rows]");
  if (!mail || !rows) return;

  function choose(link) {
    for (const other of rows.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    if (link) link.setAttribute("aria-current", "true");
  }

  function chosen() {
    const letters = document.getElementById("letters");
    return letters && document.getElementById(`link-${letters.dataset.liveThread}`);
  }

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.hasAttribute("data-refresh-rows")) {
      event.detail.parameters.shown = rows.querySelectorAll(".row").length;
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const link = event.detail.elt.closest(".row__link");
    if (link) choose(link);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "rows" && document.getElementById("letters")) choose(chosen());
    if (event.detail.target.id !== "read") return;
    mail.dataset.view = "read";
    event.detail.target.scrollTop = 0;
    event.detail.target.focus({ preventScroll: true });
    if (!matchMedia("(min-width: 68.75rem)").matches) scrollTo(0, 0);
  });

  // What could not be fetched in place is fetched as a whole page, which says what is the matter.
  document.addEventListener("htmx:responseError", (event) => {
    const link = event.detail.elt.closest("a.row__link");
    if (link) location.assign(link.href);
  });
})();
