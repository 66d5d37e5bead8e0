/** The list of cameras: state in a word, reason, remedy, and what the box makes of each. */

import { h, icon } from "./dom.js";
import { decimal, t, whole } from "./i18n.js";

const TONES = { online: "good", offline: "alarm", degraded: "warn" };

export class CameraList {
  constructor(list, site) {
    Object.assign(this, { list, site });
    for (const name of ["site", "camera", "selected", "language", "health", "speech"]) site.on(name, () => this.render());
  }

  render() {
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.camera : null;
    this.list.replaceChildren(...[...this.site.cameras.values()].map((camera, i) => this.#row(camera, i + 1)));
    if (focused) this.list.querySelector(`[data-camera="${CSS.escape(focused)}"]`)?.focus();
  }

  #row(camera, number) {
    const tone = TONES[camera.state] ?? "calm";
    const select = () => this.site.select(camera.id);
    return h(
      "li",
      {},
      h(
        "button.camera",
        { type: "button", "data-camera": camera.id, "aria-pressed": String(camera.id === this.site.selected), click: select },
        h("kbd", {}, String(number)),
        h("span.line", {}, h("span.name", {}, camera.name || camera.id), h(`span.state.${tone}`, {}, h("i.dot"), t(camera.state) ?? camera.state ?? "")),
        h("span.line", {}, h("span.place", {}, camera.place ?? ""), h("span.facts", {}, ...this.#facts(camera))),
        camera.state !== "online" && camera.reason ? h("span.why", {}, camera.reason, camera.remedy ? h("span", {}, camera.remedy) : null) : null,
      ),
    );
  }

  #facts(camera) {
    const { fps, viewers } = this.site.health.cameras?.[camera.id] ?? {};
    const fact = (name, number, words) => h("span", { title: words }, icon(name), h("span", { "aria-hidden": "true" }, whole(number)), h("span.unseen", {}, words));
    return [
      this.site.speech.get(camera.id) ? h("span.sounding", { title: t("speaking") }, icon("speaker"), h("span.unseen", {}, t("speaking"))) : null,
      camera.masks ? fact("shield", camera.masks, camera.masks === 1 ? t("oneMask") : t("masks", { n: camera.masks })) : null,
      viewers ? fact("eye", viewers, t("viewers", { n: whole(viewers) })) : null,
      fps == null ? null : h("span", {}, t("fps", { n: decimal(fps) })),
    ];
  }
}
