/** How the box itself is doing, in one line. */

import { h, icon } from "./dom.js";
import { bytes, decimal, duration, percent, t, whole } from "./i18n.js";

// A Raspberry Pi slows itself down from 80 degrees Celsius on.
const HOT = 80;
const WARM = 70;
const FULL = 0.92;
const LATE = 100;

/** Returns `[icon, words, value, tone]` for everything that the heartbeat told. */
function items(health) {
  const { load, temperature, memory, disk, uptime, broker, outbox } = health;
  const share = memory?.total ? (memory.used ?? memory.rss) / memory.total : null;
  const first = Array.isArray(load) ? load[0] : load;
  return [
    broker && [broker.connected ? "broker" : "broker-off", t("broker"), t(broker.connected ? "connected" : "disconnected"), broker.connected ? "good" : "alarm"],
    outbox != null && ["outbox", t("outbox"), whole(outbox), outbox > LATE ? "warn" : ""],
    first != null && ["load", t("load"), decimal(first), ""],
    temperature != null && ["heat", t("temperature"), `${whole(temperature)} °C`, temperature >= HOT ? "alarm" : temperature >= WARM ? "warn" : ""],
    share != null && ["memory", t("memory"), `${bytes(memory.used ?? memory.rss)} (${percent(share)})`, share > FULL ? "warn" : ""],
    disk?.free != null && ["disk", t("disk"), bytes(disk.free), disk.free < 1e9 ? "warn" : ""],
    uptime != null && ["clock", t("uptime"), duration(uptime), ""],
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
