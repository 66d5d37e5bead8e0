/** The wall of live pictures: a grid of 1 to 25, or one large above a strip of the others. */

import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { Tile } from "./tile.js";

const STRIP_TILE = 156;
const DOUBLE_CLICK = 400;

export class Wall {
  #tiles = new Map();
  #main = null;
  #first = null;
  #clicked = -Infinity;

  constructor(element, site) {
    Object.assign(this, { element, site });
    this.empty = h("p.empty");
    new ResizeObserver(() => this.#arrange()).observe(element);
    // The first click already rearranges the wall, so the second may land elsewhere: what counts is where the first one was.
    element.addEventListener("dblclick", (event) => {
      if (performance.now() - this.#clicked < 2 * DOUBLE_CLICK && !event.target.closest(".actions")) this.#first?.fullscreen();
    });
    document.addEventListener("fullscreenchange", () => this.#tiles.forEach((tile) => tile.zoom.reset()));
    addEventListener("pagehide", () => this.#tiles.forEach((tile) => tile.player.stop()));
    addEventListener("pageshow", () => this.#tiles.forEach((tile) => tile.player.start()));

    site.on("site", () => this.#load());
    site.on("camera", (camera) => this.#changed(camera));
    site.on("scene", (scene) => this.#tiles.get(scene.camera)?.show(scene));
    site.on("speech", ({ camera }) => this.#tiles.get(camera)?.render());
    site.on("language", () => this.#render());
    site.on("selected", (id) => this.#select(id));
    site.on("link", (state) => state === "live" && this.#tiles.forEach((tile) => tile.player.wake()));
  }

  get selected() {
    return this.#tiles.get(this.site.selected);
  }

  /** Brings the tiles in line with the site; a camera that stays keeps its picture. */
  #load() {
    const cameras = [...this.site.cameras.values()];
    for (const [id, tile] of this.#tiles) {
      if (this.site.cameras.has(id)) continue;
      tile.close();
      this.#tiles.delete(id);
    }
    cameras.forEach((camera, i) => {
      let tile = this.#tiles.get(camera.id);
      if (tile) Object.assign(tile, { camera, number: i + 1 });
      else {
        tile = new Tile(camera, i + 1, this.site, (opened) => this.#open(opened));
        tile.back.addEventListener("click", () => this.shrink());
        this.#tiles.set(camera.id, tile);
        this.element.append(tile.element);
        tile.player.start();
      }
    });
    if (this.#main && !this.#tiles.has(this.#main)) this.#main = null;
    this.#render();
    this.#select(this.site.selected);
    this.#arrange();
  }

  #render() {
    this.#tiles.forEach((tile) => tile.render());
    if (this.#tiles.size) return this.empty.remove();
    this.empty.replaceChildren(icon("camera-off"), h("strong", {}, t("noCameras")), t("noCamerasRemedy"));
    this.element.append(this.empty);
  }

  #changed(camera) {
    const tile = this.#tiles.get(camera.id);
    if (!tile) return;
    if (camera.state === "online") tile.player.wake();
    tile.render();
  }

  #open(tile) {
    const now = performance.now();
    if (now - this.#clicked < DOUBLE_CLICK) return;
    this.#clicked = now;
    this.#first = tile;
    this.enlarge(tile.camera.id);
  }

  #select(id) {
    this.#tiles.forEach((tile, camera) => tile.element.classList.toggle("selected", camera === id));
    if (this.#main && id && this.#main !== id) this.enlarge(id);
  }

  /** Shows one camera large, the others in a strip. */
  enlarge(id) {
    if (this.#main !== id) this.#tiles.get(this.#main)?.zoom.reset();
    this.#main = this.#tiles.size > 1 && this.#tiles.has(id) ? id : null;
    this.#arrange();
    this.site.select(id);
  }

  /** Returns to the even grid. */
  shrink() {
    this.#tiles.get(this.#main)?.zoom.reset();
    this.#main = null;
    this.#arrange();
  }

  flash(id) {
    this.#tiles.get(id)?.flash();
  }

  #arrange() {
    const { clientWidth, clientHeight } = this.element;
    const count = this.#tiles.size;
    this.element.classList.toggle("enlarged", this.#main !== null);
    this.#tiles.forEach((tile, id) => {
      tile.element.classList.toggle("main", id === this.#main);
      tile.element.classList.toggle("only", count === 1);
    });
    const columns = this.#main
      ? Math.max(1, Math.min(count - 1, Math.floor(clientWidth / STRIP_TILE)))
      : bestColumns(count, clientWidth, clientHeight);
    this.element.style.setProperty("--columns", columns);
    this.element.style.setProperty("--rows", Math.ceil((this.#main ? count - 1 : count) / columns) || 1);
  }
}

/** Returns the number of columns that shows 16:9 pictures largest; where sizes are much the same, the one that leaves few gaps. */
export function bestColumns(count, width, height) {
  let best = [1, 0];
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns, (height / rows) * (16 / 9)) * (0.3 + (0.7 * count) / (columns * rows));
    if (size > best[1]) best = [columns, size];
  }
  return best[0];
}
