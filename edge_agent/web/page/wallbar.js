/** The line above the wall: which layout hangs, how many places, which page, save and forget. */

import { confirm, prompt } from "./dialogs.js";
import { h, icon } from "./dom.js";
import { label, t } from "./i18n.js";
import { SIZES } from "./layouts.js";

const LONGEST_NAME = 40;

export class WallBar {
  constructor(element, site, layouts) {
    Object.assign(this, { element, site, layouts });
    const act = (name, click) => h("button.quiet", { type: "button", click }, icon(name));
    this.choice = h("select", { change: () => layouts.choose(this.choice.value || null) });
    this.sizes = h("div.sizes", { role: "group" }, ...SIZES.map((size) => h("button.size", { type: "button", "data-size": size, click: () => layouts.resize(size) })));
    this.save = act("save", () => this.#save());
    this.forget = act("bin", () => this.#forget());
    this.before = act("left", () => layouts.turn(layouts.page - 1));
    this.after = act("right", () => layouts.turn(layouts.page + 1));
    this.page = h("span.page", { role: "status" });
    this.tour = h("button.quiet.tour", { type: "button", click: () => layouts.tour(!layouts.touring) }, icon("tour"));
    this.pages = h("div.pages", {}, this.before, this.page, this.after, this.tour);
    element.append(this.choice, this.save, this.forget, this.sizes, this.pages);
    layouts.addEventListener("changed", () => this.render());
    for (const name of ["site", "language"]) site.on(name, () => this.render());
  }

  render() {
    const { layouts, site } = this;
    this.element.hidden = site.cameras.size < 2 && !layouts.saved.length && layouts.all;
    const options = [["", t("allCameras")], ...layouts.saved.map(({ name }) => [name, name])];
    const own = layouts.changed;
    if (own) options.push(["\0", layouts.name ? t("layoutChanged", { name: layouts.name }) : t("layoutUnsaved")]);
    const chosen = own ? "\0" : (layouts.name ?? "");
    this.choice.replaceChildren(...options.map(([value, words]) => h("option", { value, selected: value === chosen }, words)));
    this.choice.value = chosen;
    label(this.choice, t("layout"));
    label(this.sizes, t("places"));
    for (const button of this.sizes.children) {
      const size = Number(button.dataset.size);
      button.textContent = size || t("auto");
      button.setAttribute("aria-pressed", String(size === layouts.size));
      label(button, size > 1 ? t("placesOf", { n: size }) : t(size ? "onePlace" : "placesAuto"));
    }
    const may = site.may("layout");
    this.save.disabled = !may;
    label(this.save, t(may ? "saveLayout" : "mayNotSave"));
    label(this.forget, t("forgetLayout"));
    label(this.before, t("pageBefore"));
    label(this.after, t("pageAfter"));
    label(this.tour, t("tour"));
    this.forget.hidden = !may || !layouts.saved.some(({ name }) => name === layouts.name);
    this.pages.hidden = layouts.pages < 2;
    this.page.textContent = `${layouts.page + 1} / ${layouts.pages}`;
    this.tour.setAttribute("aria-pressed", String(layouts.touring));
  }

  #save() {
    const { layouts } = this;
    prompt({ title: t("saveLayout"), words: t("layoutName"), value: layouts.name ?? "", longest: LONGEST_NAME, done: (name) => layouts.save(name) });
  }

  #forget() {
    const { name } = this.layouts;
    confirm({ title: t("forgetLayout"), words: t("forgetWhy", { name }), act: t("forget"), done: () => this.layouts.forget(name) });
  }
}
