/** Builds elements. Data only ever becomes text nodes and attributes, never markup: event texts are written by people. */

import { backoff, pause } from "./retry.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Returns a new element.
 * @param {string} tag with classes after dots: "button.quiet".
 * @param {object} attributes functions become listeners, true an empty attribute; false, null and undefined are left out.
 * @param {...(Node|string|null)} children
 */
export function h(tag, attributes = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  element.classList.add(...classes);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== false && value != null) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Returns a decorative icon; the words beside it say what it means. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** Brings the icons into the page, so that they are there even when the agent is not; asks until it has them. */
export async function loadIcons() {
  let text = null;
  for (let attempt = 0; text === null; attempt++) {
    text = await fetch("static/icons.svg").then((answer) => (answer.ok ? answer.text() : null)).catch(() => null);
    if (text === null) await pause(backoff(attempt));
  }
  const sheet = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  sheet.setAttribute("class", "unseen");
  sheet.setAttribute("aria-hidden", "true");
  document.body.append(document.adoptNode(sheet));
}

/** Lets the browser save data as a file. */
export function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
