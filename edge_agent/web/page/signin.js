/** Asks who is there: a box for its token, the control room for a name and a password. */

import { login, logout } from "./api.js";
import { inWords } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { forgetWall } from "./layouts.js";

const TOKEN = [["token", "password", "current-password"]];
const ACCOUNT = [["name", "text", "username"], ["password", "password", "current-password"]];

/**
 * Asks until somebody is let in.
 * @param {string} code why the page was refused: `token_missing` by a box, `login_missing` by a control room.
 */
export function signIn(code) {
  const box = code.startsWith("token_");
  return new Promise((resolve) => {
    const inputs = (box ? TOKEN : ACCOUNT).map(([name, type, autocomplete]) => h("input", { type, id: name, name, autocomplete, required: true, maxlength: 256 }));
    const error = h("p.error", { role: "alert" });
    const submit = async (event) => {
      event.preventDefault();
      error.textContent = "";
      try {
        await login(Object.fromEntries(inputs.map(({ name, value }) => [name, value])));
      } catch (failure) {
        error.textContent = failure.status === 401 ? t(box ? "wrongToken" : "wrongAccount") : inWords(failure);
        return inputs.at(-1).select();
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
        h("p", { "data-t": box ? "loginWhy" : "accountWhy" }, t(box ? "loginWhy" : "accountWhy")),
        ...inputs.flatMap((input) => [h("label", { for: input.id, "data-t": input.name }, t(input.name)), input]),
        error,
        h("button.main-button", { type: "submit", "data-t": "login" }, t("login")),
      ),
    );
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Ends the session and begins anew with nothing of the last person's on the page. */
export async function signOut() {
  try {
    await logout();
  } finally {
    forgetWall();
    location.reload();
  }
}
