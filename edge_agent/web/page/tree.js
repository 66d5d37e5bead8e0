/** All cameras, by agent in the control room: searched, counted, carried to the wall. Only the rows in sight exist, so that a thousand are quick. */

import { h, icon } from "./dom.js";
import { label, t, whole } from "./i18n.js";
import { Row } from "./row.js";

/** Of a row, in the root's font size, which a screen on the wall has larger. */
const HEIGHT = 2.875;
const SPARE = 4;

/** Returns words as a search compares them: without case and accents. */
export const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export class Tree {
  #rows = [];
  #drawn = new Map();
  #shut = new Set();
  #active = 0;
  #frame = 0;
  #words = new Map();
  #height = 46;

  /** @param {{show: function(string), add: function(string), place: function(string): number|null}} wall what a choice leads to. */
  constructor(element, site, wall) {
    Object.assign(this, { site, wall });
    this.search = h("input", { type: "search", id: "search", input: () => this.#arrange(true), keydown: (event) => this.#searched(event), maxlength: 80 });
    this.trouble = h("button.choice", { type: "button", "aria-pressed": "false", click: () => this.#filter() });
    this.count = h("p.count", { role: "status" });
    this.ground = h("div.ground", { role: "presentation" });
    this.list = h("div.tree", { role: "tree", tabindex: 0, scroll: () => this.#draw(), keydown: (event) => this.#key(event), click: (event) => this.#click(event) }, this.ground);
    this.empty = h("p.empty", { hidden: true });
    element.querySelector("header").append(this.count, this.trouble);
    element.append(h("label.search", {}, icon("search"), this.search), this.list, this.empty);
    for (const name of ["site", "language"]) site.on(name, () => this.#load());
    for (const name of ["camera", "agent", "selected", "speech", "health"]) site.on(name, () => this.refresh());
    new ResizeObserver(() => this.#draw()).observe(this.list);
  }

  /** Returns the camera that an event in the list is about, for carrying it away. */
  carried(event) {
    const camera = this.#rowAt(event)?.camera;
    return camera ? { camera: camera.id, name: camera.name || camera.id } : null;
  }

  focus() {
    this.search.focus();
    this.search.select();
  }

  /** Shows what changed, once a frame at most: a town's cameras tell a lot. */
  refresh() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#arrange();
    });
  }

  #load() {
    this.#words = new Map();
    for (const camera of this.site.cameras.values()) {
      const agent = this.site.agents.get(camera.agent);
      this.#words.set(camera.id, plain([camera.name, camera.id, camera.place, agent?.name, agent?.place].filter(Boolean).join(" ")));
    }
    label(this.list, t("cameras"));
    label(this.search, t("search"));
    this.search.placeholder = t("search");
    this.#arrange();
  }

  #filter() {
    const on = this.trouble.getAttribute("aria-pressed") !== "true";
    this.trouble.setAttribute("aria-pressed", String(on));
    this.#arrange(true);
  }

  /** Brings the rows in line with site, search and what is folded. */
  #arrange(anew = false) {
    const cameras = [...this.site.cameras.values()];
    const broken = cameras.filter(({ state }) => state !== "online").length;
    const only = this.trouble.getAttribute("aria-pressed") === "true";
    const wanted = plain(this.search.value).split(/\s+/).filter(Boolean);
    const found = cameras.filter(({ id, state }) => (!only || state !== "online") && wanted.every((word) => this.#words.get(id)?.includes(word)));
    const [n, words] = found.length === cameras.length ? [cameras.length - broken, "onlineOf"] : [found.length, "foundOf"];
    const figures = { n: whole(n), all: whole(cameras.length) };
    this.count.replaceChildren(h("span", { "aria-hidden": "true", title: t(words, figures) }, `${figures.n} / ${figures.all}`), h("span.unseen", {}, t(words, figures)));
    this.count.hidden = this.search.parentElement.hidden = !cameras.length;
    this.trouble.hidden = !broken && !only;
    this.trouble.textContent = t("inTrouble", { n: whole(broken) });
    this.#rows = this.site.console ? this.#grouped(found, wanted.length > 0 || only) : found.map((camera, i) => ({ key: camera.id, camera, level: 1, at: i + 1, of: found.length }));
    if (anew) {
      this.#active = 0;
      this.list.scrollTop = 0;
    }
    this.#active = Math.max(0, Math.min(this.#active, this.#rows.length - 1));
    this.#height = HEIGHT * parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.ground.style.height = `${this.#rows.length * this.#height}px`;
    this.list.hidden = !this.#rows.length;
    this.empty.hidden = this.#rows.length > 0;
    this.empty.textContent = t(cameras.length ? "noneFound" : "noCameras");
    this.#draw();
  }

  /** Returns rows under their agents; a search unfolds what it finds. */
  #grouped(cameras, unfolded) {
    const groups = Map.groupBy(cameras, ({ agent }) => agent);
    const agents = [...this.site.agents.values()].filter(({ id }) => groups.has(id) || !unfolded);
    return agents.flatMap((agent, i) => {
      const own = groups.get(agent.id) ?? [];
      const open = unfolded || !this.#shut.has(agent.id);
      const head = { key: `agent ${agent.id}`, agent, open, level: 1, at: i + 1, of: agents.length, count: own.length, online: own.filter(({ state }) => state === "online").length };
      return [head, ...(open ? own.map((camera, j) => ({ key: camera.id, camera, level: 2, at: j + 1, of: own.length })) : [])];
    });
  }

  /** Draws the rows in sight; one that stays keeps its element, so that a press on it ends on it. */
  #draw() {
    const first = Math.max(0, Math.floor(this.list.scrollTop / this.#height) - SPARE);
    const last = Math.min(this.#rows.length, Math.ceil((this.list.scrollTop + this.list.clientHeight) / this.#height) + SPARE);
    const seen = new Set();
    for (let i = first; i < last; i++) {
      const facts = this.#rows[i];
      seen.add(facts.key);
      let row = this.#drawn.get(facts.key);
      if (!row) {
        row = new Row(facts.camera);
        this.#drawn.set(facts.key, row);
        this.ground.append(row.element);
      }
      row.show(facts, i, i * this.#height, i === this.#active, this.site, facts.camera ? this.wall.place(facts.camera.id) : null);
    }
    for (const [key, row] of this.#drawn) {
      if (seen.has(key)) continue;
      row.element.remove();
      this.#drawn.delete(key);
    }
    const active = this.#drawn.get(this.#rows[this.#active]?.key)?.element.id;
    if (active) this.list.setAttribute("aria-activedescendant", active);
    else this.list.removeAttribute("aria-activedescendant");
  }

  #rowAt(event) {
    const element = event.target.closest("[data-row]");
    return element && this.#rows[Number(element.dataset.row)];
  }

  #click(event) {
    const row = this.#rowAt(event);
    if (!row) return;
    this.#active = this.#rows.indexOf(row);
    if (event.target.closest(".add")) this.wall.add(row.camera.id);
    else this.#enter(row);
  }

  #enter(row) {
    if (row.camera) this.wall.show(row.camera.id);
    else this.#fold(row, row.open);
    this.#draw();
  }

  #fold({ agent }, shut) {
    if (shut) this.#shut.add(agent.id);
    else this.#shut.delete(agent.id);
    this.#arrange();
  }

  #searched(event) {
    if (event.key === "ArrowDown") this.list.focus();
    else if (event.key === "Enter" && this.#rows.find(({ camera }) => camera)) this.wall.show(this.#rows.find(({ camera }) => camera).camera.id);
    else if (event.key === "Escape" && this.search.value) {
      this.search.value = "";
      this.#arrange(true);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #key(event) {
    const row = this.#rows[this.#active];
    if (!row || event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.list.clientHeight / this.#height) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.#rows.length, End: this.#rows.length }[event.key];
    if (step) this.#step(step);
    else if (event.key === "Insert" || (event.key === "Enter" && event.shiftKey)) row.camera && this.wall.add(row.camera.id);
    else if (event.key === "Enter" || event.key === " ") this.#enter(row);
    else if (event.key === "ArrowLeft" && row.agent && row.open) this.#fold(row, true);
    else if (event.key === "ArrowLeft" && row.level > 1) this.#step(-row.at);
    else if (event.key === "ArrowRight" && row.agent && !row.open) this.#fold(row, false);
    else if (!event.key.startsWith("Arrow")) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #step(by) {
    this.#active = Math.max(0, Math.min(this.#rows.length - 1, this.#active + by));
    const top = this.#active * this.#height;
    if (top < this.list.scrollTop) this.list.scrollTop = top;
    else if (top + this.#height > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top + this.#height - this.list.clientHeight;
    this.#draw();
  }
}
