// What works only with scripts is hidden until one runs.
for (const part of document.querySelectorAll("[data-with-script]")) part.hidden = false;
