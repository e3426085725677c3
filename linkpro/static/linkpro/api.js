// Sends what a form cannot say by itself: other methods, and JSON. The answer is a page like this
// one; its content takes the place of ours.
(() => {
  const place = () => document.getElementById("main");

  function request(form) {
    const fields = new FormData(form);
    const headers = { Accept: "text/html", "X-CSRFToken": fields.get("csrfmiddlewaretoken") };
    const asked = { method: form.dataset.method, headers, credentials: "same-origin" };
    if ("json" in form.dataset) {
      headers["Content-Type"] = "application/json";
      asked.body = fields.get("_json");
    } else if (form.querySelector(".fields")) {
      asked.body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams(fields);
    }
    return asked;
  }

  async function show(answer) {
    const text = await answer.text();
    const kind = answer.headers.get("Content-Type") || "";
    const page = kind.startsWith("text/html") && new DOMParser().parseFromString(text, "text/html");
    const found = page && page.getElementById("main");
    if (found) {
      place().replaceChildren(...found.childNodes);
    } else {
      const told = `${answer.status} ${answer.statusText}\n\n${text}`;
      place().querySelector(".json code").textContent = told;
      place().querySelector("#answer-title").textContent = answer.status;
    }
    for (const hidden of place().querySelectorAll("[data-copy], [data-dismiss]")) hidden.hidden = false;
    const wrong = place().querySelector("[aria-invalid]");
    (wrong || place().querySelector("#answer-title") || place()).focus();
    if (wrong) wrong.scrollIntoView({ block: "center" });
  }

  async function send(form) {
    place().setAttribute("aria-busy", "true");
    try {
      await show(await fetch(form.action, request(form)));
    } catch {
      const line = document.createElement("p");
      line.className = "toast";
      line.textContent = document.getElementById("announcer").dataset.offline;
      document.getElementById("toasts").replaceChildren(line);
    } finally {
      place().removeAttribute("aria-busy");
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-method]");
    if (!form) return;
    event.preventDefault();
    if (place().getAttribute("aria-busy") !== "true") send(form);
  });
})();
