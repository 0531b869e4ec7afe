// Settings: the browser's time zone offered, and this browser's notifications turned on and off.
(() => {
  const field = document.querySelector("[data-zone]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (field && zone) {
    const offer = document.querySelector("[data-zone-offer]");
    const show = () => { offer.hidden = field.value === zone; };
    if (!field.value) field.value = zone;
    offer.querySelector("[data-zone-name]").textContent = zone.replaceAll("_", " ");
    offer.addEventListener("click", () => { field.value = zone; show(); field.focus(); });
    field.addEventListener("input", show);
    show();
  }

  const browser = document.querySelector("[data-browser]");
  if (!browser) return;
  const states = [...browser.querySelectorAll("[data-state]")];
  const form = browser.querySelector("[data-subscription]");

  function be(...names) {
    for (const part of states) part.hidden = !names.some((name) => part.dataset.state.split(" ").includes(name));
  }

  function key() {
    const text = browser.dataset.key.replaceAll("-", "+").replaceAll("_", "/");
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

  async function mark(endpoint) {
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
    return [...new Uint8Array(digest)].map((octet) => octet.toString(16).padStart(2, "0")).join("");
  }

  async function look() {
    if (!("Notification" in window)) { be(isSecureContext ? "unable" : "insecure"); return; }
    if (Notification.permission === "denied") { be("denied"); return; }
    if (Notification.permission !== "granted") { be("ask"); return; }
    const worker = "serviceWorker" in navigator && await navigator.serviceWorker.getRegistration("/");
    const pushed = worker && worker.pushManager && await worker.pushManager.getSubscription();
    const known = pushed ? document.querySelector(`[data-mark="${await mark(pushed.endpoint)}"]`) : null;
    if (known) known.querySelector("[data-this]").hidden = false;
    be(known ? "on" : "open");
  }

  function text(buffer) {
    return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  async function subscribe() {
    if (await Notification.requestPermission() !== "granted") { await look(); return; }
    be("trying");
    try {
      await navigator.serviceWorker.register(browser.dataset.worker, { scope: "/" });
      const worker = await navigator.serviceWorker.ready;
      let pushed = await worker.pushManager.getSubscription();
      // One that was made for another key, as after a move of the node, cannot be used any more.
      if (pushed && text(pushed.options.applicationServerKey) !== browser.dataset.key) { await pushed.unsubscribe(); pushed = null; }
      pushed ??= await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key() });
      form.elements.endpoint.value = pushed.endpoint;
      form.elements.p256dh.value = text(pushed.getKey("p256dh"));
      form.elements.auth.value = text(pushed.getKey("auth"));
      form.submit();
    } catch {
      // No push service: as in some browsers and without the internet. An open page still tells.
      be("nopush");
    }
  }

  for (const button of browser.querySelectorAll("[data-turn-on]")) button.addEventListener("click", subscribe);

  // Removing this browser from the list ends its subscription here, too.
  for (const removal of document.querySelectorAll("[data-mark]")) {
    removal.addEventListener("submit", async (event) => {
      if (removal.querySelector("[data-this]").hidden) return;
      event.preventDefault();
      try {
        const worker = await navigator.serviceWorker.getRegistration("/");
        const pushed = await worker.pushManager.getSubscription();
        if (pushed) await pushed.unsubscribe();
      } finally {
        event.target.submit();
      }
    });
  }

  look();
})();
