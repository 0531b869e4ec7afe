// The number of unread conversations, in the page's title and as a dot on its icon.
(() => {
  const icon = document.querySelector("link[rel=icon]");
  const calm = icon.getAttribute("href");

  function show() {
    const list = document.querySelector("[data-unread]");
    if (!list) return;
    const unread = Number(list.dataset.unread) || 0;
    const bare = document.title.replace(/^\(\d+\) /, "");
    const title = unread ? `(${unread}) ${bare}` : bare;
    if (document.title !== title) document.title = title;
    const address = unread ? icon.dataset.new : calm;
    if (icon.getAttribute("href") !== address) icon.setAttribute("href", address);
  }

  document.addEventListener("htmx:afterSettle", show);
  show();
})();
