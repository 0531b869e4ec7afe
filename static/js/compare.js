// What the camera has read is compared as a picture would be: the form sends it, words come back.
(() => {
  const form = document.querySelector("[data-compare]");
  if (!form) return;
  const code = form.elements.code;

  document.addEventListener("camera:found", (event) => {
    const found = event.detail && event.detail.text !== undefined ? event.detail.text : event.detail;
    code.value = String(found);
    form.requestSubmit();
  });

  // A picture chosen is compared at once.
  form.elements.picture.addEventListener("change", () => {
    code.value = "";
    if (form.elements.picture.files.length) form.requestSubmit();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "outcome") return;
    code.value = "";
    event.detail.target.scrollIntoView({ block: "nearest" });
  });
})();
