/** One row of the tree of cameras: an agent with its count, or a camera with its state in a word. */

import { h, icon } from "./dom.js";
import { decimal, label, t, whole } from "./i18n.js";
import { said } from "./phrases.js";

const TONES = { online: "good", offline: "alarm", degraded: "warn" };

/** A row's element stays as long as its camera is in sight; its words change when what they say does. */
export class Row {
  #shown = "";

  constructor(camera) {
    this.add = camera ? h("button.quiet.add", { type: "button", tabindex: -1 }, icon("plus")) : null;
    this.words = h("span.words");
    this.element = h(camera ? "div.camera" : "div.agent", { role: "treeitem" }, this.words, this.add);
  }

  /** Shows what is known of it now, at its place in the list. */
  show(facts, index, top, active, site, place) {
    const { element } = this;
    element.id = `row-${index}`;
    element.dataset.row = index;
    element.style.top = `${top}px`;
    element.classList.toggle("active", active);
    const words = facts.camera ? cameraWords(facts.camera, site, place) : agentWords(facts);
    const shown = JSON.stringify([document.documentElement.lang, facts.level, facts.at, facts.of, facts.open, facts.camera?.id === site.selected, words.key]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const { camera, level, at, of, open } = facts;
    const attributes = { "aria-level": level, "aria-posinset": at, "aria-setsize": of, "aria-selected": camera && String(camera.id === site.selected), "aria-expanded": camera ? null : String(open) };
    for (const [name, value] of Object.entries(attributes)) {
      if (value == null) element.removeAttribute(name);
      else element.setAttribute(name, value);
    }
    if (camera) element.dataset.camera = camera.id;
    element.title = words.title;
    this.words.replaceChildren(...words.parts());
    if (this.add) label(this.add, t("hang", { camera: camera.name || camera.id }));
    if (this.add) this.add.hidden = place !== null;
  }
}

function agentWords({ agent, online, count, open }) {
  const tone = agent.state === "offline" ? "alarm" : online < count ? "warn" : "good";
  const name = agent.name || agent.id;
  const where = agent.state === "offline" ? t("boxOffline") : (agent.place ?? "");
  const figures = `${whole(online)} / ${whole(count)}`;
  return {
    key: [name, where, figures, tone, open],
    title: [name, where].filter(Boolean).join(" · "),
    parts: () => [
      icon(open ? "down" : "right"),
      h("span.line", {}, h("b.name", {}, name), h(`span.state.${tone}`, { title: t("onlineOf", { n: whole(online), all: whole(count) }) }, h("i.dot"), figures)),
      h("span.line", {}, h("span.place", {}, where)),
    ],
  };
}

function cameraWords(camera, site, place) {
  const tone = TONES[camera.state] ?? "calm";
  const name = camera.name || camera.id;
  const why = camera.state !== "online" && camera.reason ? [camera.reason, camera.remedy].filter(Boolean).map(said) : null;
  const { fps, viewers = camera.viewers } = site.health.cameras?.[camera.id] ?? {};
  const speaking = Boolean(site.speech.get(camera.id));
  return {
    key: [name, camera.place, camera.state, why, fps, viewers, speaking, place, camera.masks, camera.ptz],
    title: [name, camera.place, ...(why ?? [])].filter(Boolean).join(" · "),
    parts: () => [
      h("kbd", { class: place === null ? "none" : "" }, place === null ? "" : String(place + 1)),
      h("span.line", {}, h("b.name", {}, name), h(`span.state.${tone}`, {}, h("i.dot"), h(camera.state === "online" ? "span.unseen" : "span", {}, t(camera.state) ?? camera.state ?? ""))),
      h("span.line", {}, why ? h("span.why", {}, why.join(" · ")) : h("span.place", {}, camera.place ?? ""), h("span.facts", {}, ...factsOf(camera, { fps, viewers, speaking }))),
    ],
  };
}

function factsOf(camera, { fps, viewers, speaking }) {
  const fact = (name, words, number = "") => h("span", { title: words }, icon(name), h("span", { "aria-hidden": "true" }, number), h("span.unseen", {}, words));
  return [
    speaking ? fact("speaker", t("speaking")) : null,
    camera.ptz ? fact("move", t("ptz")) : null,
    camera.masks ? fact("shield", camera.masks === 1 ? t("oneMask") : t("masks", { n: camera.masks }), whole(camera.masks)) : null,
    viewers ? fact("eye", t("viewers", { n: whole(viewers) }), whole(viewers)) : null,
    fps == null ? null : h("span", {}, t("fps", { n: decimal(fps) })),
  ];
}
