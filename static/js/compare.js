// Comparing a code: what the camera read (camera.js fills the field and sends), or a picture, which
// is compared as soon as it is chosen. The words come from the server.
(() => {
  const form = document.querySelector("[data-compare]");
  if (!form) return;
  const { code, picture } = form.elements;

  picture.addEventListener("change", () => {
    code.value = "";
    if (picture.files.length) form.requestSubmit();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "outcome") return;
    code.value = "";
    picture.value = "";
    event.detail.target.scrollIntoView({ block: "nearest" });
  });
})();
