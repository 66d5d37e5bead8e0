/** The page's head: which site, under which law, connected or not, who looks, in which language. */

import { h, icon } from "./dom.js";
import { label, LANGUAGES, languageName, setLanguage, t } from "./i18n.js";
import { signOut } from "./signin.js";

const LINKS = { connecting: ["calm", "linkConnecting"], live: ["good", "linkLive"], lost: ["alarm", "linkLost"] };

export class Bar {
  constructor(site) {
    this.site = site;
    const [name, policy, link, languages, user] = ["agent", "policy", "link", "languages", "user"].map((id) => document.getElementById(id));
    Object.assign(this, { name, policy, link, languages, user });
    this.languages.append(...LANGUAGES.map((tag) => this.#choice(tag)));
    for (const event of ["site", "link", "language"]) site.on(event, () => this.render());
    document.addEventListener("click", (event) => {
      if (!policy.contains(event.target)) policy.open = false;
    });
    this.render();
  }

  #choice(tag) {
    const change = () => {
      setLanguage(tag);
      this.site.tell("language", tag);
    };
    return h("label", { title: languageName(tag) }, h("input", { type: "radio", name: "language", value: tag, change }), h("span", { lang: tag }, tag.toUpperCase()));
  }

  render() {
    const { agent, link, policy, user } = this.site;
    const title = (this.site.console && t("controlRoom")) || agent.name || agent.id || "edge-agent";
    this.name.textContent = title;
    document.title = title;
    const [tone, words] = LINKS[link];
    document.body.dataset.link = link;
    this.link.className = `link ${tone}`;
    this.link.replaceChildren(h("i.dot"), t(words));
    this.languages.querySelector(`[value="${document.documentElement.lang}"]`).checked = true;
    this.policy.hidden = !policy?.profile;
    if (policy?.profile) this.#renderPolicy(policy);
    this.user.hidden = !user;
    if (user) this.#renderUser(user);
  }

  #renderUser({ name, role }) {
    const leave = h("button.quiet", { type: "button", click: signOut }, icon("leave"));
    label(leave, t("signOut"));
    this.user.replaceChildren(icon("person"), h("b", {}, name), h("span.role", {}, t(`role_${role}`) ?? role), leave);
  }

  #renderPolicy(policy) {
    const words = { site: t("profile_site"), "fr-public-space": t("profile_public") }[policy.profile] ?? policy.profile;
    const rights = ["individual_events", "snapshots", "automatic_talkdown"].map((right) => {
      const allowed = Boolean(policy[right]);
      return h(`li.${allowed ? "allowed" : "forbidden"}`, {}, icon(allowed ? "check" : "cross"), h("span", {}, t(right)), h("b", {}, t(allowed ? "yes" : "no")));
    });
    this.policy.replaceChildren(h("summary", {}, icon("shield"), h("span", {}, words)), h("ul", {}, ...rights, h("li.never", {}, t("neverFaces"))));
  }
}
