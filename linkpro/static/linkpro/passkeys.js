// Lets forms with data-passkey ask the browser for a passkey before they are sent.
(() => {
  const data = document.getElementById("passkey-data");

  async function options(form) {
    if (data) return JSON.parse(data.textContent);
    const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error("no options");
    return answer.json();
  }

  async function ask(form) {
    const given = await options(form);
    if (form.dataset.passkey === "get") return window.webauthnJSON.get(given.request_options);
    const wanted = structuredClone(given.creation_options);
    const alone = form.querySelector("input[name$=passwordless]")?.checked;
    const choice = wanted.publicKey.authenticatorSelection;
    choice.residentKey = alone ? "required" : "discouraged";
    choice.requireResidentKey = Boolean(alone);
    if (alone) choice.userVerification = "required";
    return window.webauthnJSON.create(wanted);
  }

  function reason(error) {
    if (error.name === "NotAllowedError" || error.name === "AbortError") return "cancelled";
    if (error.name === "InvalidStateError") return "known";
    return error.name === "SecurityError" ? "unable" : "failed";
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const told = form.querySelector("[data-cancelled]");
    form.hidden = !window.PublicKeyCredential;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      told.hidden = true;
      try {
        const credential = await ask(form);
        form.querySelector("input[name$=credential]").value = JSON.stringify(credential);
        form.submit();
      } catch (error) {
        told.textContent = told.dataset[reason(error)];
        told.hidden = false;
      }
    });
  }
})();
