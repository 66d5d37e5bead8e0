/** What the page knows of its site: cameras, events, who speaks. The panels read it and are told when it changes. */

const KEPT = 200;

/**
 * Tells `site`, `camera`, `event`, `events`, `scene`, `speech`, `health`, `selected`, `link` and `language`.
 * A page over many agents needs another source of these, not other panels.
 */
export class Site extends EventTarget {
  agent = { id: "", name: "", version: "" };
  policy = null;
  cameras = new Map();
  messages = [];
  languages = [];
  events = [];
  speech = new Map();
  health = {};
  selected = null;
  link = "connecting";

  on(name, listener) {
    this.addEventListener(name, (event) => listener(event.detail));
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** Takes the answer of `api/site`. */
  load({ agent = {}, policy = null, cameras = [], messages = [], languages = [] }) {
    Object.assign(this, { agent, policy, messages, languages });
    this.cameras = new Map(cameras.map((camera) => [camera.id, camera]));
    this.speech.clear();
    this.tell("site");
    if (!this.cameras.has(this.selected)) this.select(cameras[0]?.id ?? null);
  }

  /** Takes the answer of `api/events`; what the feed told while it was on its way stays. */
  loadEvents(events) {
    const all = new Map([...this.events, ...events].map((event) => [event.id, event]));
    this.events = [...all.values()].sort((one, other) => Date.parse(other.time) - Date.parse(one.time)).slice(0, KEPT);
    this.tell("events");
  }

  /** Takes one message of the feed. */
  take(name, data) {
    if (name === "event") this.#happen(data);
    else if (name === "camera") {
      const camera = this.cameras.get(data.id);
      if (camera) this.tell("camera", Object.assign(camera, data));
    } else if (name === "speech") {
      this.speech.set(data.camera, data.state === "playing" ? data : null);
      this.tell("speech", data);
    } else if (name === "health") {
      this.health = data;
      this.tell("health", data);
    } else this.tell(name, data);
  }

  #happen(event) {
    if (this.events.some((known) => known.id === event.id)) return;
    this.events.unshift(event);
    this.events.length = Math.min(this.events.length, KEPT);
    this.tell("event", event);
  }

  select(id) {
    if (this.selected === id) return;
    this.selected = id;
    this.tell("selected", id);
  }

  setLink(state) {
    if (this.link === state) return;
    this.link = state;
    this.tell("link", state);
  }
}

/** Returns the camera that an event is about, or null for the agent itself. */
export function cameraOf(event) {
  const found = /\/camera\/([^/]+)$/.exec(event.source ?? "");
  return found ? decodeURIComponent(found[1]) : null;
}

/** Returns an event's type without the contract's prefix. */
export function typeOf(event) {
  return String(event.type ?? "").replace(/^edge\.v\d+\./, "");
}
