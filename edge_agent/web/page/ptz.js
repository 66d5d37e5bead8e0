/** Moves a camera for as long as a button or a key is held. */

import { move, presets } from "./api.js";
import { inWords } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { label, t } from "./i18n.js";

/** Milliseconds between words to a moving camera; the agent stops one that hears nothing for a second. */
const BEAT = 500;

const WAYS = {
  "up-left": [-1, 1, 0], up: [0, 1, 0], "up-right": [1, 1, 0],
  left: [-1, 0, 0], stop: null, right: [1, 0, 0],
  "down-left": [-1, -1, 0], down: [0, -1, 0], "down-right": [1, -1, 0],
};
const KEYS = { ArrowUp: [0, 1, 0], ArrowDown: [0, -1, 0], ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], z: [0, 0, 1], x: [0, 0, -1] };

export class Pad {
  #held = new Map();
  #beating = 0;
  /** The camera that moves: whoever looks at another one meanwhile stops this one, not that one. */
  #moving = null;
  #presets = new Map();

  constructor(site) {
    this.site = site;
    this.buttons = Object.entries(WAYS).map(([name, way]) => this.#button(name, way));
    this.near = this.#button("plus", [0, 0, 1], "zoomIn");
    this.far = this.#button("minus", [0, 0, -1], "zoomOut");
    this.speed = h("input", { type: "range", min: 0.1, max: 1, step: 0.1, value: 0.5, id: "ptz-speed" });
    this.places = h("div.presets");
    this.error = h("p.error", { role: "alert" });
    this.element = h(
      "div.pad",
      {},
      h("div.pad-keys", {}, h("div.ways", { role: "group", "data-t-label": "ptz" }, ...this.buttons), h("div.zooms", {}, this.near, this.far)),
      h("label.range", {}, h("span", { "data-t": "speed" }), this.speed),
      this.places,
      this.error,
    );
    for (const name of ["blur", "pagehide"]) addEventListener(name, () => this.release());
    document.addEventListener("visibilitychange", () => document.hidden && this.release());
    site.on("selected", () => this.release());
  }

  get camera() {
    const camera = this.site.cameras.get(this.site.selected);
    return camera?.ptz && this.site.may("ptz") ? camera : null;
  }

  #button(name, way, words = `way_${name}`) {
    const button = h(`button.way.${name}`, { type: "button", "data-t-label": words }, icon(name === "stop" ? "stop" : name));
    if (!way) button.addEventListener("click", () => this.#halt(this.camera?.id));
    else {
      button.addEventListener("pointerdown", (event) => event.button === 0 && (button.setPointerCapture(event.pointerId), this.hold(name, way)));
      for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) button.addEventListener(end, () => this.release(name));
      button.addEventListener("keydown", ({ key, repeat }) => !repeat && (key === " " || key === "Enter") && this.hold(name, way));
      button.addEventListener("keyup", () => this.release(name));
      button.addEventListener("contextmenu", (event) => event.preventDefault());
    }
    return button;
  }

  /** Takes a key that moves cameras; returns whether it was one. */
  key(key, down) {
    const way = KEYS[key];
    if (!way || (down && !this.camera)) return false;
    if (down) this.hold(key, way);
    else this.release(key);
    return true;
  }

  /** Moves for as long as something is held; two keys together go aslant. */
  hold(name, way) {
    if (this.#held.has(name) || !this.camera) return;
    this.#held.set(name, way);
    this.#moving = this.camera.id;
    this.#beat();
  }

  /** Lets go of one button or key, or of everything. */
  release(name) {
    if (name === undefined ? !this.#held.size : !this.#held.has(name)) return;
    if (name === undefined) this.#held.clear();
    else this.#held.delete(name);
    if (this.#held.size) return this.#beat();
    clearTimeout(this.#beating);
    this.#halt(this.#moving);
  }

  #beat() {
    clearTimeout(this.#beating);
    const sum = [0, 1, 2].map((axis) => Math.sign([...this.#held.values()].reduce((total, way) => total + way[axis], 0)) * Number(this.speed.value));
    this.#send(this.#moving, { pan: sum[0], tilt: sum[1], zoom: sum[2] });
    this.#beating = setTimeout(() => this.#beat(), BEAT);
  }

  #halt(camera) {
    if (camera) this.#send(camera, { stop: true });
  }

  async #send(camera, motion) {
    try {
      await move(camera, motion);
      this.error.textContent = "";
    } catch (failure) {
      this.error.textContent = inWords(failure);
      clearTimeout(this.#beating);
    }
  }

  /** Shows the presets of the selected camera; it is asked for them once. */
  async render() {
    const { camera } = this;
    this.error.textContent = "";
    this.places.replaceChildren();
    if (!camera) return;
    label(this.speed, t("speed"));
    const known = this.#presets.get(camera.id) ?? presets(camera.id).catch(() => null);
    this.#presets.set(camera.id, known);
    const list = await known;
    if (!list) this.#presets.delete(camera.id);
    if (camera !== this.camera || !list?.length) return;
    const go = (token) => () => this.#send(camera.id, { preset: token });
    this.places.replaceChildren(h("h3", {}, t("presets")), ...list.map(({ token, name }) => h("button.preset", { type: "button", click: go(token) }, name || token)));
  }
}
