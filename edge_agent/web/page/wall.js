/** The wall of live pictures: a page of the layout as a grid, or one camera large above a strip of the others. */

import { h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { Tile } from "./tile.js";

const STRIP_TILE = 156;
const DOUBLE_CLICK = 400;
/** Milliseconds that a picture out of sight goes on: whoever scrolls back finds it playing. */
const OUT_OF_SIGHT = 3000;

export class Wall {
  #tiles = new Map();
  #main = null;
  #first = null;
  #clicked = -Infinity;
  #leaving = new Map();

  constructor(element, site, layouts) {
    Object.assign(this, { element, site, layouts });
    this.empty = h("p.empty");
    this.places = [];
    this.sight = new IntersectionObserver((seen) => seen.forEach((entry) => this.#seen(entry)));
    new ResizeObserver(() => this.#fit()).observe(element);
    // The first click already rearranges the wall, so the second may land elsewhere: what counts is where the first one was.
    element.addEventListener("dblclick", (event) => {
      if (performance.now() - this.#clicked < 2 * DOUBLE_CLICK && !event.target.closest(".actions")) this.#first?.fullscreen();
    });
    document.addEventListener("fullscreenchange", () => {
      this.#tiles.forEach((tile) => tile.zoom.reset());
      this.#fit();
    });
    addEventListener("pagehide", () => this.#tiles.forEach((tile) => tile.player.stop()));
    addEventListener("pageshow", ({ persisted }) => persisted && this.#tiles.forEach((tile) => tile.player.start()));

    layouts.addEventListener("changed", () => this.#hang());
    site.on("camera", (camera) => this.#changed(camera));
    site.on("scene", (scene) => this.#tiles.get(scene.camera)?.show(scene));
    site.on("viewer", (told) => this.#tiles.get(told.camera)?.told(told));
    site.on("speech", ({ camera }) => this.#tiles.get(camera)?.render());
    site.on("language", () => this.#render());
    site.on("selected", (id) => this.#select(id));
    site.on("link", (state) => state === "live" && this.#tiles.forEach((tile) => tile.player.wake()));
  }

  get selected() {
    return this.#tiles.get(this.site.selected);
  }

  /** Returns the camera that an event on the wall is about, for carrying it away; a large picture is moved within its frame instead. */
  carried({ target }) {
    const tile = this.#tiles.get(target.closest(".tile")?.dataset.camera);
    return tile && !tile.large ? { camera: tile.camera.id, name: tile.camera.name || tile.camera.id } : null;
  }

  /** Brings the tiles in line with the layout's page; a camera that stays keeps its picture. */
  #hang() {
    const shown = this.layouts.shown();
    if (this.#main && (!this.site.cameras.has(this.#main) || this.layouts.touring)) this.#main = null;
    const wanted = new Set([...shown, this.#main].filter((id) => this.site.cameras.has(id)));
    for (const [id, tile] of this.#tiles) {
      if (wanted.has(id)) continue;
      this.sight.unobserve(tile.element);
      tile.close();
      this.#tiles.delete(id);
    }
    this.places.forEach((place) => place.remove());
    this.places = [];
    const elements = shown.map((id, cell) => (wanted.has(id) ? this.#tile(id, cell).element : this.#place(id, cell)));
    if (this.#main && !shown.includes(this.#main)) elements.push(this.#tile(this.#main, null).element);
    elements.forEach((element, i) => this.#move(element, i));
    this.#render();
    this.#select(this.site.selected);
    this.#arrange();
  }

  #tile(id, cell) {
    let tile = this.#tiles.get(id);
    if (!tile) {
      tile = new Tile(this.site.cameras.get(id), this.site, { opened: () => this.#open(tile), back: () => this.shrink(), remove: () => this.layouts.remove(id), shift: (by) => this.layouts.shift(id, by) });
      this.#tiles.set(id, tile);
      this.sight.observe(tile.element);
    }
    Object.assign(tile, { cell, camera: this.site.cameras.get(id) });
    return tile;
  }

  /** A place where no camera hangs, or one that is not there any more. */
  #place(id, cell) {
    const place = h("div.place", { "data-cell": cell }, icon(id ? "camera-off" : "plus"), h("p", {}, id ? t("cameraGone", { camera: id }) : t("dropHere")));
    this.places.push(place);
    return place;
  }

  /** Puts an element at its place among the others; a picture that moves goes on playing. */
  #move(element, index) {
    const there = this.element.children[index] ?? null;
    if (there === element) return;
    if (element.isConnected && this.element.moveBefore) return this.element.moveBefore(element, there);
    this.element.insertBefore(element, there);
    element.querySelector("video")?.play().catch(() => {}); // a video that was moved stands still
  }

  #seen({ target, isIntersecting }) {
    const tile = this.#tiles.get(target.dataset.camera);
    if (!tile) return;
    clearTimeout(this.#leaving.get(tile));
    this.#leaving.delete(tile);
    if (isIntersecting) tile.player.start();
    else if (tile.player.running) this.#leaving.set(tile, setTimeout(() => tile.rest(), OUT_OF_SIGHT));
  }

  #render() {
    this.#tiles.forEach((tile) => tile.render());
    if (this.#tiles.size || this.places.length) return this.empty.remove();
    const [title, remedy] = this.site.cameras.size ? ["emptyWall", "emptyWallRemedy"] : ["noCameras", this.site.console ? "noAgentsRemedy" : "noCamerasRemedy"];
    this.empty.replaceChildren(icon("camera-off"), h("strong", {}, t(title)), t(remedy));
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

  /** Selects a camera; one that does not hang on this page is shown large as a guest. */
  show(id) {
    this.site.select(id);
    if (!this.layouts.shown().includes(id)) this.enlarge(id);
    else this.#tiles.get(id)?.element.scrollIntoView({ block: "nearest" });
  }

  /** Shows one camera large, the others in a strip. */
  enlarge(id) {
    if (this.#main !== id) this.#tiles.get(this.#main)?.zoom.reset();
    const alone = this.layouts.shown().length === 1 && this.layouts.shown()[0] === id;
    this.#main = !alone && this.site.cameras.has(id) ? id : null;
    if (this.layouts.touring) this.layouts.tour(false);
    else this.#hang();
    this.site.select(id);
  }

  /** Returns to the even grid. */
  shrink() {
    this.#tiles.get(this.#main)?.zoom.reset();
    this.#main = null;
    this.#hang();
  }

  flash(id) {
    this.#tiles.get(id)?.flash();
  }

  get #count() {
    return this.#tiles.size + this.places.length;
  }

  #arrange() {
    const count = this.#count;
    this.element.classList.toggle("enlarged", this.#main !== null);
    this.#tiles.forEach((tile, id) => {
      tile.element.classList.toggle("main", id === this.#main);
      tile.element.classList.toggle("only", count === 1);
    });
    this.#fit();
  }

  /** Chooses columns and rows for the room that there is, and each tile its stream. */
  #fit() {
    const { clientWidth, clientHeight } = this.element;
    const count = this.#count;
    const columns = this.#main
      ? Math.max(1, Math.min(count - 1, Math.floor(clientWidth / STRIP_TILE)))
      : bestColumns(count, clientWidth, clientHeight);
    this.element.style.setProperty("--columns", columns);
    this.element.style.setProperty("--rows", Math.ceil((this.#main ? count - 1 : count) / columns) || 1);
    this.#tiles.forEach((tile) => tile.choose());
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
