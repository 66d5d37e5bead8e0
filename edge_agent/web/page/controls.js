/** What can be done with the selected camera: speak through it, move it. */

import { h, icon } from "./dom.js";
import { t } from "./i18n.js";

const TABS = [["talk", "speaker"], ["move", "move"]];

/** Holds the panels for talking and moving; over a picture on the whole screen the pad goes with it. */
export class Controls {
  #tab = "talk";

  constructor(element, site, { talk, pad }) {
    Object.assign(this, { element, site, pad });
    this.target = h("h2.target");
    this.tabs = h("div.tabs", { role: "tablist", keydown: (event) => this.#step(event) }, ...TABS.map(([name, sign]) => this.#tabOf(name, sign)));
    this.panels = { talk: talk.element, move: h("div.move", {}, pad.element) };
    for (const [name, panel] of Object.entries(this.panels)) {
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", `tab-${name}`);
      panel.id = name;
    }
    element.append(this.target, this.tabs, ...Object.values(this.panels));
    for (const name of ["site", "selected", "language"]) site.on(name, () => this.render());
    document.addEventListener("fullscreenchange", () => this.#place());
  }

  #tabOf(name, sign) {
    return h("button.tab", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": name, click: () => this.open(name) }, icon(sign), h("span", { "data-t": name }));
  }

  open(name) {
    this.#tab = name;
    this.render();
  }

  #step({ key }) {
    if (!["ArrowLeft", "ArrowRight"].includes(key)) return;
    this.open(this.#tab === "talk" ? "move" : "talk");
    document.getElementById(`tab-${this.#tab}`).focus();
  }

  render() {
    const camera = this.site.cameras.get(this.site.selected);
    const movable = Boolean(this.pad.camera);
    this.element.hidden = !camera;
    this.target.textContent = camera?.name || camera?.id || "";
    this.target.title = camera?.place ?? "";
    this.tabs.hidden = !movable;
    const tab = movable ? this.#tab : "talk";
    for (const [name, panel] of Object.entries(this.panels)) {
      const button = document.getElementById(`tab-${name}`);
      button?.setAttribute("aria-selected", String(name === tab));
      if (button) button.tabIndex = name === tab ? 0 : -1;
      panel.hidden = name !== tab;
    }
    this.pad.render();
  }

  #place() {
    const full = document.fullscreenElement;
    const host = full?.dataset.camera === this.pad.camera?.id && full ? full : this.panels.move;
    if (this.pad.element.parentElement !== host) host.append(this.pad.element);
  }
}
