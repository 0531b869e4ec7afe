// One WebSocket for each page. The server says what has changed; the parts of the page that show
// it are fetched again by htmx (hx-trigger="live"). A part names its events in data-live, its
// conversation in data-live-thread, its letter in data-live-letter, and with data-live-visible
// waits until somebody can see it. The event "again" means: something may have been missed.
(() => {
  const root = document.documentElement;
  root.dataset.script = "";
  const address = document.body.dataset.liveAddress;
  if (!address) return;

  const words = document.querySelector("template[data-connection-words]").dataset;
  const strip = document.querySelector("[data-strip]");
  const nextTry = strip.querySelector("[data-next-try]");
  const FIRST_WAIT = 1000;
  const LONGEST_WAIT = 30000;
  const SILENCE = 40000; // a page that slept longer than this may have missed something
  let socket = null;
  let failures = 0;
  let timer = 0;
  let ticking = 0;
  let wasOpen = false;
  let lastTick = Date.now();
  let leaving = false;
  const due = new Set();
  const late = new Set(); // of what changed while it was being fetched

  function show(state) {
    for (const part of document.querySelectorAll("[data-connection]")) {
      part.hidden = false;
      part.dataset.state = state;
      const text = words[state];
      if (part.textContent !== text) part.textContent = text;
    }
    for (const part of document.querySelectorAll("[data-connected-words]")) part.hidden = state !== "live";
    strip.hidden = state !== "lost";
  }

  function flush() {
    for (const asked of [...due]) {
      const part = present(asked);
      if (part?.hasAttribute("data-live-visible") && document.hidden) continue;
      due.delete(asked);
      if (part?.classList.contains("htmx-request")) { late.add(part); continue; }
      // It must not bubble: the parts around this one would be fetched again too.
      part?.dispatchEvent(new CustomEvent("live"));
    }
  }

  // A part, or what stands in its place since it was replaced: that may be from before the change.
  const present = (part) => (part.isConnected ? part : document.getElementById(part.id));

  // What holds an open menu is not replaced under the hand: it is fetched again once that closes.
  const openMenu = "details[data-drop][open]";
  document.addEventListener("htmx:beforeSwap", (event) => {
    const part = event.detail.requestConfig.elt;
    if (!part.hasAttribute("data-live") || !event.detail.target.querySelector(openMenu)) return;
    event.detail.shouldSwap = false;
    due.add(part);
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details[data-drop]:not([open])") && due.size) flush();
  }, true);

  let flushing = 0;
  function flushSoon() {
    if (!flushing) flushing = setTimeout(() => { flushing = 0; flush(); }, 30);
  }

  function announce(event) {
    for (const part of document.querySelectorAll("[data-live]")) {
      if (!concerns(part, event)) continue;
      due.add(part);
    }
    flushSoon();
  }

  // What has just come may be from before the change too.
  document.addEventListener("htmx:afterRequest", (event) => {
    const asked = event.detail.requestConfig?.elt;
    if (!late.delete(asked)) return;
    due.add(asked);
    flushSoon();
  });

  function concerns(part, event) {
    // To catch up, a part that is fetched whole brings its own parts with it.
    if (event.event === "again") return !part.parentElement.closest('[data-live~="again"]');
    const { live, liveThread, liveLetter } = part.dataset;
    if (!live.split(" ").includes(event.event)) return false;
    if (liveThread && event.thread && String(event.thread) !== liveThread) return false;
    return !(liveLetter && event.letter && String(event.letter) !== liveLetter);
  }

  function wait() {
    const span = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(failures, 6)) * (0.75 + Math.random() / 2);
    failures += 1;
    let left = Math.ceil(span / 1000);
    const tell = () => { nextTry.textContent = nextTry.dataset.words.replace("%s", left); left -= 1; };
    // The seconds are not read out: only the strip's appearing is.
    nextTry.setAttribute("aria-hidden", "true");
    tell();
    clearInterval(ticking);
    ticking = setInterval(() => { if (left > 0) tell(); }, 1000);
    clearTimeout(timer);
    timer = setTimeout(connect, span);
  }

  function connect() {
    clearTimeout(timer);
    clearInterval(ticking);
    if (socket && socket.readyState <= WebSocket.OPEN) return;
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const opened = new WebSocket(scheme + location.host + address);
    socket = opened;
    opened.addEventListener("open", () => {
      failures = 0;
    });
    opened.addEventListener("message", (message) => {
      let event;
      try { event = JSON.parse(message.data); } catch { return; }
      if (event.event === "hello") {
        show("live");
        // On the first opening, what lies between the making of the page and now; later, all.
        if (wasOpen || event.state !== document.body.dataset.liveState) announce({ event: "again" });
        wasOpen = true;
        return;
      }
      document.dispatchEvent(new CustomEvent("live:event", { detail: event }));
      announce(event);
    });
    opened.addEventListener("close", (event) => {
      if (socket !== opened) return;
      socket = null;
      // The sign-in was ended elsewhere: what is loaded now is the page for signing in. Who is just
      // leaving, as by deleting the account or signing out, is on the way to another page already.
      if (event.code === 4001) { if (!leaving) location.reload(); return; }
      // A single failure to connect, as on a restart, is not worth a strip yet.
      if (wasOpen || failures > 1) show("lost");
      wait();
    });
  }

  addEventListener("beforeunload", () => {
    leaving = true;
    setTimeout(() => { leaving = false; }, 10000); // it was a file to be saved, or the person stayed
  });
  addEventListener("pageshow", () => { leaving = false; });
  document.querySelector("[data-try-now]").addEventListener("click", () => { failures = 0; connect(); });
  addEventListener("online", () => { failures = 0; connect(); });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    flush();
    if (!socket) { failures = 0; connect(); }
  });
  addEventListener("pageshow", (event) => { if (event.persisted) { connect(); announce({ event: "again" }); } });
  setInterval(() => {
    const now = Date.now();
    if (now - lastTick > SILENCE) {
      // The machine slept. What looks open may be dead: begin afresh, and catch up.
      const old = socket;
      socket = null;
      if (old) old.close();
      failures = 0;
      connect();
    }
    lastTick = now;
  }, 5000);

  connect();
})();
