/*
 * Passkeys: asks the browser for one, puts what it says into the page's own form and sends that. Without this script
 * its forms stay hidden, and everything else works.
 */
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));

  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replace(/\+/g, "-")
      .replace(/\//g, "_")
      .replace(/=+$/, "");

  const list = (words) => words.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));

  /* [WebAuthn 7.2] */
  const show = async ({ dataset }) => {
    const credential = await navigator.credentials.get({
      publicKey: {
        challenge: bytes(dataset.challenge),
        rpId: dataset.rpId,
        allowCredentials: list(dataset.known),
        userVerification: dataset.known ? "preferred" : "required",
      },
    });
    const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
    return {
      credential_id: text(credential.rawId),
      client_data: text(clientDataJSON),
      authenticator_data: text(authenticatorData),
      signature: text(signature),
      user_handle: userHandle ? text(userHandle) : "",
    };
  };

  /* [WebAuthn 7.1] ES256, EdDSA, RS256 */
  const add = async ({ dataset }) => {
    const credential = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(dataset.challenge),
        rp: { id: dataset.rpId, name: dataset.rpName },
        user: { id: bytes(dataset.userId), name: dataset.userName, displayName: dataset.userDisplayName },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
        excludeCredentials: list(dataset.known),
        authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
        attestation: "none",
      },
    });
    const { clientDataJSON, attestationObject } = credential.response;
    return { client_data: text(clientDataJSON), attestation_object: text(attestationObject) };
  };

  const offer = (id, ask) => {
    const form = document.getElementById(id);
    if (!form || !window.PublicKeyCredential) return;
    const button = form.querySelector("button");
    const problem = form.querySelector(".problem");
    button.addEventListener("click", async () => {
      if (!form.reportValidity()) return;
      button.disabled = true;
      problem.hidden = true;
      try {
        Object.entries(await ask(form)).forEach(([name, value]) => {
          form.elements[name].value = value;
        });
        form.submit();
      } catch (error) {
        problem.hidden = false;
        button.disabled = false;
      }
    });
    form.hidden = false;
  };

  offer("passkey-form", show);
  offer("passkey-add-form", add);
})();
