// The editor of link pages: moving by hand and by key, a preview that follows, counted words.
(() => {
  const rowsOf = (list) => [...list.querySelectorAll(":scope > [data-link]")];
  const listNow = () => document.querySelector("[data-links]");

  function uncover() {
    for (const element of document.querySelectorAll("[data-with-script]")) element.hidden = false;
  }

  // --- Moving: the page shows it at once, the server is told, its list replaces ours ------------

  let sending = false;
  let waiting = []; // moves that the server has not been told of: {id, position}

  function place(row, position) {
    const others = rowsOf(row.parentElement).filter((other) => other !== row);
    if (others[position]) others[position].before(row);
    else row.parentElement.append(row);
  }

  // A list that comes while somebody moves on does not know of the newest moves yet.
  function placeWaiting() {
    for (const { id, position } of waiting) {
      const row = document.getElementById(`link-${id}`);
      if (row) place(row, position);
    }
  }

  function restore() {
    waiting = [];
    const list = listNow();
    const at = (row) => Number(row.dataset.at);
    list?.append(...rowsOf(list).sort((a, b) => at(a) - at(b)));
  }

  async function send() {
    if (sending) return;
    sending = true;
    while (waiting.length) {
      const { id, position } = waiting.shift();
      const form = document.querySelector(`#link-${CSS.escape(id)} [data-move]`);
      if (!form) continue;
      const options = { source: form, target: "#links", swap: "outerHTML", values: { position } };
      try {
        await htmx.ajax("POST", form.action, options);
      } catch {
        restore(); // a toast says why; the list shows again what is stored
      }
    }
    sending = false;
  }

  function tell(id, position) {
    if (waiting.at(-1)?.id === id) waiting.pop();
    waiting.push({ id, position });
    send();
  }

  function moveBy(row, step) {
    const rows = rowsOf(row.parentElement);
    const position = rows.indexOf(row) + step;
    if (position < 0 || position >= rows.length) return;
    const focused = document.activeElement;
    place(row, position);
    focused.focus();
    tell(row.dataset.link, position);
  }

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const row = event.target.closest?.("[data-link]");
    if (!step || !row?.querySelector("[data-move]") || event.target.matches("input, textarea")) return;
    event.preventDefault();
    moveBy(row, step);
  });

  // --- Dragging: the neighbours step aside, so that what is held is never taken out of the page --

  let drag = null; // {row, from, pointer}
  let height = 0; // where the pointer is in the window

  function makeRoom() {
    const { row } = drag;
    for (let before = row.previousElementSibling; before; before = row.previousElementSibling) {
      const box = before.getBoundingClientRect();
      if (height > box.top + box.height / 2) break;
      row.after(before);
    }
    for (let after = row.nextElementSibling; after; after = row.nextElementSibling) {
      const box = after.getBoundingClientRect();
      if (height < box.top + box.height / 2) break;
      row.before(after);
    }
  }

  function scrollAlong() {
    if (!drag) return;
    const edge = 60;
    const step = height < edge ? -12 : height > innerHeight - edge ? 12 : 0;
    if (step) {
      scrollBy(0, step);
      makeRoom();
    }
    requestAnimationFrame(scrollAlong);
  }

  function drop(keep) {
    if (!drag) return;
    const { row, from } = drag;
    drag = null;
    row.classList.remove("link-moving");
    const rows = rowsOf(row.parentElement);
    const position = rows.indexOf(row);
    if (position === from) return;
    if (keep) return void tell(row.dataset.link, position);
    rows.splice(from, 0, rows.splice(position, 1)[0]);
    row.parentElement.append(...rows);
  }

  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip || event.button || drag) return;
    const row = grip.closest("[data-link]");
    drag = { row, from: rowsOf(row.parentElement).indexOf(row), pointer: event.pointerId };
    height = event.clientY;
    row.classList.add("link-moving");
    grip.setPointerCapture(event.pointerId);
    scrollAlong();
  });

  document.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drag?.pointer) return;
    height = event.clientY;
    makeRoom();
  });

  document.addEventListener("pointerup", (event) => event.pointerId === drag?.pointer && drop(true));
  document.addEventListener("pointercancel", (event) => event.pointerId === drag?.pointer && drop(false));
  document.addEventListener("keydown", (event) => event.key === "Escape" && drop(false));

  // --- The preview: what is stored, with what is being typed ------------------------------------

  const preview = document.getElementById("preview");
  const form = preview && document.getElementById(preview.dataset.of);
  let timer = 0;

  function showPreview() {
    const url = new URL(preview.src);
    for (const name of form ? ["title", "bio", "theme"] : []) {
      url.searchParams.set(name, new FormData(form).get(name) ?? "");
    }
    preview.contentWindow?.location.replace(url);
  }

  form?.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(showPreview, 300);
  });

  // --- After the list was replaced: the focus stays, or goes where the work goes on -------------

  let focused = ""; // id of what had the focus in the list that is being replaced

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target } = event.detail;
    focused = target.id === "links" && target.contains(document.activeElement) ? document.activeElement.id : "";
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "links") return;
    uncover();
    placeWaiting();
    const list = document.getElementById("links");
    const row = focused.match(/^link-\d+/)?.[0]; // what was saved or cancelled ends at its row
    const ids = [list.dataset.focus, focused, row && `${row}-edit`].filter(Boolean);
    const next = ids.map((id) => document.getElementById(id)).find(Boolean);
    (list.querySelector("[aria-invalid=true]") ?? next)?.focus();
    if (preview) showPreview();
  });

  // --- What is typed is shown where it will stand -----------------------------------------------

  function showName(input) {
    const place = document.querySelector(`[data-shows="${input.id}"]`);
    if (place) place.textContent = input.value.trim().replace(/^@/, "").toLowerCase() || "…";
  }

  function count(input) {
    const place = document.getElementById(input.dataset.counter);
    const n = [...input.value.replace(/\r\n/g, "\n").trim()].length;
    place.textContent = place.dataset.words.replace("%n", n);
    place.toggleAttribute("data-over", n > Number(input.maxLength));
  }

  // A name like the title, until somebody writes one.
  function propose(title) {
    const name = document.getElementById(title.dataset.names);
    if (!name || name.dataset.own) return;
    const plain = title.value.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
    name.value = plain.replace(/[^a-z0-9]+/g, "-").slice(0, 30).replace(/^-+|-+$/g, "");
    showName(name);
  }

  document.addEventListener("input", ({ target, isTrusted }) => {
    if (target.id === "id_username") {
      if (isTrusted) target.dataset.own = "yes";
      showName(target);
    }
    if (target.dataset.counter) count(target);
    if (target.dataset.names) propose(target);
  });

  for (const input of document.querySelectorAll("[data-counter]")) count(input);
  if (document.getElementById("id_username")?.value) document.getElementById("id_username").dataset.own = "yes";
  uncover();
})();
