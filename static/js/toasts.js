// A toast goes after a while, but not while somebody points at it or is in it.
(() => {
  const STAYS = 8000;
  for (const toast of document.querySelectorAll("[data-toast]")) {
    const leave = () => {
      if (toast.matches(":hover, :focus-within")) setTimeout(leave, STAYS / 4);
      else toast.remove();
    };
    setTimeout(leave, STAYS);
  }
})();
