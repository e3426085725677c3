// Stops a list that changes by itself, so that it can be read in peace.
(() => {
  const paused = new Set();

  for (const button of document.querySelectorAll("[data-pause]")) {
    const pause = button.textContent;
    button.hidden = false;
    button.addEventListener("click", () => {
      const part = button.dataset.pause;
      const stops = !paused.delete(part);
      if (stops) paused.add(part);
      button.setAttribute("aria-pressed", stops);
      button.textContent = stops ? button.dataset.go : pause;
    });
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (paused.has(event.detail.elt.id)) event.preventDefault();
  });
})();
