/** What the page knows of its site: agents, cameras, events, who speaks. The panels read it and are told when it changes. */

const KEPT = 200;

/**
 * Tells `site`, `camera`, `agent`, `event`, `events`, `scene`, `speech`, `viewer`, `health`, `selected`, `link` and `language`.
 * An agent's own page has one agent; the control room's has any number, and ids of cameras are then `agent:camera`.
 */
export class Site extends EventTarget {
  console = false;
  user = null;
  agent = { id: "", name: "", version: "" };
  agents = new Map();
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

  /** Takes the answer of `api/site`; what was heard before the link broke may have ended meanwhile. */
  load({ console = false, user = null, agent = {}, agents = [], policy = null, cameras = [], messages = [], languages = [] }) {
    Object.assign(this, { console, user, agent, policy, messages, languages });
    // One order for the tree and for the wall: by the boxes' names, then as each box tells its cameras.
    const boxes = agents.toSorted((one, other) => (one.name ?? "").localeCompare(other.name ?? ""));
    const order = new Map(boxes.map(({ id }, i) => [id, i]));
    const ordered = cameras.toSorted((one, other) => (order.get(one.agent) ?? 0) - (order.get(other.agent) ?? 0));
    this.agents = new Map(boxes.map((one) => [one.id, one]));
    this.cameras = new Map(ordered.map((camera) => [camera.id, camera]));
    if (this.link !== "live") this.speech.clear();
    this.tell("site");
    if (!this.cameras.has(this.selected)) this.select(ordered[0]?.id ?? null);
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
    else if (name === "camera") this.#change("camera", this.cameras, data);
    else if (name === "agent") this.#change("agent", this.agents, data);
    else if (name === "speech") {
      this.speech.set(data.camera, data.state === "playing" ? data : null);
      this.tell("speech", data);
    } else if (name === "health") {
      if (data.agent) Object.assign(this.agents.get(data.agent) ?? {}, { health: data });
      else this.health = data;
      this.tell("health", data);
    } else this.tell(name, data);
  }

  #change(name, known, data) {
    const one = known.get(data.id);
    if (one) this.tell(name, Object.assign(one, data));
  }

  #happen(event) {
    if (this.events.some((known) => known.id === event.id)) return;
    this.events.unshift(event);
    this.events.length = Math.min(this.events.length, KEPT);
    this.tell("event", event);
  }

  /** Returns whether the person before the page may `speak`, move cameras (`ptz`) or save a `layout`; a box asks for no names. The server decides, this spares people a refusal. */
  may(action) {
    return this.user?.actions?.includes(action) ?? true;
  }

  /** Returns the agent that a camera is on, and what may be said through it: its own words before everybody's. */
  agentOf(camera) {
    return this.agents.get(camera?.agent) ?? this.agent;
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

  /** Returns the ids of the agent and of the camera that an event is about; the camera's is null for the agent itself. */
  placeOf(event) {
    const [, agent, path] = /^\/edge\/v\d+\/([^/]+)(?:\/camera\/([^/]+))?$/.exec(event.source ?? "") ?? [];
    const camera = path ? decodeURIComponent(path) : event.data?.camera || null;
    return { agent: agent ?? null, camera: camera && this.console ? `${agent}:${camera}` : camera };
  }
}

/** Returns an event's type without the contract's prefix. */
export function typeOf(event) {
  return String(event.type ?? "").replace(/^edge\.v\d+\./, "");
}
