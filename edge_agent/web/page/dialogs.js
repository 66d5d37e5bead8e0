/** Windows over the page: one event, a question, the keyboard's short cuts. */

import { describe, facts } from "./describe.js";
import { h, icon } from "./dom.js";
import { exact, label, t } from "./i18n.js";
import { said } from "./phrases.js";

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
  const told = describe(event, site);
  const rows = [[t("camera"), told.where], ...(site.console && told.box ? [[t("box"), told.box]] : []), [t("time"), exact(told.at)], ...facts(event)];
  const dialog = open(
    "event-dialog",
    [h(`span.badge.${told.tone}`, {}, icon(told.icon), told.what)],
    event.snapshot ? h("img", { src: event.snapshot, alt: `${told.what}, ${told.where}` }) : h("p.no-picture", {}, icon(told.icon), t("noSnapshot")),
    h("dl", {}, ...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
  );
  if (!told.camera || !site.cameras.get(told.camera)?.speaker) return;
  const go = () => {
    dialog.close();
    talk();
  };
  dialog.append(h("footer", {}, h("button.main-button", { type: "button", click: go }, icon("speaker"), t("showCamera"))));
}

/** Asks for a few words; stays open with the reason while they cannot be used. */
export function prompt({ title, words, value, longest, done }) {
  const input = h("input", { id: "asked", type: "text", maxlength: longest, required: true, value, autocomplete: "off" });
  act({ title, done: () => done(input.value.trim()), words: t("save"), content: [h("label", { for: "asked" }, words), input] });
}

/** Asks whether something is to be done that cannot be undone. */
export function confirm({ title, words, act: button, done }) {
  act({ title, done, words: button, content: [h("p", {}, words)] });
}

function act({ title, words, content, done }) {
  const error = h("p.error", { role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      await done();
      dialog.close();
    } catch (failure) {
      error.textContent = inWords(failure);
    }
  };
  const dialog = open("act", [title], h("form", { submit }, ...content, error, h("button.main-button", { type: "submit" }, words)));
}

/** Returns why a request failed, in the agent's words or the page's. */
export function inWords(failure) {
  return failure.status ? [failure.message, failure.remedy].filter(Boolean).map(said).join(". ") : t("unreachable");
}

const KEYS = [
  ["1 – 9", "keySelect"], ["F", "keyFull"], ["Esc", "keyBack"], ["+ − 0", "keyZoom"], ["/", "keySearch"], ["PgUp PgDn", "keyPage"],
  ["T", "keyTalk"], ["M", "keyMessage"], ["← ↑ → ↓", "keyMove"], ["Z X", "keyNear"], ["⇧ Enter", "keyHang"], ["⇧ ← →", "keyShift"], ["?", "keyHelp"],
];

export function showKeys() {
  open("keys", [t("shortcuts")], h("dl", {}, ...KEYS.flatMap(([key, words]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, t(words))])));
}
