// A button that copies what a field holds; without a script it is not there.
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const said = document.getElementById(button.dataset.copySaid);
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    let copied = false;
    try {
      await navigator.clipboard.writeText(field.value);
      copied = true;
    } catch {
      // Browsers offer the clipboard to pages over https only; the old way works elsewhere.
      field.focus();
      field.select();
      copied = document.execCommand("copy");
      button.focus();
    }
    said.textContent = copied ? button.dataset.copied : button.dataset.notCopied;
  });
}
