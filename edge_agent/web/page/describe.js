/** Puts an event in words: what, how bad, and the facts a person may ask for. */

import { decimal, duration, exact, percent, t } from "./i18n.js";
import { said } from "./phrases.js";
import { typeOf } from "./site.js";

/** Returns what a table says of a word that a box sent, which may be the name of something that every object has. */
const of = (table, word) => (Object.hasOwn(table, word) ? table[word] : undefined);

// tone: alarm, warn, good, calm; group: alarms, talks, notices, or trail for what people did.
const KINDS = {
  "mask.verdict": ({ verdict }) => ({
    icon: verdict === "incorrect" ? "warning" : "cross",
    tone: verdict === "incorrect" ? "warn" : "alarm",
    group: "alarms",
    what: t(`event.mask.verdict.${verdict}`),
    alarm: true,
  }),
  "mask.statistics": (data) => ({ icon: "chart", tone: "calm", group: "notices", detail: t("countsDetail", data) }),
  "camera.status": ({ state, reason }) => ({
    icon: state === "offline" ? "camera-off" : "camera",
    tone: of({ online: "good", offline: "alarm", degraded: "warn" }, state) ?? "calm",
    group: "notices",
    what: t(`event.camera.${state}`),
    detail: said(reason),
    alarm: state === "offline",
  }),
  "talkdown.receipt": ({ outcome, text, message, reason, acoustic }) => ({
    icon: outcome === "failed" || outcome === "refused" ? "speaker-off" : "speaker",
    tone: acoustic?.heard === false ? "warn" : (of({ played: "good", failed: "alarm", refused: "warn" }, outcome) ?? "calm"),
    group: "talks",
    what: t(`event.talkdown.${outcome}`),
    detail: acoustic?.heard === false ? t("unheard") : said(reason) || text || message,
  }),
  "talkdown.effect": ({ effect }) => ({
    icon: "speaker",
    tone: of({ worn: "good", none: "warn" }, effect) ?? "calm",
    group: "talks",
    what: t(`event.talkdown.effect.${effect}`),
  }),
  "talkdown.unheeded": ({ messages }) => ({
    icon: "warning",
    tone: "alarm",
    group: "alarms",
    detail: [messages ?? []].flat().join(", "),
    alarm: true,
  }),
  audit: ({ actor, action, outcome }) => ({
    icon: "person",
    tone: outcome === "done" ? "calm" : "warn",
    group: "trail",
    what: t(`action.${action}`) ?? action,
    detail: outcome === "done" ? actor : `${actor} · ${outcome}`,
  }),
  gap: (data) => ({ icon: "warning", tone: "alarm", group: "alarms", detail: t("gapDetail", data), alarm: true }),
};

/** The types of events that a person may choose from. */
export const TYPES = Object.keys(KINDS);

const boxOf = (agent, site) => site.agents.get(agent)?.name || agent;

/** Returns `{icon, tone, group, what, detail, where, box, type, camera, at, alarm}`; a type this page does not know is shown by its name. */
export function describe(event, site) {
  const { agent, camera } = site.placeOf(event);
  const type = typeOf(event);
  const kind = of(KINDS, type)?.(event.data ?? {}) ?? { icon: "clock", tone: "calm", group: "notices" };
  return {
    detail: "",
    alarm: false,
    ...kind,
    what: kind.what ?? t(`event.${type}`) ?? type,
    where: camera ? site.cameras.get(camera)?.name || camera : site.console ? boxOf(agent, site) : t("thisBox"),
    box: boxOf(agent, site),
    type,
    camera,
    at: new Date(event.time),
  };
}

const date = (value) => exact(new Date(value));
const FACTS = [
  ["confidence", "confidence", percent],
  ["looks", "looks", String],
  ["track", "track", String],
  ["since", "period", date],
  ["until", "until", date],
  ["text", "text", String],
  ["seconds", "seconds", (value) => duration(Number(decimal(value).replace(",", ".")))],
  ["actor", "by", String],
  ["detail", "detail", String],
  ["reason", "reason", said],
  ["remedy", "remedy", said],
];

/** Returns `[words, value]` pairs for the facts that an event carries. */
export function facts(event) {
  const data = event.data ?? {};
  return FACTS.filter(([key]) => data[key] != null && data[key] !== "").map(([key, words, show]) => [t(words), show(data[key])]);
}
