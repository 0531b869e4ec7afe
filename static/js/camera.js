// Reads a QR code with the camera where the browser can: what it says is put into a field, whose
// form is sent. Where it cannot, nothing is shown; a picture can be chosen instead.
(() => {
  for (const part of document.querySelectorAll("[data-camera]")) prepare(part);

  async function prepare(part) {
    if (!("BarcodeDetector" in window) || !navigator.mediaDevices) return;
    let formats = [];
    try {
      formats = await BarcodeDetector.getSupportedFormats();
    } catch {
      return;
    }
    if (!formats.includes("qr_code")) return;
    const start = part.querySelector("[data-camera-start]");
    const stop = part.querySelector("[data-camera-stop]");
    const view = part.querySelector("video");
    const said = part.querySelector("[data-camera-said]");
    const field = document.getElementById(part.dataset.camera);
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    let stream = null;

    function end() {
      if (stream) for (const track of stream.getTracks()) track.stop();
      stream = null;
      view.srcObject = null;
      view.hidden = stop.hidden = true;
      start.hidden = false;
    }

    async function look() {
      if (!stream) return;
      let codes = [];
      try {
        codes = await detector.detect(view);
      } catch {
        // The picture is not there yet.
      }
      if (stream && codes.length) {
        field.value = codes[0].rawValue;
        end();
        field.form.requestSubmit(part.dataset.cameraSend ? document.getElementById(part.dataset.cameraSend) : undefined);
        return;
      }
      setTimeout(look, 200);
    }

    start.addEventListener("click", async () => {
      said.textContent = "";
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      } catch {
        said.textContent = part.dataset.cameraRefused;
        return;
      }
      view.srcObject = stream;
      view.hidden = stop.hidden = false;
      start.hidden = true;
      await view.play();
      look();
    });
    stop.addEventListener("click", end);
    addEventListener("pagehide", end);
    part.hidden = false;
  }
})();
