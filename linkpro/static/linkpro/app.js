// Small improvements over pages that work without any script.
(() => {
  const root = document.documentElement;
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
  const announcer = document.getElementById("announcer");

  // --- Theme: the reader's choice, forgotten as soon as it is the system's own -----------------

  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemIsDark.matches);

  function showTheme() {
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.setAttribute("aria-pressed", isDark());
    }
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  function switchTheme() {
    const theme = isDark() ? "light" : "dark";
    const systems = (theme === "dark") === systemIsDark.matches;
    if (systems) delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      if (systems) localStorage.removeItem("theme");
      else localStorage.setItem("theme", theme);
    } catch {
      // The choice lasts for this page only.
    }
    showTheme();
  }

  systemIsDark.addEventListener("change", showTheme);

  // --- Words for those who look, and for those who listen --------------------------------------

  function toast(text) {
    const place = document.getElementById("toasts");
    if (!place || !text) return;
    const line = Object.assign(document.createElement("p"), { className: "toast", textContent: text });
    place.replaceChildren(line);
    setTimeout(() => line.remove(), 6000);
  }

  function announce(text) {
    if (announcer && text && announcer.textContent !== text) announcer.textContent = text;
  }

  // --- Clicks and keys -------------------------------------------------------------------------

  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      const label = button.querySelector("span") || button;
      const before = label.textContent;
      label.textContent = button.dataset.copied;
      announce(button.dataset.copied);
      setTimeout(() => (label.textContent = before), 2000);
    } catch {
      getSelection().selectAllChildren(source);
      toast(button.dataset.selected);
    }
  }

  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  }

  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const button = event.target.closest("[data-theme-switch], [data-copy], [data-dismiss]");
    if (!button) return;
    if (button.matches("[data-theme-switch]")) switchTheme();
    else if (button.matches("[data-copy]")) copy(button);
    else button.closest(".banner").remove();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details.menu[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  document.addEventListener("focusout", (event) => {
    if (event.relatedTarget) closeMenus(event.relatedTarget);
  });

  function uncover() {
    for (const element of document.querySelectorAll("[data-copy], [data-dismiss]")) element.hidden = false;
  }

  // --- Parts of the page that are fetched anew --------------------------------------------------

  const seen = new Map(); // id of a part that asks again and again → the answer it showed last
  let opened = []; // ids of the disclosures to open again after a swap
  let held = false; // whether what is swapped away had the keyboard

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.hasAttribute("data-poll") && document.hidden) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr, requestConfig, pathInfo } = event.detail;
    const { elt } = requestConfig;
    const polling = elt.hasAttribute("data-poll");
    if (polling && seen.get(elt.id) === xhr.responseText) {
      event.detail.shouldSwap = false;
      return;
    }
    const answered = xhr.status < 300 && (xhr.status === 204 || xhr.responseText.includes(`id="${target.id}"`));
    if (!answered) {
      // Signed out, gone or broken: let the server say so on a page of its own.
      event.detail.shouldSwap = false;
      if (!polling) location.assign(pathInfo.finalRequestPath);
      else if (xhr.status < 500) location.reload();
      return;
    }
    if (xhr.status === 204) return;
    if (polling) seen.set(elt.id, xhr.responseText);
    held = target.contains(document.activeElement);
    opened = [...target.querySelectorAll(".disclosure[id][open]")].map(({ id }) => id);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    opened = [];
    uncover();
    const part = document.getElementById(event.detail.target.id);
    announce(part?.dataset.announce ?? part?.querySelector("[data-announce]")?.dataset.announce);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const part = document.getElementById(event.detail.target.id);
    if (held && document.activeElement === document.body) part?.focus({ preventScroll: true });
    held = false;
  });

  document.addEventListener("htmx:sendError", (event) => {
    if (!event.detail.elt.hasAttribute("data-poll")) toast(announcer?.dataset.offline);
  });

  // --- A clock to begin with ---------------------------------------------------------------------

  function proposeZone() {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    for (const list of document.querySelectorAll("[data-browser-zone]")) {
      if ([...list.options].some(({ value }) => value === timeZone)) list.value = timeZone;
    }
  }

  showTheme();
  uncover();
  proposeZone();
})();
