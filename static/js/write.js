// The keys of the page for writing, and a text field that grows with its text.
(() => {
  const form = document.querySelector("[data-write]");
  if (!form) return;
  const text = form.elements.body;

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      form.querySelector("[data-send]").click();
    } else if (event.target.matches("input:not([type=radio]):not([data-names])")) {
      event.preventDefault();
      text.focus();
    }
  });

  function grow() {
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight}px`;
  }
  if (!CSS.supports("field-sizing", "content")) {
    text.addEventListener("input", grow);
    grow();
  }
  // An answer stands above what it answers.
  if (form.hasAttribute("data-answer") && text.value.startsWith("\n")) text.setSelectionRange(0, 0);
})();
