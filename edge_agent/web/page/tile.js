/** One camera's place on the wall: picture, boxes, state in words, buttons. */

import { whep } from "./api.js";
import { h, icon, save } from "./dom.js";
import { label, t } from "./i18n.js";
import { Overlay } from "./overlay.js";
import { said } from "./phrases.js";
import { Reception } from "./reception.js";
import { WhepPlayer } from "./whep.js";
import { Zoom } from "./zoom.js";

const ALARM_SHOWN = 4000;
/** Where a press of the arrow keys with Shift moves a camera on the wall. */
const SHIFTS = { ArrowLeft: -1, ArrowRight: 1 };

/** Lives as long as its camera hangs on the page of the wall. */
export class Tile {
  #picture = { state: "connecting" };
  #alarm;
  #told = null;

  /** @param {{opened: function, back: function, remove: function, shift: function(number)}} wall what the viewer wants of the wall. */
  constructor(camera, site, wall) {
    Object.assign(this, { camera, site, cell: null });
    this.video = h("video", { autoplay: true, muted: true, playsinline: true, disablepictureinpicture: true });
    this.video.muted = true; // The attribute alone does not count for elements made by script.
    this.stage = h("div.stage", {}, this.video);
    const canvas = h("canvas.boxes", { "aria-hidden": "true" });
    this.notice = h("div.notice");
    const keydown = (event) => event.shiftKey && SHIFTS[event.key] && (wall.shift(SHIFTS[event.key]), event.stopPropagation());
    this.title = h("button.caption", { type: "button", click: wall.opened, keydown });
    this.state = h("span.chip");
    this.speech = h("span.chip.speech", { hidden: true });
    const act = (name, click, kind = "") => h(`button.quiet${kind}`, { type: "button", click }, icon(name));
    this.save = act("photo", () => this.snapshot());
    this.remove = act("cross", wall.remove, ".remove");
    this.back = act("grid", wall.back, ".back");
    this.full = act("expand", () => this.fullscreen());
    this.reception = new Reception(() => this.choose());
    this.element = h(
      "article.tile",
      { "data-camera": camera.id },
      this.stage,
      canvas,
      this.notice,
      h("div.chips", {}, this.state, this.reception.chip, this.speech),
      h("div.actions", {}, this.reception.pin, this.save, this.remove, this.back, this.full),
      this.title,
    );
    this.zoom = new Zoom(this.stage, this.video, () => this.large, () => this.overlay.redraw());
    this.overlay = new Overlay(canvas, () => this.zoom.place(...this.#size()));
    this.#clock();
    this.video.addEventListener("resize", () => this.overlay.redraw());
    this.stage.addEventListener("click", () => !this.zoom.moved && wall.opened());
    this.player = new WhepPlayer(this.video, whep(camera.id), {
      state: (picture) => this.#see(picture),
      measured: (quality) => this.#measured(quality),
    });
    this.render();
  }

  get large() {
    return this.element.classList.contains("main") || this.element.classList.contains("only") || document.fullscreenElement === this.element;
  }

  #size() {
    const { videoWidth, videoHeight } = this.video;
    return videoWidth ? [videoWidth, videoHeight] : [this.camera.width || 16, this.camera.height || 9];
  }

  #see(picture) {
    this.#picture = picture;
    if (picture.state !== "live") {
      this.overlay.clear();
      this.reception.lose();
    }
    this.render();
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

  /** Takes what the agent tells of a viewer of this camera: which stream it gets, and why. */
  told(told) {
    this.#told = told;
  }

  #measured(quality) {
    // Until the feed tells of this session it is what was asked for, if the camera has it.
    const asked = this.player.stream === "sub" && this.camera.streams?.includes("sub") ? "sub" : "main";
    const { stream, reason } = this.#told?.session === this.player.session ? this.#told : { stream: asked };
    this.reception.measure(quality, stream, reason);
  }

  /** Plays the stream that suits the tile's size, or the one that the viewer pinned. */
  choose() {
    this.player.select(this.reception.wish(this.large, this.element.clientWidth));
  }

  /** Stops the picture until the tile is in sight again. */
  rest() {
    this.player.stop();
    this.#see({ state: "connecting" });
  }

  /** Shows words for what changed: camera, picture, speech, language. */
  render() {
    const { camera, cell } = this;
    const name = camera.name || camera.id;
    const live = this.#picture.state === "live";
    const degraded = camera.state === "degraded";
    this.element.dataset.state = this.#picture.state;
    if (cell === null) delete this.element.dataset.cell;
    else this.element.dataset.cell = cell;
    this.element.setAttribute("aria-label", name);
    const agent = camera.agent ? (this.site.agents.get(camera.agent)?.name ?? camera.agent) : "";
    this.title.replaceChildren(
      ...(cell === null ? [] : [h("kbd", {}, String(cell + 1))]),
      h("strong", {}, name),
      h("span.place", {}, [camera.place, agent].filter(Boolean).join(" · ")),
    );
    this.title.title = t("enlarge", { camera: name });
    this.state.className = `chip ${live ? (degraded ? "warn" : "good") : "calm"}`;
    this.state.replaceChildren(h("i.dot"), t(live ? (degraded ? "degraded" : "live") : this.#calm()));
    this.#renderSpeech();
    this.reception.render(camera);
    label(this.save, t("snapshot"));
    label(this.full, t("fullscreen"));
    label(this.back, t("back"));
    label(this.remove, t("takeDown"));
    this.save.disabled = !live;
    this.notice.hidden = live;
    this.notice.replaceChildren(...(live ? [] : this.#excuse()));
  }

  #renderSpeech() {
    const speech = this.site.speech.get(this.camera.id);
    this.speech.hidden = !speech;
    this.speech.classList.toggle("air", Boolean(speech?.live));
    this.speech.replaceChildren(icon(speech?.live ? "microphone" : "speaker"), t(speech?.live ? "onAir" : "speaking"));
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
      h("p.why", {}, said(why.reason) || t("noPictureNow")),
      why.remedy ? h("p", {}, said(why.remedy)) : null,
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
    canvas.toBlob((blob) => save(blob, `${this.camera.id.replaceAll(":", "_")}_${stamp}Z.jpg`), "image/jpeg", 0.92);
  }

  close() {
    clearTimeout(this.#alarm);
    this.player.stop();
    this.element.remove();
  }
}
