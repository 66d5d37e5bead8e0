/** Language, and everything whose form depends on it: words, times, numbers. The document's `lang` holds the choice. */

import { WORDS } from "./words.js";

const REMEMBERED = "edge-agent.language";

export const LANGUAGES = Object.keys(WORDS);
export const language = () => document.documentElement.lang;

/** Chooses the remembered language, else the browser's first that the page speaks, else the one that the page was served in. */
export function chooseLanguage() {
  const wished = [localStorage.getItem(REMEMBERED), ...navigator.languages.map((tag) => tag.slice(0, 2)), language()];
  setLanguage(wished.find((wish) => LANGUAGES.includes(wish)) ?? "en", false);
}

export function setLanguage(chosen, remember = true) {
  document.documentElement.lang = chosen;
  if (remember) localStorage.setItem(REMEMBERED, chosen);
  translate(document.body);
}

/** Returns the words for a key, `{name}` replaced; null where there are none. */
export function t(key, values = {}) {
  const all = WORDS[language()];
  return !Object.hasOwn(all, key) ? null : all[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Puts words into everything below `root` that names them by `data-t` (its text) or `data-t-label` (label and tooltip). */
export function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-label]")) label(element, t(element.dataset.tLabel));
}

/** Names an element for screen readers, and buttons also for the mouse. */
export function label(element, words) {
  element.setAttribute("aria-label", words);
  if (element.localName === "button") element.title = words;
}

const number = (options) => (value) => new Intl.NumberFormat(language(), options).format(value);

export const percent = number({ style: "percent", maximumFractionDigits: 0 });
export const decimal = number({ maximumFractionDigits: 1 });
export const whole = number({ maximumFractionDigits: 0 });

/** Returns bytes in words: "1.2 GB". */
export function bytes(value) {
  const steps = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = value > 0 ? Math.min(4, Math.floor(Math.log10(value) / 3)) : 0;
  return number({ style: "unit", unit: steps[step], maximumFractionDigits: step > 2 ? 1 : 0 })(value / 1000 ** step);
}

/** Returns a length of time in its largest unit: "3 hours". */
export function duration(seconds) {
  const [unit, size] = [["day", 86_400], ["hour", 3_600], ["minute", 60]].find(([, s]) => seconds >= s) ?? ["second", 1];
  return number({ style: "unit", unit, unitDisplay: "long", maximumFractionDigits: unit === "second" ? 1 : 0 })(seconds / size);
}

/** Returns how long ago a time was: "2 min. ago". */
export function ago(date, now = Date.now()) {
  const seconds = Math.min(0, (date - now) / 1000);
  const [unit, size] = [["day", 86_400], ["hour", 3_600], ["minute", 60]].find(([, s]) => -seconds >= s) ?? ["second", 1];
  const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto", style: "short" });
  return format.format(unit === "second" && seconds > -10 ? 0 : Math.trunc(seconds / size), unit);
}

/** Returns the exact time with date and seconds. */
export const exact = (date) => new Intl.DateTimeFormat(language(), { dateStyle: "medium", timeStyle: "medium" }).format(date);

/** Returns a language's own name: "français". */
export function languageName(tag) {
  return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
}
