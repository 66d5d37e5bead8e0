/** Carries the operator's voice to a camera's loudspeaker, live, over WHIP (RFC 9725). */

import { whip } from "./api.js";
import { iceServers, negotiate, release } from "./rtc.js";

/** Milliseconds that the microphone stays open after a word: the next one then starts at once. */
const WARM = 20_000;
const PATIENCE = 8_000;
/** Browsers' names for why there is no microphone, and the page's words. */
const TROUBLES = { NotAllowedError: "micDenied", NotFoundError: "micMissing", NotReadableError: "micBusy" };

/** A failure that the page puts in words itself; its message is their key. */
export class MicrophoneTrouble extends Error {}

let open = null;
let cooling = 0;

/** Returns the microphone's track; asks the person the first time. */
async function microphone() {
  clearTimeout(cooling);
  if (open?.active) return open;
  if (!navigator.mediaDevices) throw new MicrophoneTrouble("micInsecure");
  try {
    open = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
  } catch (error) {
    throw new MicrophoneTrouble(TROUBLES[error.name] ?? "micMissing");
  }
  return open;
}

function cool() {
  clearTimeout(cooling);
  cooling = setTimeout(() => open?.getTracks().forEach((track) => track.stop()), WARM);
}

/** One turn of speaking: opened when the button goes down, closed when it comes up. */
export class Turn {
  #connection = null;
  #resource = null;
  #ended = new AbortController();
  #meter = null;

  /**
   * Opens the way to the loudspeaker and resolves when words arrive there.
   * @param {function(): void} lost called if the way breaks later on.
   */
  async open(camera, lost) {
    const { signal } = this.#ended;
    try {
      const [stream, servers] = await Promise.all([microphone(), iceServers(whip(camera))]);
      signal.throwIfAborted();
      this.#connection = new RTCPeerConnection({ iceServers: servers, bundlePolicy: "max-bundle" });
      const [track] = stream.getAudioTracks();
      this.#connection.addTransceiver(track, { direction: "sendonly", streams: [stream] });
      this.#resource = await negotiate(this.#connection, whip(camera), signal);
      await this.#connected(signal);
      this.#connection.addEventListener("connectionstatechange", () => ["failed", "closed"].includes(this.#connection.connectionState) && !signal.aborted && lost());
      this.#listen(stream);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #connected(signal) {
    const connection = this.#connection;
    return new Promise((resolve, reject) => {
      const look = () => {
        if (connection.connectionState === "connected") resolve();
        else if (connection.connectionState === "failed") reject(new MicrophoneTrouble("micNoWay"));
      };
      connection.addEventListener("connectionstatechange", look);
      AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]).addEventListener("abort", () => reject(new MicrophoneTrouble("micNoWay")));
      look();
    });
  }

  #listen(stream) {
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 512 });
    context.createMediaStreamSource(stream).connect(analyser);
    this.#meter = { context, analyser, samples: new Float32Array(analyser.fftSize) };
  }

  /** How loud the voice is now, 0 to 1 for -60 to 0 dB. */
  get level() {
    if (!this.#meter) return 0;
    const { analyser, samples } = this.#meter;
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.max(0, Math.min(1, 1 + Math.log10(power + 1e-9) / 6));
  }

  close() {
    this.#ended.abort();
    this.#connection?.close();
    release(this.#resource);
    this.#resource = null;
    this.#meter?.context.close();
    this.#meter = null;
    cool();
  }
}
