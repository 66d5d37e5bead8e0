/** Push to talk: a button that is held, by mouse, finger or key, and says plainly when one is on air. */

import { inWords } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { MicrophoneTrouble, Turn } from "./microphone.js";

export class Voice {
  #turn = null;
  #frame = 0;
  /** "idle", "opening", "air" or "refused", and why. */
  #state = "idle";
  #why = "";

  constructor(site) {
    this.site = site;
    this.words = h("span");
    this.meter = h("i.level");
    this.button = h("button.voice", { type: "button" }, this.meter, icon("microphone"), this.words);
    this.error = h("p.error", { role: "alert" });
    this.element = h("div.live-voice", {}, this.button, this.error);
    const { button } = this;
    button.addEventListener("pointerdown", (event) => event.button === 0 && (button.setPointerCapture(event.pointerId), this.press()));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(end, () => this.release());
    button.addEventListener("keydown", (event) => (event.key === " " || event.key === "Enter") && (event.preventDefault(), event.repeat || this.press()));
    button.addEventListener("keyup", () => this.release());
    button.addEventListener("contextmenu", (event) => event.preventDefault());
    for (const name of ["blur", "pagehide"]) addEventListener(name, () => this.release());
    site.on("selected", () => this.release());
  }

  get camera() {
    const camera = this.site.cameras.get(this.site.selected);
    return camera?.voice && this.site.may("speak") ? camera : null;
  }

  /** Begins to speak through the selected camera. */
  async press() {
    if (this.#turn || !this.camera) return;
    const turn = (this.#turn = new Turn());
    this.#show("opening");
    try {
      await turn.open(this.camera.id, () => this.#end(turn, new MicrophoneTrouble("micLost")));
      if (this.#turn !== turn) return;
      this.#show("air");
      this.#hear();
    } catch (error) {
      this.#end(turn, error);
    }
  }

  /** Ends what `press` began. */
  release() {
    const turn = this.#turn;
    if (!turn) return;
    this.#turn = null;
    turn.close();
    this.#show("idle");
  }

  #end(turn, error) {
    turn.close();
    if (this.#turn !== turn) return;
    this.#turn = null;
    this.#show("refused", error instanceof MicrophoneTrouble ? t(error.message) : inWords(error));
  }

  #hear() {
    cancelAnimationFrame(this.#frame);
    if (!this.#turn) return this.meter.style.removeProperty("--level");
    this.meter.style.setProperty("--level", this.#turn.level.toFixed(2));
    this.#frame = requestAnimationFrame(() => this.#hear());
  }

  #show(state, why = "") {
    this.#state = state;
    this.#why = why;
    this.render();
  }

  render() {
    this.element.hidden = !this.camera;
    this.button.dataset.state = this.#state;
    this.button.setAttribute("aria-pressed", String(this.#state === "air"));
    this.words.textContent = t({ opening: "micOpening", air: "micAir" }[this.#state] ?? "micHold");
    document.body.classList.toggle("on-air", this.#state === "air");
    this.error.textContent = this.#why;
  }
}
