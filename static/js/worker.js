// The worker that a browser wakes when something came and no page is open. What came with the push
// is empty: it asks this node what to say. WORDS stands before this text, in the reader's language.
/* global WORDS */

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

async function ask() {
  try {
    const answer = await fetch(WORDS.ask, { credentials: "same-origin", redirect: "error", headers: { Accept: "application/json" } });
    if (answer.ok) return await answer.json();
  } catch {
    // Signed out, or no way to the node: then that something came is all that can be said.
  }
  return {};
}

async function tell() {
  const said = await ask();
  await self.registration.showNotification(said.title || WORDS.title, {
    body: said.body || "",
    tag: said.tag || "something",
    icon: WORDS.icon,
    data: { url: said.url || WORDS.url },
  });
}

async function open(url) {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  for (const page of pages) {
    if (new URL(page.url).origin !== self.location.origin) continue;
    try {
      await page.focus();
      await page.navigate(url);
      return;
    } catch {
      // A page that this worker does not control cannot be sent elsewhere.
    }
  }
  await self.clients.openWindow(url);
}

self.addEventListener("push", (event) => event.waitUntil(tell()));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});
