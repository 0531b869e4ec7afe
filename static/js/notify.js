// Notifications of an open page. The server says that there is something; a page that can tell the
// person, or that is being looked at, asks what to say: then no browser is pushed. Of several open
// pages one tells, and none while one of them is looked at.
(() => {
  const address = document.body.dataset.noticeAddress;
  if (!address) return;
  const LOOKED_AT = "sdmpweb looked at";
  const HELD = 5000;
  let letGo = null;

  function lookedAt() {
    return document.visibilityState === "visible" && document.hasFocus();
  }

  // While this page is looked at it holds a lock that the others can see.
  function hold() {
    if (!navigator.locks) return;
    if (lookedAt() && !letGo) {
      letGo = () => {};
      // A page that is just being left gets no lock any more.
      navigator.locks.request(LOOKED_AT, { mode: "shared" }, () => new Promise((resolve) => { letGo = resolve; })).catch(() => { letGo = null; });
    } else if (!lookedAt() && letGo) {
      letGo();
      letGo = null;
    }
  }

  async function anyLookedAt() {
    if (lookedAt()) return true;
    if (!navigator.locks) return false;
    const { held } = await navigator.locks.query();
    return held.some((lock) => lock.name === LOOKED_AT);
  }

  async function ask(event) {
    const query = new URLSearchParams({ id: event.id, kind: event.kind, thread: event.thread || "" });
    const answer = await fetch(`${address}?${query}`, { credentials: "same-origin", headers: { Accept: "application/json" } });
    return answer.ok ? answer.json() : {};
  }

  async function show(said) {
    const options = { body: said.body || "", tag: said.tag, icon: document.body.dataset.noticeIcon, data: { url: said.url } };
    const worker = navigator.serviceWorker && await navigator.serviceWorker.getRegistration("/");
    if (worker && worker.active) return worker.showNotification(said.title, options);
    const shown = new Notification(said.title, options);
    shown.addEventListener("click", () => { focus(); location.assign(said.url); shown.close(); });
  }

  // Whoever gets the lock of this notice tells it; it is held for a while, so that nobody else does.
  function once(event, work) {
    if (!navigator.locks) return work();
    return navigator.locks.request(`sdmpweb notice ${event.id}`, { ifAvailable: true }, async (lock) => {
      if (!lock) return;
      await work();
      await new Promise((resolve) => { setTimeout(resolve, HELD); });
    });
  }

  async function hear(event) {
    const allowed = "Notification" in window && Notification.permission === "granted";
    if (event.kind !== "test" && await anyLookedAt()) { await ask(event); return; }
    if (!allowed) return;
    await once(event, async () => {
      const said = await ask(event);
      if (said.title) await show(said);
    });
  }

  for (const name of ["focus", "blur"]) addEventListener(name, hold);
  document.addEventListener("visibilitychange", hold);
  document.addEventListener("live:event", (message) => {
    if (message.detail.event === "notice") hear(message.detail).catch(() => {});
  });
  hold();
})();
