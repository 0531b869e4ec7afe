// An open conversation: what is unfolded stays so, a letter that comes is added below without
// moving what is read, and counts as read only once it has been seen.
(() => {
  const read = document.getElementById("read");
  if (!read) return;
  const letters = () => document.getElementById("letters");

  document.addEventListener("htmx:configRequest", (event) => {
    const at = event.detail.elt;
    const shown = [...(letters()?.querySelectorAll("[data-letter]") ?? [])];
    if (at.id === "letters-new") event.detail.parameters.after = shown.at(-1)?.dataset.letter ?? "0";
    if (at.id === "letters" && event.detail.verb === "get" && shown.length) {
      event.detail.parameters.from = shown[0].dataset.letter;
      event.detail.parameters.open = shown.filter((letter) => !letter.matches(".letter--line")).map((letter) => letter.dataset.letter);
    }
  });

  function focus(id) { document.getElementById(id)?.focus({ preventScroll: true }); }

  document.addEventListener("htmx:afterSwap", (event) => {
    const at = event.detail.requestConfig?.elt;
    if (!at) return;
    if (at.hasAttribute("data-unfold")) focus(at.id.replace("unfold-", "letter-"));
    if (at.hasAttribute("data-fold-letter")) focus(new URL(at.getAttribute("hx-get"), location.href).pathname.replace(/^.*\/(\w+)\/$/, "unfold-$1"));
    if (at.id === "earlier") letters()?.querySelector("[data-letter] a, [data-letter]")?.focus({ preventScroll: true });
    if (at.id === "letters-new" || at.id === "letters") announce();
    watch();
  });

  // What came while all was fetched again may not be in it yet. Before it has settled, the new
  // part would not hear this.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.requestConfig?.elt.id !== "letters" || event.detail.target.id !== "letters") return;
    document.getElementById("letters-new")?.dispatchEvent(new CustomEvent("live"));
  });

  // What is new below the edge is said in words, with a way to it.
  function announce() {
    const latest = [...letters().querySelectorAll("[data-unseen]")].at(-1);
    if (!latest || latest.getBoundingClientRect().top < innerHeight - 40) return;
    let note = document.getElementById("arrived");
    if (!note) {
      note = document.createElement("p");
      note.id = "arrived";
      note.className = "arrived";
      note.setAttribute("role", "status");
      letters().append(note);
    }
    const name = latest.querySelector("h3 bdi")?.textContent ?? "";
    const link = document.createElement("a");
    link.className = "btn btn--s";
    link.href = `#${latest.id}`;
    link.textContent = letters().dataset.newWords.replace("%s", name);
    note.replaceChildren(link);
  }

  // Seen is what stands in the visible part of a page that is looked at.
  const inView = new Set();
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? inView.add(entry.target) : inView.delete(entry.target);
    tell();
  }, { threshold: 0.2 });

  function tell() {
    if (document.hidden) return;
    const keys = [];
    for (const letter of inView) {
      inView.delete(letter);
      if (!letter.isConnected || !letter.hasAttribute("data-unseen")) continue;
      letter.removeAttribute("data-unseen");
      seen.unobserve(letter);
      keys.push(letter.dataset.letter);
    }
    if (!keys.length) return;
    document.getElementById("arrived")?.remove();
    const at = letters();
    htmx.ajax("POST", at.dataset.seen, { source: at, swap: "none", values: { letter: keys } }).catch(() => {}); // left, or lost
  }

  function watch() {
    for (const letter of letters()?.querySelectorAll("[data-unseen]") ?? []) seen.observe(letter);
  }

  document.addEventListener("visibilitychange", tell);

  // A link to one letter opens it, also when it is folded or among the earlier ones.
  function follow() {
    const found = /^#letter-(\d+)$/.exec(location.hash);
    if (!found || !letters()) return;
    const letter = document.getElementById(`letter-${found[1]}`);
    if (letter && !letter.matches(".letter--line")) { letter.scrollIntoView(); letter.focus({ preventScroll: true }); return; }
    const address = new URL(letters().getAttribute("hx-get"), location.href);
    address.searchParams.set("open", found[1]);
    htmx.ajax("GET", address.pathname + address.search, { target: "#letters", swap: "innerHTML" }).then(() => {
      const shown = document.getElementById(`letter-${found[1]}`);
      shown?.scrollIntoView();
      shown?.focus({ preventScroll: true });
    }, () => {});
  }

  addEventListener("hashchange", follow);
  follow();
  watch();
})();
