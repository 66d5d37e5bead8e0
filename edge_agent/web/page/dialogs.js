/** Windows over the page: one event, signing in, the keyboard's short cuts. */

import { login } from "./api.js";
import { describe, facts } from "./describe.js";
import { h, icon } from "./dom.js";
import { exact, label, t } from "./i18n.js";

function open(name, title, ...content) {
  const close = h("button.quiet", { type: "button", click: () => dialog.close() }, icon("cross"));
  label(close, t("close"));
  const dialog = h(`dialog.${name}`, { "aria-labelledby": `${name}-title` }, h("header", {}, h("h2", { id: `${name}-title` }, ...title), close), ...content);
  dialog.addEventListener("close", () => dialog.remove());
  // A click on the dialog itself, not on what it holds, is one beside it.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Shows one event large. */
export function showEvent(event, site, talk) {
  const said = describe(event, site);
  const rows = [[t("camera"), said.where], [t("time"), exact(said.at)], ...facts(event)];
  const dialog = open(
    "event-dialog",
    [h(`span.badge.${said.tone}`, {}, icon(said.icon), said.what)],
    event.snapshot ? h("img", { src: event.snapshot, alt: `${said.what}, ${said.where}` }) : h("p.no-picture", {}, icon(said.icon), t("noSnapshot")),
    h("dl", {}, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
  );
  if (!said.camera || !site.cameras.get(said.camera)?.speaker) return;
  const go = () => {
    dialog.close();
    talk();
  };
  dialog.append(h("footer", {}, h("button.main-button", { type: "button", click: go }, icon("speaker"), t("showCamera"))));
}

/** Asks for the token until the agent accepts one. */
export function signIn() {
  return new Promise((resolve) => {
    const token = h("input", { type: "password", id: "token", name: "token", autocomplete: "current-password", required: true });
    const error = h("p.error", { role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      error.textContent = "";
      try {
        await login(token.value);
      } catch (failure) {
        error.textContent = failure.status === 401 ? t("wrongToken") : failure.status ? `${failure.message} ${failure.remedy}` : t("unreachable");
        return token.select();
      }
      dialog.remove();
      resolve();
    };
    const dialog = h(
      "dialog.login",
      { "aria-labelledby": "login-title" },
      h(
        "form",
        { submit },
        h("span.mark-large", { "aria-hidden": "true" }, icon("mark")),
        h("h2", { id: "login-title", "data-t": "login" }, t("login")),
        h("p", {}, t("loginWhy")),
        h("label", { for: "token" }, t("token")),
        token,
        error,
        h("button.main-button", { type: "submit" }, t("login")),
      ),
    );
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  });
}

const KEYS = [["1 – 9", "keySelect"], ["F", "keyFull"], ["M", "keyMessage"], ["Esc", "keyBack"], ["+ − 0", "keyZoom"], ["?", "keyHelp"]];

export function showKeys() {
  open("keys", [t("shortcuts")], h("dl", {}, ...KEYS.flatMap(([key, words]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(words))])));
}
