/** Which cameras hang where on this screen's wall, in pages, and the layouts that were saved under a name. */

import * as api from "./api.js";

/** Places on a page; 0 takes as many as there are cameras. */
export const SIZES = [0, 1, 4, 9, 16, 25];

const MOST_AT_ONCE = 25;
const PAGE_OF_MANY = 9;
const LONGEST = 400;
const REMEMBERED = "edge-agent.wall";
/** Milliseconds that a page stays on a tour. */
const STAY = 15_000;

/** Lets the screen forget its wall: the next person before it begins with their own. */
export function forgetWall() {
  localStorage.removeItem(REMEMBERED);
}

/** Returns an arrangement without holes at its end: they would be empty pages. */
function trimmed(cells) {
  return cells.slice(0, cells.findLastIndex(Boolean) + 1);
}

/**
 * Tells `changed`. The named layouts are the server's, one set for each user; which one this screen shows is the screen's own, and it
 * remembers changes without being asked, for a wall must be the same after a power cut, until its owner signs out.
 */
export class Layouts extends EventTarget {
  saved = [];
  /** Null where the page shows all cameras in their order. */
  name = null;
  size = 0;
  page = 0;
  #cells = null;
  #tour = 0;
  /** Whose wall it is; null until the site says who looks. */
  #owner = null;

  constructor(site) {
    super();
    this.site = site;
    site.on("site", () => this.#load());
  }

  /** Whether the wall shows all cameras, rather than a choice of them. */
  get all() {
    return this.#cells === null;
  }

  get cells() {
    return this.#cells ?? [...this.site.cameras.keys()];
  }

  /** Places on one page. */
  get places() {
    const count = this.cells.length;
    return this.size || (count > MOST_AT_ONCE ? PAGE_OF_MANY : Math.max(1, count));
  }

  get pages() {
    return Math.max(1, Math.ceil(this.cells.length / this.places));
  }

  /** Returns the cameras of this page by place, null where none hangs. */
  shown() {
    if (!this.cells.length) return [];
    const first = this.page * this.places;
    return Array.from({ length: this.places }, (_, i) => this.cells[first + i] ?? null);
  }

  /** Whether what hangs differs from what is saved under its name. */
  get changed() {
    if (this.all) return false;
    const saved = this.saved.find(({ name }) => name === this.name);
    return !saved || saved.size !== this.size || saved.cells.join("\n") !== this.#cells.join("\n");
  }

  get touring() {
    return this.#tour !== 0;
  }

  /** Hangs a camera at a place of this page; what hung there takes the place it came from. */
  hang(camera, place) {
    const cells = this.#own();
    const target = this.all ? place : this.page * this.places + place;
    const source = cells.indexOf(camera);
    if (source === target) return;
    while (cells.length <= target) cells.push(null);
    if (source >= 0) cells[source] = cells[target];
    cells[target] = camera;
    this.#take(cells);
  }

  /** Hangs a camera at the first free place of this page, else behind all others, and turns to it. */
  add(camera) {
    const cells = this.#own();
    let place = cells.indexOf(camera);
    if (place < 0) place = [...this.shown(), null].findIndex((hung) => !hung) + (this.all ? 0 : this.page * this.places);
    if (place < cells.length && cells[place] && cells[place] !== camera) place = cells.length;
    cells[place] = camera;
    this.#take(Array.from(cells, (hung) => hung ?? null));
    this.turn(Math.floor(place / this.places));
  }

  remove(camera) {
    this.#take(this.#own().map((hung) => (hung === camera ? null : hung)));
  }

  /** Swaps a camera with the one some places further on. */
  shift(camera, by) {
    const shown = this.shown();
    const place = shown.indexOf(camera) + by;
    if (place >= 0 && place < shown.length) this.hang(camera, place);
  }

  resize(size) {
    const first = this.page * this.places;
    this.size = size;
    this.page = Math.floor(first / this.places);
    this.#tell();
  }

  turn(page) {
    this.page = (page + this.pages) % this.pages;
    this.#tell();
  }

  /** Turns the pages by itself, or stops doing so. */
  tour(on) {
    clearInterval(this.#tour);
    this.#tour = on ? setInterval(() => this.turn(this.page + 1), STAY) : 0;
    this.#tell();
  }

  /** Shows a saved layout, or all cameras. */
  choose(name) {
    const saved = this.saved.find((layout) => layout.name === name);
    Object.assign(this, { name: saved?.name ?? null, size: saved?.size ?? 0, page: 0 });
    this.#cells = saved ? [...saved.cells] : null;
    this.#tell();
  }

  /** Saves what hangs under a name. */
  async save(name) {
    const layout = { name, size: this.size, cells: this.#own() };
    await this.#store([...this.saved.filter((other) => other.name !== name), layout]);
    this.#cells ??= layout.cells;
    this.name = name;
    this.#tell();
  }

  async forget(name) {
    await this.#store(this.saved.filter((other) => other.name !== name));
    this.choose(null);
  }

  async #store(layouts) {
    layouts.sort((one, other) => one.name.localeCompare(other.name));
    await api.saveLayouts({ layouts });
    this.saved = layouts;
  }

  /** Returns a choice of one's own to change; from all cameras of a large town it starts with those in sight. */
  #own() {
    return [...(this.#cells ?? (this.pages > 1 ? this.shown().filter(Boolean) : this.cells))];
  }

  #take(cells) {
    const places = this.places;
    // The first change to all cameras keeps their grid: one that jumps under the hand is none.
    if (this.all && this.pages > 1) [this.size, this.page] = [places, 0];
    this.#cells = trimmed(cells).slice(0, LONGEST);
    this.#tell();
  }

  #tell() {
    this.page = Math.min(this.page, this.pages - 1);
    const { name, size, page } = this;
    if (this.#owner !== null) localStorage.setItem(REMEMBERED, JSON.stringify({ owner: this.#owner, name, size, page, cells: this.#cells }));
    this.dispatchEvent(new Event("changed"));
  }

  /** Takes what this screen remembers, unless it was another person's. */
  #recall(owner) {
    this.#owner = owner;
    Object.assign(this, { name: null, size: 0, page: 0 });
    this.#cells = null;
    try {
      const { owner: before, name, size, page, cells } = JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}");
      if (before !== owner) return;
      if (SIZES.includes(size)) Object.assign(this, { name, size, page });
      if (Array.isArray(cells)) this.#cells = cells;
    } catch {
      // Written by another version, or by hand: all cameras are a good beginning.
    }
  }

  async #load() {
    const owner = this.site.user?.name ?? "";
    if (owner !== this.#owner) this.#recall(owner);
    this.#tell();
    try {
      const { layouts = [] } = (await api.layouts()) ?? {};
      this.saved = layouts.filter(({ name, cells }) => typeof name === "string" && Array.isArray(cells));
    } catch {
      // The wall hangs without them; the feed's return asks again.
    }
    this.#tell();
  }
}
