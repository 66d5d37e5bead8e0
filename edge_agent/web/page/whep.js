/** Plays one camera over WHEP (draft-ietf-wish-whep) and never gives up. */

import { ApiError, checked } from "./api.js";
import { backoff, pause } from "./retry.js";

const FIRST_PICTURE = 12_000;
const STALLED = 5_000;
const GATHERING = 800;

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

  async open(address, signal) {
    const connection = this.#connection;
    await connection.setLocalDescription();
    await this.#gathered();
    const response = await checked(
      await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/sdp", Accept: "application/sdp, application/json" },
        body: connection.localDescription.sdp,
        signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
      }),
    );
    const location = response.headers.get("Location");
    if (location) this.#resource = new URL(location, response.url).href;
    await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  }

  /** Candidates travel in the offer; a STUN server that does not answer must not hold up the picture. */
  #gathered() {
    const connection = this.#connection;
    return new Promise((resolve) => {
      if (connection.iceGatheringState === "complete") return resolve();
      setTimeout(resolve, GATHERING);
      connection.addEventListener("icegatheringstatechange", () => connection.iceGatheringState === "complete" && resolve());
    });
  }

  /** Calls `live` at the first picture, rejects when pictures stop. Bytes are counted: a hidden tab decodes nothing. */
  async watch(live, signal) {
    let bytes = 0;
    let playing = false;
    for (let grown = performance.now(); !signal.aborted; await pause(playing ? 1000 : 100, signal)) {
      if (["failed", "closed"].includes(this.#connection.connectionState)) throw new Trouble("pictureLost");
      let now = 0;
      for (const report of (await this.#connection.getStats()).values()) {
        if (report.type !== "inbound-rtp" || report.kind !== "video") continue;
        now = report.bytesReceived ?? 0;
        if (!playing && (report.framesDecoded > 0 || (document.hidden && now > 0))) live((playing = true));
      }
      if (now > bytes) [bytes, grown] = [now, performance.now()];
      else if (performance.now() - grown > (bytes ? STALLED : FIRST_PICTURE)) throw new Trouble(bytes ? "pictureStalled" : "noPicture");
    }
  }

  close() {
    this.#connection.close();
    // keepalive lets the request outlive the page, so that the agent frees the viewer's place at once.
    if (this.#resource) fetch(this.#resource, { method: "DELETE", keepalive: true }).catch(() => {});
  }
}

/** Keeps one video element playing until stopped. */
export class WhepPlayer {
  #stopped = null;
  #woken = new AbortController();
  #session = null;

  /** @param {function(object): void} tell gets `{state: "connecting" | "live" | "offline", reason, remedy, error}`. */
  constructor(video, address, tell) {
    this.video = video;
    this.address = address;
    this.tell = tell;
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

  async #run(signal) {
    for (let attempt = 0; !signal.aborted; attempt++) {
      this.tell({ state: "connecting" });
      try {
        this.#session = new Session(await iceServers(this.address), this.video);
        await this.#session.open(this.address, signal);
        await this.#session.watch(() => {
          attempt = 0;
          this.tell({ state: "live" });
        }, signal);
      } catch (error) {
        if (!signal.aborted) this.tell({ state: "offline", ...words(error) });
      }
      if (signal.aborted) return;
      this.#session?.close();
      this.#session = null;
      this.#woken = new AbortController();
      await pause(backoff(attempt), AbortSignal.any([signal, this.#woken.signal]));
    }
  }
}

/** Returns what to tell people: the agent's own words, or the key of ours. */
function words(error) {
  if (error instanceof ApiError) return { error, reason: error.message, remedy: error.remedy };
  return { error, key: error instanceof Trouble ? error.message : "unreachable" };
}

/** Returns the ICE servers that the agent names in `Link` headers (WHEP, section 4.6). */
async function iceServers(address) {
  const response = await fetch(address, { method: "OPTIONS", signal: AbortSignal.timeout(5_000) });
  return parseLinks(response.headers.get("Link") ?? "");
}

const PARAMETER = /;\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;\s]+))/g;
const LINK = new RegExp(String.raw`<([^>]+)>((?:\s*${PARAMETER.source})*)`, "g");

export function parseLinks(header) {
  const servers = [];
  for (const [, urls, rest] of header.matchAll(LINK)) {
    const pairs = [...rest.matchAll(PARAMETER)].map(([, name, quoted, plain]) => [name, quoted?.replace(/\\(.)/g, "$1") ?? plain]);
    const { rel, username, credential } = Object.fromEntries(pairs);
    if (rel !== "ice-server" || !/^(stun|turn)s?:/.test(urls)) continue;
    servers.push(username ? { urls, username, credential } : { urls });
  }
  return servers;
}
