// Recipients become chips as they are typed; the rest of the page follows from the server.
(() => {
  const form = document.querySelector("[data-write]");
  if (!form) return;

  function complete(field) {
    if (field.value.trim()) htmx.trigger(field, "complete");
  }

  form.addEventListener("keydown", (event) => {
    const field = event.target.closest("[data-names]");
    if (field) {
      const last = form.querySelectorAll(".chip__x");
      if (event.key === "Enter" || (event.key === "," && field.value.trim())) {
        event.preventDefault();
        complete(field);
      } else if (event.key === "Backspace" && !field.value && last.length) {
        last[last.length - 1].click();
      }
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.querySelector("[data-send]").click();
    } else if (event.key === "Enter" && event.target.matches("input:not([type=radio])")) {
      event.preventDefault();
    }
  });
  // A name chosen from the browser's own list comes as one input, without a key.
  form.addEventListener("input", (event) => {
    const field = event.target.closest("[data-names]");
    if (!field) return;
    const choices = [...form.querySelectorAll("datalist option")].map((option) => option.value);
    if ((!event.inputType || event.inputType === "insertReplacementText") && choices.includes(field.value)) complete(field);
  });
  form.addEventListener("focusout", (event) => {
    const field = event.target.closest("[data-names]");
    const goes = event.relatedTarget;
    if (field && !(goes && goes.matches("[data-send]"))) complete(field);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "recipients") return;
    const asked = event.detail.requestConfig && event.detail.requestConfig.triggeringEvent;
    const field = form.querySelector("[data-names]");
    const idle = document.activeElement === document.body || document.activeElement === null;
    if (idle && asked) field.focus();
  });
  // Nothing that was written is lost by a slip: the browser asks.
  const blank = new FormData(form).get("body");
  let sending = false;
  form.addEventListener("submit", () => { sending = true; });
  addEventListener("beforeunload", (event) => {
    if (!sending && form.elements.body.value !== blank) event.preventDefault();
  });
  const send = form.querySelector("[data-send]");
  form.addEventListener("submit", () => setTimeout(() => { send.disabled = true; }, 0));
  addEventListener("pageshow", () => { sending = false; send.disabled = false; });
})();
