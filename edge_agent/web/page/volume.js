/** How loud a loudspeaker is, set by whoever hears it through the camera or from the street. */

import { setVolume } from "./api.js";
import { inWords } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { decimal, label, t } from "./i18n.js";

const QUIETEST = -40;

export class Volume {
  constructor(site) {
    this.site = site;
    this.slider = h("input", { type: "range", min: QUIETEST, max: 0, step: 1, input: () => this.#tell(), change: () => this.#set() });
    this.value = h("output");
    this.error = h("p.error", { role: "alert" });
    this.element = h("div.volume", {}, h("label.range", {}, icon("speaker"), this.slider, this.value), this.error);
    for (const name of ["site", "selected", "language"]) site.on(name, () => this.render());
    site.on("camera", ({ id }) => id === site.selected && this.render());
  }

  render() {
    const camera = this.site.cameras.get(this.site.selected);
    this.element.hidden = !camera?.speaker || camera.volume == null || !this.site.may("speak");
    label(this.slider, t("volume"));
    this.error.textContent = "";
    if (document.activeElement !== this.slider || !this.slider.matches(":active")) this.slider.value = camera?.volume ?? 0;
    this.#tell();
  }

  #tell() {
    const words = t("decibels", { n: decimal(Number(this.slider.value)) });
    this.value.textContent = words;
    this.slider.setAttribute("aria-valuetext", words);
  }

  async #set() {
    const camera = this.site.cameras.get(this.site.selected);
    const volume = Number(this.slider.value);
    try {
      await setVolume(camera.id, volume);
      camera.volume = volume;
      this.error.textContent = "";
    } catch (failure) {
      this.render();
      this.error.textContent = inWords(failure);
    }
  }
}
