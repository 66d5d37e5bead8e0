/** Draws the tracked boxes over a picture, gliding between the agent's updates. */

import { t } from "./i18n.js";

/** Milliseconds after which a box that nobody confirmed is gone. */
const STALE = 1000;
const FADE = 200;
/** Seconds after which what an overworked box tells is past: its boxes would stand over nobody. */
const PAST = 1.5;
/** Width in CSS pixels below which a picture is small, and milliseconds between its drawings: twenty-five of them need not glide as one does. */
const SMALL = 380;
const REST = 50;

const INK = "#0b0f14";
// In order of weight. The glyphs differ in shape, so that the verdict is told without colour too; drawn in a 12 by 12 field.
const LOOKS = {
  no_mask: { colour: "#ff6b62", glyph: new Path2D("M2.5 2.5l7 7M9.5 2.5l-7 7") },
  incorrect: { colour: "#ffb13d", glyph: new Path2D("M6 1.5v5.5M6 10v.4") },
  mask: { colour: "#4cd78a", glyph: new Path2D("M2 6.5l3 3 5.5-7") },
  unsure: { colour: "#c4ccd6", glyph: new Path2D("M3.5 4a2.5 2.5 0 1 1 3.7 2.2C6.3 6.7 6 7 6 8M6 10.5v.3") },
};
const UNJUDGED = "rgba(255, 255, 255, .6)";

const mix = (from, to, share) => from.map((value, i) => value + (to[i] - value) * share);

/** Returns how fast a box's middle moves, in fractions of the picture a millisecond. */
function speedOf(from, to, milliseconds) {
  const time = Math.max(40, milliseconds);
  return [(to[0] + to[2] - from[0] - from[2]) / 2 / time, (to[1] + to[3] - from[1] - from[3]) / 2 / time];
}

/** Returns a function that moves boxes to where they will be, by half the width of the thing at most: it may turn round. */
function shift([x, y], box, milliseconds) {
  const most = (box[2] - box[0]) / 2;
  const [dx, dy] = [x, y].map((speed) => Math.max(-most, Math.min(most, speed * milliseconds)));
  return ([left, top, right, bottom]) => [left + dx, top + dy, right + dx, bottom + dy];
}

/** One picture's boxes. */
export class Overlay {
  #tracks = new Map();
  #interval = 100;
  #updated = 0;
  #frame = 0;
  #drawn = 0;

  /** Milliseconds that the picture itself is late, buffered and decoded; boxes lead by what they are later still. */
  late = 80;

  /** @param {function(): {x, y, width, height}} place where the picture stands in the canvas, in CSS pixels, zoom included. */
  constructor(canvas, place) {
    this.canvas = canvas;
    this.place = place;
    new ResizeObserver(() => this.redraw()).observe(canvas);
  }

