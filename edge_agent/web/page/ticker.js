/** What happened, newest first. */

import { describe, TYPES } from "./describe.js";
import { h, icon } from "./dom.js";
import { ago, exact, label, percent, t } from "./i18n.js";

// What people did fills the list where many watch: it is there when asked for.
const GROUPS = { main: (group) => group !== "trail", alarms: (group) => group === "alarms", talks: (group) => group === "talks", all: () => true };
const KEPT = 200;

export class Ticker {
  #group = "main";
  #type = "";
  #here = false;

  /** @param {function(object): void} opened called with the event that a person chose. */
  constructor(element, site, opened) {
    Object.assign(this, { site, opened });
    this.filter = h("div.filter", { role: "group", "aria-labelledby": "ticker-title" });
    this.types = h("select", { change: () => this.#narrow({ type: this.types.value }) });
    this.here = h("button.choice", { type: "button", "aria-pressed": "false", click: () => this.#narrow({ here: !this.#here }) });
    this.list = h("ol.events");
    this.empty = h("p.empty");
    element.append(this.filter, h("div.row", {}, this.types, this.here), this.empty, this.list);
    site.on("event", (event) => this.#add(event));
    for (const name of ["events", "site", "language"]) site.on(name, () => this.#render());
    site.on("selected", () => this.#here && this.#narrow({}));
    setInterval(() => this.#age(), 10_000);
  }

  #add(event) {
    const row = this.#row(event);
    row.classList.add("new");
    this.list.prepend(row);
    if (this.list.children.length > KEPT) this.list.lastElementChild.remove();
    this.#emptiness();
  }

  #render() {
    this.filter.replaceChildren(
      ...Object.keys(GROUPS).map((group) =>
        h("button.choice", { type: "button", "data-group": group, "aria-pressed": String(group === this.#group), click: () => this.#narrow({ group }) }, t(group)),
      ),
    );
    const types = TYPES.map((type) => h("option", { value: type, selected: type === this.#type }, t(`event.${type}`)));
    this.types.replaceChildren(h("option", { value: "" }, t("allTypes")), ...types);
    label(this.types, t("typeOfEvent"));
    this.here.textContent = t("onlyHere");
    this.list.replaceChildren(...this.site.events.map((event) => this.#row(event)));
    this.#emptiness();
  }

  /** Shows only some: of a group, of a type, of the selected camera. */
  #narrow({ group = this.#group, type = this.#type, here = this.#here }) {
    this.#group = group;
    this.#type = type;
    this.#here = here;
    this.here.setAttribute("aria-pressed", String(here));
    for (const button of this.filter.children) button.setAttribute("aria-pressed", String(button.dataset.group === group));
    for (const row of this.list.children) row.hidden = !this.#fits(row);
    this.#emptiness();
  }

  #fits({ dataset: { group, type, camera } }) {
    return GROUPS[this.#group](group) && (!this.#type || type === this.#type) && (!this.#here || camera === this.site.selected);
  }

  #emptiness() {
    this.empty.hidden = [...this.list.children].some((row) => !row.hidden);
    const statistics = this.site.policy && !this.site.policy.individual_events;
    const words = this.#group === "main" && !this.#type && !this.#here ? t("noEvents") : t("noEventsFilter");
    this.empty.textContent = statistics ? `${words} ${t("statisticsOnly")}` : words;
  }

  #row(event) {
    const said = describe(event, this.site);
    const picture = h("span.thumb", {}, icon(said.icon));
    if (event.snapshot) {
      const image = h("img", { src: event.snapshot, alt: "", loading: "lazy", decoding: "async", error: () => image.remove() });
      picture.append(image);
    }
    const confidence = event.data?.confidence;
    const row = h(
      `li.${said.tone}`,
      { "data-group": said.group, "data-type": said.type, "data-camera": said.camera ?? "" },
      h(
        "button.event",
        { type: "button", click: () => this.opened(event) },
        picture,
        h("span.what", {}, event.snapshot ? icon(said.icon) : null, h("b", {}, said.what)),
        confidence == null ? null : h("span.confidence", { title: t("confidence") }, percent(confidence)),
        h("span.where", {}, said.where, this.site.console && said.box !== said.where ? h("span.box", {}, said.box ?? "") : null),
        h("span.detail", {}, h("time", { datetime: event.time, title: exact(said.at) }, ago(said.at)), said.detail ? ` · ${said.detail}` : null),
      ),
    );
    row.hidden = !this.#fits(row);
    return row;
  }

  #age() {
    for (const time of this.list.querySelectorAll("time")) time.textContent = ago(new Date(time.dateTime));
  }
}

/** Tells screen readers of alarms; a burst is told in one breath. */
export class Announcer {
  #waiting = [];

  constructor(element, site) {
    site.on("event", (event) => {
      const { alarm, what, where } = describe(event, site);
      if (!alarm) return;
      this.#waiting.push(t("alarmSaid", { what, where }));
      if (this.#waiting.length > 1) return;
      setTimeout(() => {
        element.textContent = this.#waiting.slice(-3).join(". ");
        this.#waiting = [];
      }, 1000);
    });
  }
}
