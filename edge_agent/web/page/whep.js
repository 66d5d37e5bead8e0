/** Plays one camera over WHEP (draft-ietf-wish-whep) and never gives up. */

import { ApiError } from "./api.js";
import { Quality } from "./quality.js";
import { backoff, pause } from "./retry.js";
import { iceServers, negotiate, release } from "./rtc.js";

const FIRST_PICTURE = 12_000;
const STALLED = 5_000;

/** A failure that the page puts in words itself. */
class Trouble extends Error {}

/** One session on the agent: opened once, watched, closed. */
class Session {
  #connection;
  #resource = null;

  constructor(iceServers, video) {
    this.#connection = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.#connection.addTransceiver("video", { direction: "recvonly" });
    this.#connection.addEventListener("track", ({ track }) => (video.srcObject = new MediaStream([track])));
  }

  get id() {
    return this.#resource?.split("/").at(-1) ?? null;
  }

  async open(address, signal) {
    this.#resource = await negotiate(this.#connection, address, signal);
  }

  /** Asks for another stream within the same track; an agent that has only one refuses, and that is as well. */
  select(stream) {
    if (!this.#resource) return;
    const body = JSON.stringify({ stream });
    fetch(this.#resource, { method: "PATCH", headers: { "Content-Type": "application/json" }, body }).catch(() => {});
  }

  /** Calls `live` at the first picture and `measured` each second; rejects when pictures stop. Bytes are counted: a hidden tab decodes nothing. */
  async watch(live, measured, signal) {
    const quality = new Quality();
    let bytes = 0;
    let playing = false;
    for (let grown = performance.now(); !signal.aborted; await pause(playing ? 1000 : 100, signal)) {
      if (["failed", "closed"].includes(this.#connection.connectionState)) throw new Trouble("pictureLost");
      const stats = await this.#connection.getStats();
      const video = [...stats.values()].find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
      const now = video?.bytesReceived ?? 0;
      if (!playing && (video?.framesDecoded > 0 || (document.hidden && now > 0))) live((playing = true));
      if (playing && !document.hidden) measured(quality.take(video, stats));
      if (now > bytes) [bytes, grown] = [now, performance.now()];
      else if (performance.now() - grown > (bytes ? STALLED : FIRST_PICTURE)) throw new Trouble(bytes ? "pictureStalled" : "noPicture");
    }
  }

  close() {
    this.#connection.close();
    release(this.#resource);
  }
}

/** Keeps one video element playing until stopped. */
export class WhepPlayer {
  #stopped = null;
  #woken = new AbortController();
  #session = null;

  /** What is asked for: `auto`, `main` or `sub`. */
  stream = "auto";

  /**
   * @param {object} told
   * @param {function(object): void} told.state gets `{state: "connecting" | "live" | "offline", reason, remedy, error}`.
   * @param {function(object): void} told.measured gets what `Quality.take` returns, each second.
   */
  constructor(video, address, told) {
    Object.assign(this, { video, address, told });
  }

  /** The session's id, by which the feed tells what this viewer gets. */
  get session() {
    return this.#session?.id ?? null;
  }

  get running() {
    return this.#stopped !== null;
  }

  start() {
    if (this.#stopped) return;
    this.#stopped = new AbortController();
    this.#run(this.#stopped.signal);
  }

  stop() {
    this.#stopped?.abort();
    this.#stopped = null;
    this.#session?.close();
    this.#session = null;
  }

  /** Tries again now rather than when the back-off ends. */
  wake() {
    this.#woken.abort();
  }

  /** Plays `auto`, `main` or `sub` from now on, without opening anew. */
  select(stream) {
    if (this.stream === stream) return;
    this.stream = stream;
    this.#session?.select(stream);
  }

  async #run(signal) {
    for (let attempt = 0; !signal.aborted; attempt++) {
      this.told.state({ state: "connecting" });
      const session = await this.#open(signal).catch((error) => this.#fail(error, signal));
      await session
        ?.watch(() => this.told.state({ state: "live" }, (attempt = 0)), this.told.measured, signal)
        .catch((error) => this.#fail(error, signal));
      session?.close();
      if (signal.aborted) return;
      this.#session = null;
      this.#woken = new AbortController();
      await pause(backoff(attempt), AbortSignal.any([signal, this.#woken.signal]));
    }
  }

  async #open(signal) {
    const session = new Session(await iceServers(this.address), this.video);
    const stream = this.stream;
    try {
      await session.open(`${this.address}?stream=${stream}`, signal);
    } catch (error) {
      session.close();
      throw error;
    }
    if (signal.aborted) return session;
    this.#session = session;
    if (stream !== this.stream) session.select(this.stream);
    return session;
  }

  #fail(error, signal) {
    if (!signal.aborted) this.told.state({ state: "offline", ...words(error) });
  }
}

/** Returns what to tell people: the agent's own words, or the key of ours. */
function words(error) {
  if (error instanceof ApiError) return { error, reason: error.message, remedy: error.remedy };
  return { error, key: error instanceof Trouble ? error.message : "unreachable" };
}