  /** Takes a `scene` of the feed. */
  show({ age = 0, tracks }) {
    if (age > PAST) return;
    const now = performance.now();
    // Boxes glide for as long as updates lie apart, so that they arrive as the next one comes.
    const gap = Math.min(400, Math.max(40, now - this.#updated));
    this.#interval += (gap - this.#interval) * 0.3;
    this.#updated = now;
    for (const track of tracks) {
      const known = this.#tracks.get(track.id);
      const from = known ? this.#between(known, now) : track;
      const speed = known ? mix(known.speed, speedOf(known.told, track.box, now - known.since), 0.4) : [0, 0];
      const ahead = shift(speed, track.box, Math.min(500, Math.max(0, age * 1000 + this.#interval - this.late)));
      this.#tracks.set(track.id, {
        ...track,
        speed,
        told: track.box,
        box: ahead(track.box),
        face: track.face && ahead(track.face),
        fromBox: from.box,
        fromFace: known?.face && track.face ? from.face : track.face,
        since: now,
        seen: now,
      });
    }
    const present = new Set(tracks.map((track) => track.id));
    for (const track of this.#tracks.values()) {
      if (!present.has(track.id)) track.seen = Math.min(track.seen, now - STALE + FADE);
    }
    this.redraw();
  }

  clear() {
    this.#tracks.clear();
    this.redraw();
  }

  redraw() {
    this.#frame ||= requestAnimationFrame((now) => this.#draw(now));
  }

  #between(track, now) {
    const share = Math.min(1, (now - track.since) / this.#interval);
    return { box: mix(track.fromBox, track.box, share), face: track.face && mix(track.fromFace, track.face, share) };
  }

  #draw(now) {
    this.#frame = 0;
    if (this.canvas.clientWidth < SMALL && now - this.#drawn < REST) return this.redraw();
    this.#drawn = now;
    const ratio = devicePixelRatio;
    const { clientWidth, clientHeight } = this.canvas;
    const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    const pen = this.canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, clientWidth, clientHeight);
    const place = this.place();
    const on = ([left, top, right, bottom]) => [
      place.x + left * place.width,
      place.y + top * place.height,
      (right - left) * place.width,
      (bottom - top) * place.height,
    ];
    const small = place.width < SMALL;
    const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    pen.save();
    pen.beginPath();
    pen.rect(place.x, place.y, place.width, place.height);
    pen.clip(); // who walks out of the picture is not drawn beside it
    const tags = [];
    for (const track of this.#tracks.values()) {
      const left = STALE - (now - track.seen);
      if (left <= 0) {
        this.#tracks.delete(track.id);
        continue;
      }
      const { box, face } = this.#between(track, now);
      pen.globalAlpha = Math.min(1, left / FADE);
      outline(pen, LOOKS[track.verdict], on(box), face && on(face), small);
      const [x, y, width, height] = on(box);
      const inside = (from, length, least, size, most) => from < Math.min(most, least + size) && from + length > Math.max(0, least);
      const seen = inside(x, width, place.x, place.width, clientWidth) && inside(y, height, place.y, place.height, clientHeight);
      if (seen && LOOKS[track.verdict]) tags.push([track.verdict, x, y]);
    }
    pen.restore();
    // What matters most gets the place at its box, the others give way.
    const order = Object.keys(LOOKS);
    const taken = [];
    for (const [verdict, x, y] of tags.sort(([a], [b]) => order.indexOf(a) - order.indexOf(b))) {
      taken.push(tag(pen, LOOKS[verdict], small ? "" : t(verdict), [x, y], scale, taken));
    }
    if (this.#tracks.size) this.redraw();
  }
}

function outline(pen, look, box, face, small) {
  const [x, y, width, height] = box;
  pen.lineJoin = "round";
  const stroke = (colour, thickness, path) => {
    // A dark seam keeps the line readable on snow and sky.
    for (const [style, lineWidth] of [["rgba(0, 0, 0, .45)", thickness + 2], [colour, thickness]]) {
      Object.assign(pen, { strokeStyle: style, lineWidth });
      pen.stroke(path);
    }
  };
  const frame = new Path2D();
  frame.roundRect(x, y, width, height, 3);
  if (!look) return stroke(UNJUDGED, 1, frame);
  stroke(look.colour, small ? 1.5 : 2, frame);
  if (face) {
    const ring = new Path2D();
    ring.roundRect(...face, 2);
    stroke(look.colour, 1, ring);
  }
}

/** Draws a verdict above its box, clear of the places taken, and returns its own place; `scale` is how much larger than usual words are. */
function tag(pen, look, words, [x, y], scale, taken) {
  pen.font = `600 ${11 * scale}px system-ui, sans-serif`;
  const width = 20 * scale + (words ? pen.measureText(words).width + 5 * scale : 0);
  const step = 19 * scale;
  const left = Math.max(2, Math.min(x - 1, pen.canvas.clientWidth - width - 2));
  let top = y - step - 2;
  const clash = () => taken.some((other) => left < other.left + other.width && other.left < left + width && Math.abs(top - other.top) < step);
  while (top > 2 && clash()) top -= step;
  if (top < 2) top = Math.max(2, y + 3);
  pen.save();
  pen.translate(left, top);
  pen.fillStyle = look.colour;
  pen.beginPath();
  pen.roundRect(0, 0, width, 18 * scale, 4 * scale);
  pen.fill();
  pen.fillStyle = INK;
  pen.textBaseline = "middle";
  pen.fillText(words, 19 * scale, 9.5 * scale);
  pen.scale(scale, scale);
  pen.translate(4, 3);
  Object.assign(pen, { strokeStyle: INK, lineWidth: 2, lineCap: "round" });
  pen.stroke(look.glyph);
  pen.restore();
  return { left, top, width };
}
