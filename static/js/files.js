// Files to send: chosen by button, dropped or pasted, listed with their sizes, taken out again.
// Too large is said here, before anything is sent.
(() => {
  const field = document.querySelector("[data-files]");
  if (!field) return;
  const form = field.form;
  const list = form.querySelector("[data-file-list]");
  const pattern = form.querySelector("[data-file-row]");
  const message = form.querySelector("[data-limit-message]");
  const send = form.querySelector("[data-send]");
  const limit = Number(field.dataset.limit);
  let files = [];

  function size(bytes) {
    if (bytes < 999500) return `${Math.max(1, Math.round(bytes / 1000))} KB`;
    return `${(bytes / 1e6).toFixed(1)} MB`;
  }

  function show() {
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    field.files = held.files;
    list.replaceChildren(...files.map((file, index) => {
      const row = pattern.content.firstElementChild.cloneNode(true);
      const [, stem, ending] = file.name.match(/^(.*?)(\.[A-Za-z0-9]{1,8})?$/s);
      row.querySelector("[data-stem]").textContent = stem;
      row.querySelector("[data-ending]").textContent = ending ?? "";
      row.querySelector("[data-size]").textContent = size(file.size);
      const out = row.querySelector("[data-take-out]");
      out.setAttribute("aria-label", out.getAttribute("aria-label").replace("%s", file.name));
      out.addEventListener("click", () => { files.splice(index, 1); show(); field.focus(); });
      return row;
    }));
    list.hidden = !files.length;
    const tooLarge = files.reduce((sum, file) => sum + file.size, 0) > limit;
    message.hidden = !tooLarge;
    message.textContent = tooLarge ? field.dataset.tooLarge.replace("%s", field.dataset.limitWords) : "";
    send.disabled = tooLarge;
  }

  function add(more) {
    files = files.concat([...more]);
    show();
  }

  field.addEventListener("change", () => add(field.files));
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
