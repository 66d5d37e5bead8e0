/** Digital zoom of one picture: wheel, two fingers or keys; dragged when enlarged. */

const MOST = 8;
/** Pixels from which on a press is a drag and no click. */
const FAR = 5;

/** Holds scale and shift of a picture; the overlay asks it where the picture stands. */
export class Zoom {
  #scale = 1;
  #x = 0;
  #y = 0;
  #fingers = new Map();

  /** Whether the last press dragged or pinched the picture. */
  moved = false;

  /** @param {function(): boolean} allowed whether wheel and fingers zoom now, rather than scroll the page. */
  constructor(stage, video, allowed, changed) {
    Object.assign(this, { stage, video, allowed, changed });
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
    stage.addEventListener("pointerdown", (event) => this.#press(event));
    stage.addEventListener("pointermove", (event) => this.#follow(event));
    for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, (event) => this.#fingers.delete(event.pointerId));
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

  #press({ pointerId, clientX, clientY, button }) {
    if (!this.#fingers.size) this.moved = false;
    if (button !== 0 || !this.allowed() || this.#fingers.size === 2) return;
    this.#fingers.set(pointerId, { x: clientX, y: clientY, startX: clientX, startY: clientY });
    if (this.active || this.#fingers.size === 2) for (const id of this.#fingers.keys()) this.stage.setPointerCapture(id);
  }

  /** Moves the picture with one finger; with two it follows their middle and grows with their distance. */
  #follow({ pointerId, clientX, clientY }) {
    const finger = this.#fingers.get(pointerId);
    if (!finger) return;
    const before = span([...this.#fingers.values()]);
    Object.assign(finger, { x: clientX, y: clientY });
    if (Math.hypot(clientX - finger.startX, clientY - finger.startY) > FAR && (this.active || before.wide)) this.moved = true;
    const now = span([...this.#fingers.values()]);
    this.#move(this.#x + now.x - before.x, this.#y + now.y - before.y, this.#scale);
    if (!before.wide) return;
    const { left, top } = this.stage.getBoundingClientRect();
    this.by(now.wide / before.wide, now.x - left, now.y - top);
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

/** Returns the middle of one or two fingers, and how far apart they are, 0 for one. */
function span([one, other = one]) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, wide: Math.hypot(one.x - other.x, one.y - other.y) };
}
