// Single keys for those who read numbers all day. Whatever has data-key is clicked, opened or
// focused by it; never while somebody writes, and not at all where they are switched off.
(() => {
  const dialog = document.getElementById("shortcuts");
  const choice = document.getElementById("shortcuts-on");
  const opener = document.querySelector("[data-shortcuts]");
  let waitsForPlace = 0; // until when an “s” after a “g” means the sites

  const off = () => {
    try {
      return localStorage.getItem("shortcuts") === "off";
    } catch {
      return false; // this browser keeps nothing: they are on
    }
  };

  function remember() {
    try {
      if (choice.checked) localStorage.removeItem("shortcuts");
      else localStorage.setItem("shortcuts", "off");
    } catch {
      // The choice cannot be kept.
    }
  }

  function open() {
    choice.checked = !off();
    dialog.showModal();
  }

  const writes = (element) => element.closest("input, textarea, select, [contenteditable]");

  function use(element) {
    if (element.matches("summary")) {
      element.parentElement.open = true;
      const field = element.parentElement.querySelector("a, select, input:not([type=hidden])");
      (field || element).focus();
    } else if (element.matches("input")) {
      element.focus();
      element.select();
    } else element.click();
  }

  function pressed(event) {
    if (event.key === "?") return dialog.open ? undefined : open();
    if (event.key === "g") {
      waitsForPlace = Date.now() + 1500;
      return;
    }
    if (event.key === "s" && Date.now() < waitsForPlace) {
      location.assign(dialog.dataset.sites);
      return;
    }
    const element = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!element) return;
    event.preventDefault();
    use(element);
  }

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.defaultPrevented || dialog.open || writes(target)) return;
    // Escape closes what is open before it clears anything.
    if (key === "Escape" && document.querySelector("details.menu[open], :popover-open")) return;
    if (!off()) pressed(event);
  }, true);

  choice.addEventListener("change", remember);
  if (opener) {
    opener.hidden = false;
    opener.addEventListener("click", open);
  }
})();
