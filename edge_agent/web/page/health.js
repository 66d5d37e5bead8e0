/** How the box itself is doing, in one line. */

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

export class Health {
  constructor(element, site) {
    Object.assign(this, { element, site });
    for (const name of ["health", "site", "language"]) site.on(name, () => this.render());
  }

  render() {
    const version = this.site.agent.version ? h("span.version", {}, `v${this.site.agent.version}`) : null;
    const told = items(this.site.health).map(([name, words, value, tone]) =>
      h("span", { class: `item ${tone}`, "data-item": name }, icon(tone === "alarm" && name !== "broker-off" ? "warning" : name), h("span", {}, words), h("b", {}, value)),
    );
    this.element.replaceChildren(...told, ...(version ? [version] : []));
  }
}
