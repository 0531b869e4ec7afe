// Opening and leaving a conversation beside the list: which row is chosen, which pane a phone
// shows, where the focus goes, and how many rows to fetch when the list is brought up to date.
(() => {
  const mail = document.getElementById("mail");
  const rows = document.querySelector("[data-rows]");
  if (!mail || !rows) return;
  let leaving = null; // the row that is to leave the list, and its place, where the focus goes then

  function choose(link) {
    for (const other of rows.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
    if (link) link.setAttribute("aria-current", "true");
  }

  function chosen() {
    const letters = document.getElementById("letters");
    return letters && document.getElementById(`link-${letters.dataset.thread}`);
  }

  const links = () => [...rows.querySelectorAll(".row__link")];

  function leave(link) {
    leaving = link ? { id: link.id, place: links().indexOf(link) } : null;
  }

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.hasAttribute("data-refresh-rows")) {
      event.detail.parameters.shown = rows.querySelectorAll(".row").length;
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const at = event.detail.elt;
    const link = at.closest(".row__link");
    if (link) choose(link);
    if (at.id === "conversation-tools") leave(chosen());
    if (at.id === "many") leave(document.activeElement.closest("[data-rows] .row")?.querySelector(".row__link"));
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const { target } = event.detail;
    if (target.id === "rows") {
      choose(chosen());
      if (leaving && !document.getElementById(leaving.id)) {
        const there = links();
        if (document.activeElement === document.body) there[Math.min(leaving.place, there.length - 1)]?.focus();
        leaving = null;
      }
    }
    if (target.id !== "read") return;
    const open = Boolean(document.getElementById("letters"));
    mail.dataset.view = open ? "read" : "list";
    if (!open) {
      choose(null);
      document.activeElement.blur();
      return;
    }
    target.removeAttribute("aria-label");
    target.scrollTop = 0;
    target.focus({ preventScroll: true });
    if (!matchMedia("(min-width: 68.75rem)").matches) scrollTo(0, 0);
  });

  // What is asked for while the last is under way would be lost with the form that goes then: it is
  // asked for again of the form that comes.
  const TOOLS = "conversation-tools";
  const waiting = [];
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id !== TOOLS || !form.classList.contains("htmx-request")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { value, dataset } = event.submitter;
    waiting.push({ action: form.action, button: dataset.key ? `[data-key="${dataset.key}"]` : `[value="${value}"]` });
  }, true);

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.requestConfig?.elt.id !== TOOLS) return;
    const next = waiting.shift();
    const form = document.getElementById(TOOLS);
    if (next && form?.action === next.action) form.querySelector(next.button)?.click();
  });

  // What could not be fetched in place is fetched as a whole page, which says what is the matter.
  document.addEventListener("htmx:responseError", (event) => {
    const link = event.detail.elt.closest("a.row__link");
    if (link) location.assign(link.href);
  });
})();
