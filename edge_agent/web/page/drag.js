/** Carries a camera from one place of the page to another: by mouse or pen at once, by finger after a short hold, since a finger also scrolls. */

import { h } from "./dom.js";

const FAR = 6;
const HOLD = 350;
const SHAKY = 12;

/** Not the browser's own drag and drop, which knows no fingers. */
export class Drag {
  #carried = null;

  /** @param {function({camera, name}, number): void} dropped called with what was carried and the number of the place on the wall. */
  constructor(dropped) {
    this.dropped = dropped;
    addEventListener("keydown", (event) => event.key === "Escape" && this.#carried && (this.#end(), event.stopPropagation()), true);
  }

  /**
   * Lets what lies below an element be carried away.
   * @param {HTMLElement} element
   * @param {function(Event): {camera: string, name: string}|null} cargo what a press takes up.
   */
  from(element, cargo) {
    element.addEventListener("pointerdown", (down) => {
      if (down.button !== 0 || down.target.closest("select, .actions")) return;
      const taken = cargo(down);
      if (taken) this.#press(element, down, taken);
    });
    // Registered before any touch, or the browser scrolls without asking.
    element.addEventListener("touchmove", (event) => this.#carried && event.preventDefault(), { passive: false });
    element.addEventListener("contextmenu", (event) => this.#carried && event.preventDefault());
  }

  #press(element, down, cargo) {
    const gone = new AbortController();
    const { signal } = gone;
    const finger = down.pointerType === "touch";
    const lift = () => this.#lift(element, cargo);
    const hold = finger ? setTimeout(lift, HOLD) : 0;
    const leave = () => {
      clearTimeout(hold);
      gone.abort();
    };
    const move = (event) => {
      if (event.pointerId !== down.pointerId) return;
      const way = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
      if (!this.#carried && finger && way > SHAKY) return leave();
      if (!this.#carried && !finger && way > FAR) lift();
      if (this.#carried) this.#over(event);
    };
    const up = (event) => {
      leave();
      if (this.#carried && event.type === "pointerup") this.#drop();
      this.#end();
    };
    addEventListener("pointermove", move, { signal });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, up, { signal });
  }

  #lift(element, cargo) {
    const ghost = h("div.ghost", { "aria-hidden": "true" }, cargo.name);
    document.body.append(ghost);
    document.body.classList.add("dragging");
    getSelection()?.removeAllRanges();
    this.#carried = { cargo, ghost, place: null };
    // A press that became a drag is no click; the next press is another matter.
    const pressed = new AbortController();
    element.addEventListener("click", (event) => event.stopPropagation(), { capture: true, once: true, signal: pressed.signal });
    addEventListener("pointerdown", () => pressed.abort(), { capture: true, once: true });
  }

  #over({ clientX, clientY }) {
    const { ghost, place } = this.#carried;
    ghost.style.translate = `${clientX}px ${clientY}px`;
    const below = document.elementFromPoint(clientX, clientY)?.closest("[data-cell]") ?? null;
    if (below === place) return;
    place?.classList.remove("over");
    below?.classList.add("over");
    this.#carried.place = below;
  }

  #drop() {
    const { cargo, place } = this.#carried;
    if (place) this.dropped(cargo, Number(place.dataset.cell));
  }

  #end() {
    if (!this.#carried) return;
    this.#carried.place?.classList.remove("over");
    this.#carried.ghost.remove();
    document.body.classList.remove("dragging");
    this.#carried = null;
  }
}
