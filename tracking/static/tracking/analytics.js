// LinkPro's tracker: no cookie, no storage, no fingerprint. docs/tracker.md tells what it promises.
try { (() => {
  const win = window, doc = document, before = win.linkpro;
  if (before?.loaded) return; // a second copy counts nothing

  // Under a name of the site's choice events go where the script came from: one path is enough.
  const script = doc.currentScript || doc.querySelector('script[src*="/js/analytics.js"],script[data-site]');
  const bare = (address) => address.split(/[?#]/)[0];
  const options = script.dataset, off = (part) => options[part] === "off", home = bare(script.src);
  const api = options.api
    || (/\/js\/analytics\.js$/.test(home) ? new URL("../api/track", home).href : home);
  const ignored = (options.ignore || "").split(/[\s,]+/).includes(location.hostname);
  const active = /^http/.test(location.protocol) && !ignored;

  const MAX_WAITING = 1000, MAX_BATCH = 50, MAX_BYTES = 6e4, GATHER_MS = 250;
  const CAMPAIGN = ("utm_source utm_medium utm_campaign utm_term utm_content ref source gclid gbraid"
    + " wbraid msclkid dclid ttclid twclid li_fat_id fbclid igshid").split(" ");
  const FILES = "7z avi csv dmg doc docx epub exe gz ics iso key mov mp3 mp4 msi odp ods odt pdf pkg ppt"
    + " pptx rar rtf tar tgz txt wav webm xls xlsx zip";

  // Whatever goes wrong in here, the page does not learn of it.
  const safe = (work) => (...given) => { try { return work(...given); } catch {} };
  const on = (target, type, work, how) => target.addEventListener(type, safe(work), how);

  // --- What is told --------------------------------------------------------------------------

  const uuid7 = (ms) => {
    const noise = crypto.getRandomValues(new Uint8Array(10));
    noise[0] = noise[0] & 15 | 112;
    noise[2] = noise[2] & 63 | 128;
    const hex = Array.from(noise, (byte) => (byte + 256).toString(16).slice(1)).join("");
    return (ms.toString(16).padStart(12, "0") + hex).replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };

  const route = () => /^#\//.test(location.hash) ? location.hash.split("?")[0] : "";
  const place = () => location.pathname + route();

  const address = () => {
    const given = new URLSearchParams(location.search), kept = new URLSearchParams();
    for (const name of CAMPAIGN) if (given.get(name)) kept.set(name, given.get(name));
    return location.origin + location.pathname + ("?" + kept).replace(/\?$/, "") + route();
  };

  // Half a surrogate pair, as a careless cut leaves it, would make a whole batch unreadable.
  const json = (value) => JSON.stringify(value)
    .replace(/\\\\|\\ud[89a-f]../g, (found) => found[1] === "u" ? "\ufffd" : found);

  // --- What waits ----------------------------------------------------------------------------

  let queue = [], timer = 0, sending = false, failures = 0, most = MAX_BATCH;
  let view, viewed, from, referrer = bare(doc.referrer), person;

  const write = (entry) => {
    entry.text = json(entry.event);
    entry.bytes = new Blob([entry.text]).size + 1;
  };

  const capture = (name, more) => {
    if (!active || queue.length >= MAX_WAITING) return;
    const timestamp = Date.now();
    const entry = { event: {
      id: uuid7(timestamp), name, timestamp, url: address(), title: doc.title, referrer,
      screen: screen.width + "x" + screen.height, language: navigator.language, ...more,
      ...person,
    } };
    write(entry);
    if (entry.bytes > MAX_BYTES - 200) return; // it could never be sent, and would block the others
    queue.push(entry);
    later(GATHER_MS);
    return entry;
  };

  // Applications set the title after the address: the last one before it is sent is the view's.
  const settle = () => {
    if (view && view.event.title !== doc.title) {
      view.event.title = doc.title;
      write(view);
    }
    view = null;
  };

  const fitting = (entries, most) => {
    let bytes = 200;
    return entries.slice(0, most).filter((entry) => (bytes += entry.bytes) <= MAX_BYTES);
  };

  const pack = (entries) => json({ site: options.site, sent_at: Date.now(), events: [] })
    .replace("[]}", () => "[" + entries.map((entry) => entry.text) + "]}");

  // --- Sending -------------------------------------------------------------------------------

  const later = (ms) => { timer = timer || setTimeout(send, ms); };

  // Which of the batch the answer lets us forget, and for how long to wait. Throws on no answer.
  const post = async (batch) => {
    const answer = await fetch(api, {
      method: "POST", body: pack(batch), headers: { "Content-Type": "text/plain" },
      keepalive: true, credentials: "omit", referrerPolicy: "strict-origin",
      signal: AbortSignal.timeout?.(3e4),
    });
    const { status } = answer, half = Math.ceil(batch.length / 2);
    if (status === 202) {
      const { results } = await answer.json();
      return { done: batch.filter((entry) => results[entry.event.id]) };
    }
    if (status === 413 && most === MAX_BATCH && half < batch.length) return { done: [], half };
    if ([400, 401, 403, 413].includes(status)) return { done: batch };
    return { done: [], wait: Math.min(answer.headers.get("Retry-After") * 1000 || 0, 3.6e6) };
  };

  const send = async () => {
    timer = clearTimeout(timer);
    if (sending || !queue.length || doc.prerendering) return;
    sending = true;
    let result = { done: [] };
    try {
      settle();
      result = await post(fitting(queue, most));
    } catch {}
    sending = false;
    queue = queue.filter((entry) => !result.done.includes(entry));
    if (result.half || result.done.length) {
      most = result.half || MAX_BATCH;
      failures = 0;
      if (queue.length) later(GATHER_MS);
    } else {
      timer = clearTimeout(timer);
      for (const entry of queue) entry.left = false;
      const backoff = Math.random() * Math.min(3e5, 1000 * 2 ** failures++);
      later(Math.max(result.wait || 0, backoff));
    }
  };

  // The page may end now. What is left stays here too: if the page lives on, it is sent again, and
  // the ids make that harmless.
  const leave = () => {
    if (doc.prerendering) return;
    settle();
    const rest = fitting(queue.filter((entry) => !entry.left), MAX_WAITING);
    if (rest[0] && navigator.sendBeacon(api, pack(rest))) for (const entry of rest) entry.left = true;
  };

  on(win, "pagehide", leave);
  on(doc, "visibilitychange", () => doc.hidden ? leave() : later(0));
  on(doc, "prerenderingchange", () => later(0));
  on(win, "online", () => { failures = 0; send(); });

  // --- Page views ----------------------------------------------------------------------------

  const look = safe((again) => {
    if (again !== true && (!viewed || viewed === place())) return;
    settle();
    if (again !== true) referrer = from;
    viewed = place();
    from = bare(location.href);
    view = capture("page_view");
  });

  const start = () => {
    if (doc.prerendering) return on(doc, "prerenderingchange", start, { once: true });
    if (doc.hidden) return on(doc, "visibilitychange", start, { once: true });
    look(true);
    send();
  };

  for (const name of ["pushState", "replaceState"]) {
    const original = history[name];
    history[name] = function (...given) {
      const result = original.apply(this, given);
      look();
      return result;
    };
  }
  on(win, "popstate", look);
  on(win, "hashchange", look);
  on(win, "pageshow", (event) => { if (event.persisted && viewed) look(true); });

  // --- The page's own events -----------------------------------------------------------------

  const own = (name, given) => {
    const more = { ...given }, { props, value } = more, texts = {};
    for (const key of ["currency", "category", "action", "label"]) {
      if (more[key] != null) texts[key] = String(more[key]);
    }
    if (name) capture(String(name), { props, value: value === "" ? null : value, ...texts });
  };

  // Who it is goes along only while the page says that this person wants it.
  const identify = (given) => {
    const id = String(given?.user_id ?? "");
    const unwanted = navigator.globalPrivacyControl || navigator.doNotTrack === "1";
    person = id && given.consent === true && !unwanted ? { user_id: id, consent: true } : null;
  };

  const isAboutPerson = (name) => /^(identify|forget)$/.test(name);
  const linkpro = safe((name, given) => {
    if (isAboutPerson(name)) identify(given); else own(name, given);
  });

  // --- Clicks, downloads, forms --------------------------------------------------------------

  // One action is one event, and what the page calls it in data-linkpro-event is its name.
  const tell = (element, name, label, props) => {
    const said = {}, given = {};
    for (const { name, value } of element.attributes) {
      const [, isProp, key] = name.match(/^data-linkpro-(props-)?(.+)/) || [];
      if (key) (isProp ? given : said)[key] = value;
    }
    own(said.event || name, { label, ...said, props: { ...props, ...given } });
  };

  const labelOf = (link) => {
    const image = link.querySelector("img[alt]");
    const text = link.textContent.trim() || link.ariaLabel || link.title || image?.alt || "";
    return [...text.replace(/\s+/g, " ")].slice(0, 200).join("");
  };

  const whereTo = safe((link) => {
    const target = new URL(link.getAttribute("href"), doc.baseURI), web = /^http/.test(target.protocol);
    if (!web && !/^(mailto|tel|sms):/.test(target.href)) return;
    if (target.hash && bare(target.href) === bare(location.href)) return; // a place on this page
    const href = web ? target.origin + target.pathname : bare(target.href);
    return { href, outbound: web && target.host !== location.host };
  });

  const files = (options.downloads || FILES).toLowerCase().split(/[\s,]+/);
  const isFile = (link, { href }) => !off("downloads") && /^http/.test(href)
    && (link.hasAttribute("download") || files.includes(href.split(".").pop().toLowerCase()));

  const clicked = (event) => {
    const path = event.composedPath(), near = (what) => path.find((node) => node.matches?.(what));
    const link = near("a[href],area[href]"), named = near("[data-linkpro-event]:not(form)");
    if (near("[data-linkpro-ignore]")) return;
    if (event.type === "auxclick" && (event.button !== 1 || !link)) return;
    const { control } = near("label") || {};
    if (control && control !== path[0] && named?.contains(control)) return; // it is clicked next
    const target = link && whereTo(link), file = target && isFile(link, target);
    if (!named && (!target || !file && off("clicks"))) return;
    tell(named || link, file ? "download" : "click", link && labelOf(link), target);
  };
  for (const type of ["click", "auxclick"]) on(doc, type, clicked, true);

  const submitted = safe((form) => {
    if (form.closest("[data-linkpro-ignore]")) return;
    if (off("forms") && !form.hasAttribute("data-linkpro-event")) return;
    const names = ["data-linkpro-name", "name", "id", "aria-label"];
    tell(form, "form_submit", names.map((name) => form.getAttribute(name)).find(Boolean));
  });

  // A script that stops a form to look at it, and then sends it, has submitted it once.
  const stopped = new WeakSet(), forms = HTMLFormElement.prototype, { submit } = forms;
  on(doc, "submit", ({ target }) => {
    stopped.add(target);
    submitted(target);
  }, true);
  forms.submit = function () {
    if (!stopped.delete(this)) submitted(this);
    return submit.apply(this, arguments);
  };

  // --- Beginning -----------------------------------------------------------------------------

  linkpro.version = "2";
  linkpro.loaded = true;
  win.linkpro = linkpro;
  const early = before?.q || [];
  for (const given of early) if (isAboutPerson(given[0])) linkpro(...given); // before the first view
  if (!off("views")) safe(start)();
  for (const given of early) linkpro(...given);
})(); } catch {}
