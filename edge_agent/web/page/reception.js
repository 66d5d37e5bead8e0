/** How well a picture arrives and which stream it is: a small sign on the tile, and the viewer's choice between them. */

import { h } from "./dom.js";
import { decimal, label, percent, t, whole } from "./i18n.js";
import { said } from "./phrases.js";

const BARS = { good: 3, fair: 2, poor: 1 };
/** Pixels of the screen from which on a sub-stream looks poor. */
const WIDE = 960;
const STREAMS = ["auto", "main", "sub"];

export class Reception {
  #quality = null;
  #stream = null;
  #reason = "";
  #shown = "";

  /** @param {function(): void} changed called when the viewer pins a stream. */
  constructor(changed) {
    this.chip = h("span.chip.reception", { hidden: true });
    this.pin = h("select.pin", { change: changed, hidden: true }, ...STREAMS.map((value) => h("option", { value })));
  }

  /** Returns the stream to ask for: what is pinned, else the small one for a small tile. A large tile leaves it to the agent, for a thin link. */
  wish(large, width) {
    if (this.pin.value !== "auto") return this.pin.value;
    return large || width * devicePixelRatio >= WIDE ? "auto" : "sub";
  }

  /** Takes what was measured, and which stream the agent says it is, and why. */
  measure(quality, stream, reason = "") {
    this.#quality = quality;
    this.#stream = stream;
    this.#reason = reason;
    this.#show();
  }

  /** Forgets what was measured: there is no picture. */
  lose() {
    this.#quality = null;
    this.#show();
  }

  /** Shows words anew, for a language or a camera that changed. */
  render({ streams = [] }) {
    label(this.pin, t("quality"));
    this.pin.hidden = streams.length < 2;
    for (const option of this.pin.options) option.textContent = t(`stream_${option.value}`);
    this.#shown = "";
    this.#show();
  }

  #show() {
    const quality = this.#quality;
    this.chip.hidden = !quality;
    if (!quality) return;
    const { grade, loss, rtt, fps, width, height, rate } = quality;
    const stream = this.#stream ? t(`stream_${this.#stream}`) : null;
    const reason = said(this.#reason);
    const size = `${width}×${height}`;
    const pace = t("fps", { n: whole(fps) });
    const facts = [t("lossOf", { n: percent(loss) }), rtt == null ? null : `${whole(rtt * 1000)} ms`, t("megabits", { n: decimal(rate / 1e6) })];
    const words = [t(`reception_${grade}`), stream && [stream, reason].filter(Boolean).join(", "), size, pace, ...facts].filter(Boolean).join(" · ");
    if (words === this.#shown) return;
    this.#shown = words;
    this.chip.className = `chip reception ${{ good: "good", fair: "warn", poor: "alarm" }[grade]}`;
    this.chip.title = words;
    const bars = h("span.bars", { "aria-hidden": "true" }, ...[1, 2, 3].map((bar) => h(bar <= BARS[grade] ? "i.on" : "i")));
    this.chip.replaceChildren(bars, h("span.unseen", {}, t(`reception_${grade}`)), h("span.stream", {}, stream ?? ""), h("span.facts", {}, [size, pace, ...facts].filter(Boolean).join(" · ")));
  }
}
