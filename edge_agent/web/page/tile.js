/** One camera's place on the wall: picture, boxes, state in words, buttons. */

import { whep } from "./api.js";
import { h, icon, save } from "./dom.js";
import { label, t } from "./i18n.js";
import { Overlay } from "./overlay.js";
import { WhepPlayer } from "./whep.js";
import { Zoom } from "./zoom.js";

const ALARM_SHOWN = 4000;

/** Lives as long as its camera is on the site. */
export class Tile {
  #picture = { state: "connecting" };
  #alarm;

  /** @param {function(Tile): void} opened called when the viewer wants this camera large. */
  constructor(camera, number, site, opened) {
    Object.assign(this, { camera, number, site });
    this.video = h("video", { autoplay: true, muted: true, playsinline: true, disablepictureinpicture: true });
    this.video.muted = true; // The attribute alone does not count for elements made by script.
    this.stage = h("div.stage", {}, this.video);
    const canvas = h("canvas.boxes", { "aria-hidden": "true" });
    this.notice = h("div.notice");
    this.title = h("button.caption", { type: "button", click: () => opened(this) });
    this.state = h("span.chip");
    this.speech = h("span.chip.speech", { hidden: true });
    this.save = h("button.quiet", { type: "button", click: () => this.snapshot() }, icon("photo"));
    this.full = h("button.quiet", { type: "button", click: () => this.fullscreen() }, icon("expand"));
    this.back = h("button.quiet.back", { type: "button" }, icon("grid"));
    this.element = h(
      "article.tile",
      { "data-camera": camera.id },
      this.stage,
      canvas,
      this.notice,
      h("div.chips", {}, this.state, this.speech),
      h("div.actions", {}, this.save, this.back, this.full),
      this.title,
    );
    this.zoom = new Zoom(this.stage, this.video, () => this.large, () => this.overlay.redraw());
    this.overlay = new Overlay(canvas, () => this.zoom.place(...this.#size()));
    this.#clock();
    this.video.addEventListener("resize", () => this.overlay.redraw());
    this.stage.addEventListener("click", () => opened(this));
    this.player = new WhepPlayer(this.video, whep(camera.id), (picture) => {
      this.#picture = picture;
      if (picture.state !== "live") this.overlay.clear();
      this.render();
    });
    this.render();
  }

  get large() {
    return this.element.classList.contains("main") || document.fullscreenElement === this.element;
  }

  #size() {
    const { videoWidth, videoHeight } = this.video;
    return videoWidth ? [videoWidth, videoHeight] : [this.camera.width || 16, this.camera.height || 9];
  }

  /** Measures how long pictures take from their arrival until they are shown, where the browser says it. */
  #clock() {
    this.video.requestVideoFrameCallback?.((_, { receiveTime, expectedDisplayTime }) => {
      if (receiveTime) this.overlay.late += (expectedDisplayTime - receiveTime - this.overlay.late) * 0.1;
      this.#clock();
    });
  }

  /** Takes a scene; boxes over a picture that does not move would lie. */
  show(scene) {
    if (this.#picture.state === "live") this.overlay.show(scene);
  }

  /** Shows words for what changed: camera, picture, speech, language. */
  render() {
    const { camera } = this;
    const name = camera.name || camera.id;
    const live = this.#picture.state === "live";
    this.element.dataset.state = this.#picture.state;
    this.element.setAttribute("aria-label", name);
    this.title.replaceChildren(
      h("kbd", {}, String(this.number)),
      h("strong", {}, name),
      h("span.place", {}, camera.place),
    );
    this.title.title = t("enlarge", { camera: name });
    this.state.className = `chip ${live ? (camera.state === "degraded" ? "warn" : "good") : "calm"}`;
    this.state.replaceChildren(h("i.dot"), t(live ? (camera.state === "degraded" ? "degraded" : "live") : this.#calm()));
    const speech = this.site.speech.get(camera.id);
    this.speech.hidden = !speech;
    this.speech.replaceChildren(icon("speaker"), t("speaking"));
    label(this.save, t("snapshot"));
    label(this.full, t("fullscreen"));
    label(this.back, t("back"));
    this.save.disabled = !live;
    this.notice.hidden = live;
    this.notice.replaceChildren(...(live ? [] : this.#excuse()));
  }

  #calm() {
    return this.#picture.state === "connecting" && this.camera.state !== "offline" ? "connecting" : "noPictureNow";
  }

  /** Returns why there is no picture and what to do; the camera's own reason explains more than the viewer's. */
  #excuse() {
    const { camera } = this;
    if (this.#calm() === "connecting") return [h("span.spinner"), h("p", {}, t("connecting"))];
    const { key, reason, remedy } = this.#picture;
    const why = camera.state === "offline" && camera.reason ? camera : { reason: key ? t(key) : reason, remedy: key ? t(`${key}Remedy`) : remedy };
    return [
      icon("camera-off"),
      h("p.why", {}, why.reason || t("noPictureNow")),
      why.remedy ? h("p", {}, why.remedy) : null,
      h("p.again", {}, t("retrying"), " ", h("button.link", { type: "button", click: () => this.player.wake() }, t("retry"))),
    ].filter(Boolean);
  }

  /** Lights the tile for a moment. */
  flash() {
    clearTimeout(this.#alarm);
    this.element.classList.add("alarm");
    this.#alarm = setTimeout(() => this.element.classList.remove("alarm"), ALARM_SHOWN);
  }

  fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen?.();
  }

  /** Saves what is seen now, without boxes. */
  snapshot() {
    const [width, height] = this.#size();
    const canvas = h("canvas", { width, height });
    canvas.getContext("2d").drawImage(this.video, 0, 0, width, height);
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
    canvas.toBlob((blob) => save(blob, `${this.camera.id}_${stamp}Z.jpg`), "image/jpeg", 0.92);
  }

  close() {
    clearTimeout(this.#alarm);
    this.player.stop();
    this.element.remove();
  }
}
