// Recipients: names are completed from a list of contacts, by key or by finger, and become chips.
(() => {
  const form = document.querySelector("[data-write]");
  if (!form) return;
  const words = document.querySelector("[data-write-words]").dataset;
  const MOST = 8;
  let active = -1;
  let typed = ""; // while other names are looked up
  let again = false; // what was typed is to be looked up too
  let swapping = false;

  const field = () => form.querySelector("[data-names]");
  const list = () => form.querySelector("[data-names-list]");
  const options = () => [...list().querySelectorAll("[role=option]")];
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  // The browser's own list serves where there is no script.
  function prepare() {
    const input = field();
    if (!input) return;
    input.removeAttribute("list");
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", "names-list"], ["aria-expanded", "false"]]) input.setAttribute(name, value);
  }

  function close() {
    if (!list() || list().hidden) return;
    list().hidden = true;
    list().replaceChildren();
    active = -1;
    field().setAttribute("aria-expanded", "false");
    field().removeAttribute("aria-activedescendant");
  }

  function point(index) {
    const all = options();
    active = all.length ? (index + all.length) % all.length : -1;
    all.forEach((option, place) => option.setAttribute("aria-selected", String(place === active)));
    if (active < 0) return;
    field().setAttribute("aria-activedescendant", all[active].id);
    all[active].scrollIntoView({ block: "nearest" });
  }

  function open(all) {
    const typed = plain(field().value.split(",").at(-1).trim());
    const names = [...form.querySelectorAll("#contact-names option")].map((option) => option.value);
    const fits = (name) => plain(name).split(/[\s-]+/).some((_, place, parts) => parts.slice(place).join(" ").startsWith(typed));
    const found = typed || all ? names.filter(fits) : [];
    close();
    if (!found.length && !typed) return;
    list().replaceChildren(...found.slice(0, all ? names.length : MOST).map((name, place) => {
      const option = document.createElement("li");
      option.id = `names-option-${place}`;
      option.setAttribute("role", "option");
      option.dir = "auto";
      option.textContent = name;
      return option;
    }));
    if (!found.length) {
      const none = document.createElement("li");
      none.className = "hint";
      none.setAttribute("role", "option");
      none.setAttribute("aria-disabled", "true");
      none.textContent = words.none;
      list().replaceChildren(none);
    }
    list().hidden = false;
    field().setAttribute("aria-expanded", "true");
    if (found.length) point(0);
  }

  const bare = (names) => names.replace(/[,\s]+$/, "");

  // Whoever types on begins another name, of which `rest` may be there already.
  function complete(rest = "") {
    close();
    again = field().classList.contains("htmx-request");
    const names = bare(field().value);
    if (!names) return;
    if (!again) htmx.trigger(field(), "complete");
    field().value = `${names}, ${rest}`;
  }

  function choose(option) {
    if (!option || option.hasAttribute("aria-disabled")) return;
    const before = field().value.split(",").slice(0, -1);
    // A name may be typed with commas between; one that is chosen stands for the last of them.
    field().value = [...before, option.textContent].join(",");
    complete();
  }

  form.addEventListener("keydown", (event) => {
    const input = event.target.closest("[data-names]");
    if (!input || event.isComposing) return;
    const shown = !list().hidden;
    const chips = form.querySelectorAll(".chip__x");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (shown) point(active + (event.key === "ArrowDown" ? 1 : -1));
      else open(true);
    } else if (event.key === "Escape" && shown) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (shown && active >= 0) choose(options()[active]);
      else complete();
    } else if (event.key === "," && input.value.trim()) {
      event.preventDefault();
      complete();
    } else if (event.key === "Backspace" && !input.value && chips.length) {
      chips[chips.length - 1].click();
    }
  });
  form.addEventListener("input", (event) => { if (event.target.closest("[data-names]")) open(false); });
  form.addEventListener("mousedown", (event) => { if (event.target.closest("[data-names-list]")) event.preventDefault(); });
  form.addEventListener("click", (event) => choose(event.target.closest("[data-names-list] [role=option]")));
  form.addEventListener("focusout", (event) => {
    if (swapping || !event.target.closest("[data-names]")) return;
    const goes = event.relatedTarget;
    close();
    if (!(goes && goes.matches("[data-send]"))) complete();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "recipients") return;
    const sent = bare(event.detail.requestConfig.formData.get("names") ?? "");
    const { value } = field();
    typed = value.startsWith(sent) ? value.slice(sent.length).replace(/^[,\s]+/, "") : value;
    swapping = event.detail.shouldSwap;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "recipients") return;
    swapping = false;
    prepare();
    const asked = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent;
    const idle = document.activeElement === document.body || document.activeElement === null;
    if (idle && asked) field().focus();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "recipients" || !bare(typed)) return;
    const names = [bare(field().value), ...typed.split(",")].filter(Boolean);
    typed = "";
    const rest = again ? names.pop().trimStart() : "";
    field().value = names.join(", ");
    if (again) complete(rest);
    else if (document.activeElement === field()) open(false);
  });
  prepare();
})();
