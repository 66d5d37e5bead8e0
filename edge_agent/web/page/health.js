/** How the box itself is doing, in one line; in the control room how many are well, and the box of the selected camera. */

import { h, icon } from "./dom.js";
import { bytes, decimal, duration, percent, t, whole } from "./i18n.js";

// A Raspberry Pi slows itself down from 80 degrees Celsius on.
const HOT = 80;
const WARM = 70;
const FULL = 0.92;
const LATE = 100;
const SCARCE = 1e9;

/** Returns the memory that the box uses, or the agent alone where the box does not tell, and what there is. */
function memoryOf({ memory, memory_free, memory_total }) {
  const total = memory?.total ?? memory_total;
  const free = memory?.free ?? memory_free;
  return { used: total != null && free != null ? total - free : (memory?.rss ?? memory), total };
}

/** Returns `[icon, words, value, tone]` for everything that the heartbeat told. */
function items(health) {
  const { load, temperature, uptime, broker, outbox } = health;
  const { used, total } = memoryOf(health);
  const free = health.disk?.free ?? health.disk_free;
  return [
    broker && [broker.connected ? "broker" : "broker-off", t("broker"), t(broker.connected ? "connected" : "disconnected"), broker.connected ? "good" : "alarm"],
    outbox != null && ["outbox", t("outbox"), whole(outbox), outbox > LATE ? "warn" : ""],
    load != null && ["load", t("load"), decimal(load), ""],
    temperature != null && ["heat", t("temperature"), `${whole(temperature)} °C`, temperature >= HOT ? "alarm" : temperature >= WARM ? "warn" : ""],
    used != null && ["memory", t("memory"), total ? `${bytes(used)} (${percent(used / total)})` : bytes(used), used / total > FULL ? "warn" : ""],
    free != null && ["disk", t("disk"), bytes(free), free < SCARCE ? "warn" : ""],
    uptime != null && ["clock", t("uptime"), duration(Math.floor(uptime)), ""],
  ].filter(Boolean);
}

/** Returns what an operator should know of the box of the selected camera: its load, and whatever is not as it should be. */
function boxItems({ name, id, health }) {
  if (!health) return [];
  return [["camera", t("box"), name || id, ""], ...items(health).filter(([item, , , tone]) => item === "load" || (tone && tone !== "good"))];
}

export class Health {
  constructor(element, site) {
    Object.assign(this, { element, site });
    for (const name of ["health", "site", "language", "selected", "agent"]) site.on(name, () => this.render());
  }

  render() {
    const { site } = this;
    const agent = site.agentOf(site.cameras.get(site.selected));
    const told = site.console ? [this.#fleet(), ...boxItems(agent)] : items(site.health);
    const parts = told.map(([name, words, value, tone]) =>
      h("span", { class: `item ${tone}`, "data-item": name }, icon(tone === "alarm" && name !== "broker-off" ? "warning" : name), h("span", {}, words), h("b", {}, value)),
    );
    this.element.replaceChildren(...parts, ...(agent.version ? [h("span.version", {}, `v${agent.version}`)] : []));
  }

  #fleet() {
    const agents = [...this.site.agents.values()];
    const online = agents.filter(({ state }) => state !== "offline").length;
    return ["broker", t("boxes"), t("onlineOf", { n: whole(online), all: whole(agents.length) }), online < agents.length ? "warn" : "good"];
  }
}
