/** Digital zoom of one picture: wheel or keys, dragged when enlarged. */

const MOST = 8;

/** Holds scale and shift of a picture; the overlay asks it where the picture stands. */
export class Zoom {
  #scale = 1;
  #x = 0;
  #y = 0;

  /** @param {function(): boolean} allowed whether the wheel zooms now, rather than scrolls the page. */
  constructor(stage, video, allowed, changed) {
    Object.assign(this, { stage, video, changed });
    stage.addEventListener(
      "wheel",
      (event) => {
        if (!allowed()) return;
        event.preventDefault();
        const { left, top } = stage.getBoundingClientRect();
        this.by(Math.exp(-event.deltaY / 400), event.clientX - left, event.clientY - top);
      },
      { passive: false },
    );
    stage.addEventListener("pointerdown", (event) => this.#drag(event));
  }

  get active() {
    return this.#scale > 1;
  }

  /** Zooms by a factor around a point of the stage, its middle by default. */
  by(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    const scale = Math.min(MOST, Math.max(1, this.#scale * factor));
    this.#move(x - ((x - this.#x) * scale) / this.#scale, y - ((y - this.#y) * scale) / this.#scale, scale);
  }

  reset() {
    if (this.active) this.#move(0, 0, 1);
  }

  /** Returns where a picture of this size stands in the stage, letterboxed and zoomed, in CSS pixels. */
  place(width, height) {
    const { clientWidth, clientHeight } = this.stage;
    const fit = Math.min(clientWidth / width, clientHeight / height) || 0;
    const [w, h] = [width * fit, height * fit];
    return {
      x: this.#x + ((clientWidth - w) / 2) * this.#scale,
      y: this.#y + ((clientHeight - h) / 2) * this.#scale,
      width: w * this.#scale,
      height: h * this.#scale,
    };
  }

  #drag(down) {
    if (!this.active || down.button !== 0) return;
    this.stage.setPointerCapture(down.pointerId);
    let [lastX, lastY] = [down.clientX, down.clientY];
    const move = (event) => {
      this.#move(this.#x + event.clientX - lastX, this.#y + event.clientY - lastY, this.#scale);
      [lastX, lastY] = [event.clientX, event.clientY];
    };
    this.stage.addEventListener("pointermove", move);
    const end = () => this.stage.removeEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) this.stage.addEventListener(name, end, { once: true });
  }

  #move(x, y, scale) {
    this.#scale = scale;
    this.#x = Math.min(0, Math.max(this.stage.clientWidth * (1 - scale), x));
    this.#y = Math.min(0, Math.max(this.stage.clientHeight * (1 - scale), y));
    this.stage.classList.toggle("zoomed", this.active);
    this.video.style.transform = this.active ? `translate(${this.#x}px, ${this.#y}px) scale(${scale})` : "";
    this.changed();
  }
}
