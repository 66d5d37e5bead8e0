/** The page's head: which site, under which law, connected or not, in which language. */

import { h, icon } from "./dom.js";
import { LANGUAGES, languageName, setLanguage, t } from "./i18n.js";

const LINKS = { connecting: ["calm", "linkConnecting"], live: ["good", "linkLive"], lost: ["alarm", "linkLost"] };

export class Bar {
  constructor(site) {
    this.site = site;
    const [name, policy, link, languages] = ["agent", "policy", "link", "languages"].map((id) => document.getElementById(id));
    Object.assign(this, { name, policy, link, languages });
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
    const { agent, link, policy } = this.site;
    this.name.textContent = agent.name || agent.id || "edge-agent";
    document.title = agent.name || agent.id || "edge-agent";
    const [tone, words] = LINKS[link];
    document.body.dataset.link = link;
    this.link.className = `link ${tone}`;
    this.link.replaceChildren(h("i.dot"), t(words));
    this.languages.querySelector(`[value="${document.documentElement.lang}"]`).checked = true;
    this.policy.hidden = !policy;
    if (policy) this.#renderPolicy(policy);
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
