/** What a viewer's connection is worth, from the browser's own counters. */

/** Losses that resending still hides, and those that it does not; round trips that a hand on a PTZ pad notices. */
const FAIR = { loss: 0.01, rtt: 0.15 };
const POOR = { loss: 0.05, rtt: 0.4 };

/** Compares one look at a connection's counters with the one before. */
export class Quality {
  #before = null;

  /**
   * @param {object} video the `inbound-rtp` report of the picture.
   * @param {RTCStatsReport} stats all reports.
   * @returns {{grade: "good"|"fair"|"poor", loss: number, rtt: number|null, fps: number, width: number, height: number, rate: number}}
   *   loss as a share since the last look, rtt in seconds, rate in bits a second.
   */
  take(video, stats) {
    const now = { at: video.timestamp, bytes: video.bytesReceived, got: video.packetsReceived, lost: video.packetsLost };
    const before = this.#before ?? { ...now, at: now.at - 1000 };
    this.#before = now;
    const lost = Math.max(0, now.lost - before.lost);
    const sent = lost + now.got - before.got;
    const loss = sent ? lost / sent : 0;
    const rtt = roundTrip(stats);
    const over = (limit) => loss > limit.loss || rtt > limit.rtt;
    return {
      grade: over(POOR) ? "poor" : over(FAIR) ? "fair" : "good",
      loss,
      rtt,
      fps: video.framesPerSecond ?? 0,
      width: video.frameWidth ?? 0,
      height: video.frameHeight ?? 0,
      rate: ((now.bytes - before.bytes) * 8000) / Math.max(1, now.at - before.at),
    };
  }
}

function roundTrip(stats) {
  for (const report of stats.values()) {
    if (report.type === "candidate-pair" && report.nominated && report.currentRoundTripTime != null) return report.currentRoundTripTime;
  }
  return null;
}
