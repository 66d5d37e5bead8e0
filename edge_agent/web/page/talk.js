/** Speaking through the selected camera's loudspeaker: ready messages, free words, stop, and what became of it. */

import { hush, say } from "./api.js";
import { h, icon } from "./dom.js";
import { duration, label, language, languageName, t } from "./i18n.js";
import { said } from "./phrases.js";
import { typeOf } from "./site.js";

const LONGEST = 500;
const OUTCOMES = { played: ["good", "check"], unheard: ["warn", "warning"], failed: ["alarm", "warning"], refused: ["warn", "warning"], stopped: ["calm", "stop"] };

export class Talk {
  #spoken = null;
  /** What became of the last words, by camera. */
  #results = new Map();

  constructor(site, { voice, volume }) {
    Object.assign(this, { site, voice });
    this.spoken = h("select", { change: () => this.#speak(this.spoken.value) });
    this.buttons = h("div.messages");
    this.text = h("textarea", { maxlength: LONGEST, rows: 1, input: () => this.#count(), keydown: (event) => this.#typed(event) });
    this.counter = h("span.counter");
    this.send = h("button.main-button", { type: "submit" });
    this.stop = h("button.stop", { type: "button", click: () => this.#hush() });
    this.now = h("p.now", { role: "status" });
    this.result = h("div.result", { role: "status" });
    this.form = h("form", { submit: (event) => this.#submit(event) }, h("div.words", {}, this.text, this.counter), this.send);
    for (const part of [this.spoken, this.form, this.now, this.result]) part.hidden = true;
    this.refusal = h("div.refusal");
    this.element = h("div.talk", {}, this.refusal, voice.element, h("div.row", {}, this.now, this.stop), this.result, h("div.row", {}, volume.element, this.spoken), this.buttons, this.form);
    for (const name of ["site", "selected", "language"]) site.on(name, () => this.render());
    site.on("speech", () => this.#renderNow());
    site.on("event", (event) => this.#receipt(event));
    site.on("events", () => site.events.forEach((event) => this.#receipt(event)));
  }

  get camera() {
    return this.site.cameras.get(this.site.selected);
  }

  /** Puts the keyboard on the first message. */
  focus() {
    (this.buttons.querySelector("button:enabled") ?? this.text).focus();
  }

  render() {
    const { camera, site } = this;
    const known = site.agentOf(camera).languages ?? site.languages;
    const languages = known.length ? known : [language()];
    const spoken = [this.#spoken, language(), languages[0]].find((tag) => languages.includes(tag));
    this.spoken.replaceChildren(...languages.map((tag) => h("option", { value: tag, selected: tag === spoken }, languageName(tag))));
    label(this.spoken, t("spoken"));
    const refusal = this.#refusal();
    this.refusal.hidden = !refusal;
    if (refusal) this.refusal.replaceChildren(icon("speaker-off"), h("p", {}, h("strong", {}, t(refusal)), ` ${t(`${refusal}Remedy`) ?? ""}`));
    this.buttons.replaceChildren(...(refusal ? [] : this.#messages(spoken)));
    this.voice.render();
    this.form.hidden = Boolean(refusal);
    this.spoken.hidden = Boolean(refusal) || languages.length < 2;
    this.text.placeholder = t("freeText");
    label(this.text, t("freeText"));
    this.send.replaceChildren(icon("send"));
    label(this.send, t("send"));
    this.stop.replaceChildren(icon("stop"), t("hush"));
    this.#count();
    this.#renderNow();
  }

  /** Returns the key of the words for why nothing can be said, null if it can. */
  #refusal() {
    if (!this.camera?.speaker) return "noSpeaker";
    return this.site.may("speak") ? null : "mayNotTalk";
  }

  #messages(spoken) {
    const { messages: known = this.site.messages } = this.site.agentOf(this.camera);
    const messages = known.map(({ id, texts }) => {
      const tag = texts[spoken] ? spoken : Object.keys(texts)[0];
      const click = () => this.#say({ message: id, language: tag });
      return h("button.message", { type: "button", "data-message": id, lang: tag, title: texts[tag] ?? id, click }, icon("speaker"), h("span", {}, texts[tag] ?? id));
    });
    return messages.length ? messages : [h("p.empty", {}, t("noMessages"))];
  }

  #speak(tag) {
    this.#spoken = tag;
    this.render();
  }

  #count() {
    this.counter.hidden = !this.text.value;
    this.counter.textContent = `${this.text.value.length} / ${LONGEST}`;
    this.send.disabled = !this.text.value.trim();
  }

  #typed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.form.requestSubmit();
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text || !(await this.#say({ text, language: this.spoken.value }))) return;
    this.text.value = "";
    this.#count();
  }

  async #say(what) {
    const { id } = this.camera;
    return this.#attempt(id, async () => ({ state: "asked", ...(await say(id, what)) }));
  }

  async #hush() {
    const { id } = this.camera;
    await this.#attempt(id, async () => {
      await hush(id);
      return { state: "hushed" };
    });
  }

  /** Shows how a request ended; the words stay in the box unless the agent took them. */
  async #attempt(camera, request) {
    let result;
    try {
      result = await request();
    } catch (error) {
      const known = Boolean(error.status);
      result = { state: "failed", reason: known ? error.message : t("unreachable"), remedy: known ? error.remedy : t("unreachableRemedy") };
    }
    // The feed may have told the outcome before the answer to the request came.
    const event = this.site.events.find(({ data }) => result.utterance && data?.utterance === result.utterance);
    this.#results.set(camera, event ? receiptOf(event) : result);
    this.#renderResult();
    this.result.scrollIntoView({ block: "nearest" });
    return result.state === "asked";
  }

  #receipt(event) {
    if (typeOf(event) !== "talkdown.receipt") return;
    for (const [camera, result] of this.#results) {
      if (result.utterance && result.utterance === event.data?.utterance) this.#results.set(camera, receiptOf(event));
    }
    this.#renderResult();
  }

  #renderNow() {
    const speech = this.site.speech.get(this.site.selected);
    this.now.hidden = !speech;
    if (speech) {
      const actor = speech.actor && !speech.live ? h("small", {}, t("asker", { actor: speech.actor })) : null;
      const words = speech.live ? [h("b", {}, t("liveVoice", { actor: speech.actor || "?" }))] : [h("b", {}, t("playing")), " ", h("q", {}, speech.text || "…"), " ", actor ?? ""];
      this.now.replaceChildren(icon(speech.live ? "microphone" : "speaker"), h("span", {}, ...words));
    }
    this.stop.hidden = !speech || !this.site.may("speak");
    this.#renderResult();
  }

  #renderResult() {
    const result = this.#results.get(this.site.selected);
    // What sounds now says more than that it was asked for.
    this.result.hidden = !result || (result.state === "asked" && Boolean(this.site.speech.get(this.site.selected)));
    if (!result) return;
    const [tone, name] = OUTCOMES[result.state] ?? ["calm", "clock"];
    const length = result.state === "played" && result.seconds ? ` (${duration(result.seconds)})` : "";
    this.result.className = `result ${tone}`;
    this.result.replaceChildren(
      icon(name),
      h("p", {}, h("b", {}, t(result.state) + length), ...[result.reason, result.remedy].filter(Boolean).flatMap((words) => [" ", h("span", {}, said(words))])),
    );
  }
}

const receiptOf = ({ data }) => ({ state: data.acoustic?.heard === false ? "unheard" : data.outcome, seconds: data.seconds, reason: data.reason, remedy: data.remedy });
