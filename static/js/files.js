// Files to send: chosen by button, dropped or pasted. Each goes to the draft at once, shows how
// far it is, and can be stopped, tried again or taken out. Too large is said before it starts.
(() => {
  const field = document.querySelector("[data-files]");
  if (!field) return;
  const form = field.form;
  const words = document.querySelector("[data-write-words]").dataset;
  const list = form.querySelector("[data-file-list]");
  const pattern = form.querySelector("[data-file-row]");
  const message = form.querySelector("[data-limit-message]");
  const status = form.querySelector("[data-file-status]");
  const told = form.querySelector("[data-file-told]"); // for those who do not see the row
  const send = form.querySelector("[data-send]");
  const LIMIT = Number(field.dataset.limit);
  const MOST = Number(field.dataset.most);
  const AT_ONCE = 1; // so that they arrive in the order in which they were chosen
  const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
  const items = new Map(); // row → {file, request, state}
  let sendAfter = false;

  function megabytes(bytes) {
    const digits = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
    return (bytes / 1e6).toLocaleString(document.documentElement.lang, digits);
  }
  function size(bytes) {
    if (bytes < 999500) return `${Math.max(1, Math.round(bytes / 1000))} KB`;
    return `${megabytes(bytes)} MB`;
  }

  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);

  function show() {
    list.hidden = !list.children.length;
  }

  function taken() {
    return [...list.children].reduce((sum, row) => sum + Number(row.dataset.size), 0);
  }

  function complain(sentence) {
    message.textContent = sentence;
    message.hidden = !sentence;
  }

  function add(files) {
    complain("");
    for (const file of files) {
      const values = { name: file.name, size: size(file.size) };
      if (list.children.length >= MOST) complain(fill(words.tooMany, values));
      else if (taken() + file.size > LIMIT) complain(fill(words.tooLarge, values));
      else begin(file);
    }
    work();
  }

  function begin(file) {
    const row = pattern.content.firstElementChild.cloneNode(true);
    const [, stem, ending] = file.name.match(/^(.*?)(\.[A-Za-z0-9]{1,8})?$/s);
    row.dataset.size = file.size;
    row.querySelector("[data-stem]").textContent = stem;
    row.querySelector("[data-ending]").textContent = ending ?? "";
    row.querySelector("progress").setAttribute("aria-label", file.name);
    row.querySelector("[data-stop]").setAttribute("aria-label", fill(words.stop, { name: file.name }));
    const item = { file, row, state: "waits", picture: "" };
    if (PICTURES.includes(file.type)) {
      item.picture = URL.createObjectURL(file);
      const picture = new Image();
      picture.className = "file__picture";
      picture.alt = "";
      picture.src = item.picture;
      row.querySelector(".file__sign").append(picture);
    }
    row.querySelector("[data-stop]").addEventListener("click", () => {
      item.state = "stopped";
      if (item.request) item.request.abort();
      leave(row);
      work();
    });
    row.querySelector("[data-again]").addEventListener("click", () => { item.state = "waits"; work(); });
    items.set(row, item);
    progress(item, 0);
    list.append(row);
    show();
  }

  function progress(item, done) {
    const { row, file } = item;
    const values = { some: done < 999500 && file.size >= 999500 ? megabytes(done) : size(done).split(" ")[0], all: size(file.size) };
    row.querySelector("[data-about]").textContent = fill(words.part, values);
    row.querySelector("progress").value = file.size ? (100 * done) / file.size : 0;
  }

  function leave(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    items.delete(row);
    row.remove();
    show();
    (next ? next.querySelector("button:not([hidden])") : field).focus();
  }

  function fail(item, sentence) {
    item.state = "failed";
    item.row.querySelector("[data-about]").textContent = sentence;
    item.row.querySelector("[data-about]").classList.add("hint--bad");
    item.row.querySelector("progress").hidden = true;
    item.row.querySelector("[data-again]").hidden = false;
    work();
  }

  // Starts what waits; when nothing is under way any more, the letter that waited for it goes.
  function work() {
    const all = [...items.values()];
    const going = all.filter((item) => item.state === "goes").length;
    for (const item of all.filter((one) => one.state === "waits").slice(0, AT_ONCE - going)) start(item);
    const left = [...items.values()];
    if (!sendAfter || left.some((item) => item.state === "goes" || item.state === "waits")) return;
    sendAfter = false;
    if (left.length) status.textContent = words.unfinished;
    else form.requestSubmit(send);
  }

  async function start(item) {
    item.state = "goes";
    item.row.querySelector("[data-about]").classList.remove("hint--bad");
    item.row.querySelector("[data-again]").hidden = true;
    item.row.querySelector("progress").hidden = false;
    let key;
    try {
      const ask = {};
      form.dispatchEvent(new CustomEvent("draft:wanted", { detail: ask }));
      key = await ask.key;
    } catch (problem) {
      fail(item, problem.message || words.staysBehind);
      return;
    }
    if (item.state !== "goes") return;
    const request = new XMLHttpRequest();
    item.request = request;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(item, Math.min(1, event.loaded / event.total) * item.file.size);
    });
    request.addEventListener("load", () => {
      if (key !== form.elements.draft.value) { item.state = "waits"; work(); return; } // it is another draft now
      if (request.status === 201) arrive(item, request.responseText);
      else fail(item, (request.getResponseHeader("Content-Type") ?? "").startsWith("text/plain") ? request.responseText : words.staysBehind);
    });
    request.addEventListener("error", () => fail(item, words.staysBehind));
    request.open("POST", `/write/${key}/files/`);
    const data = new FormData();
    data.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    data.append("file", item.file);
    request.send(data);
  }

  function arrive(item, markup) {
    const row = new DOMParser().parseFromString(markup, "text/html").querySelector("li");
    const picture = row.querySelector("[data-picture]");
    // The picture that this browser has need not be fetched.
    if (picture && item.picture) picture.src = item.picture;
    else if (picture) picture.remove();
    const focused = item.row.contains(document.activeElement);
    item.row.replaceWith(row);
    items.delete(item.row);
    if (focused) row.querySelector("[data-take-out]").focus();
    told.textContent = fill(words.attached, { name: item.file.name });
    work();
  }

  // Pictures of a draft that was opened again are asked for one by one; what is none goes.
  list.addEventListener("error", (event) => { if (event.target.matches("img")) event.target.remove(); }, true);

  list.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-take-out]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("li");
    button.disabled = true;
    const data = new URLSearchParams({ csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    try {
      const answer = await fetch(row.dataset.address, { method: "POST", body: data, redirect: "manual" });
      if (answer.ok || answer.status === 404) { leave(row); complain(""); return; }
    } catch { /* said below */ }
    button.disabled = false;
    complain(words.lost);
  });

  // A text that became a draft of its own brings its files; what is under way stays in the list.
  form.addEventListener("draft:moved", (event) => {
    if (event.detail === undefined) return;
    const rows = new DOMParser().parseFromString(`<ul>${event.detail}</ul>`, "text/html").querySelectorAll("li");
    for (const row of [...list.children]) if (!items.has(row)) row.remove();
    list.prepend(...rows);
    show();
  });

  form.addEventListener("submit", (event) => {
    if (event.submitter && (event.submitter.hasAttribute("data-delete") || event.submitter.value === "save")) return;
    if (!items.size) return;
    event.preventDefault();
    if (![...items.values()].some((item) => item.state === "goes" || item.state === "waits")) {
      status.textContent = words.unfinished;
      return;
    }
    sendAfter = true;
    status.textContent = words.waits;
  });

  field.addEventListener("change", (event) => {
    // They go by themselves, not with the form; and they change nothing that is written.
    event.stopPropagation();
    const chosen = [...field.files];
    field.value = "";
    add(chosen);
  });
  form.addEventListener("paste", (event) => {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    add(event.clipboardData.files);
  });
  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.dataset.over = "";
  });
  form.addEventListener("dragleave", (event) => {
    if (!form.contains(event.relatedTarget)) delete form.dataset.over;
  });
  form.addEventListener("drop", (event) => {
    delete form.dataset.over;
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });
})();
