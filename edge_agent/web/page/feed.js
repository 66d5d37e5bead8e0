/** Follows the agent's server-sent events. */

const NAMES = ["site", "scene", "event", "camera", "agent", "speech", "viewer", "health"];

/**
 * Opens the feed once and rejects when it is lost; whoever calls decides when to try again.
 *
 * EventSource's own retry is not used: it gives up for good on a proxy's 502, and notices a dead link only by TCP.
 * @param {string} address
 * @param {{opened: function(): Promise, take: function(string, object): void, silence: number}} options silence: milliseconds
 *   without a word after which the link counts as dead; the agent tells its health every 5 s.
 */
export function follow(address, { opened, take, silence }) {
  return new Promise((_, reject) => {
    const source = new EventSource(address);
    let timer;
    const lose = (error) => {
      clearTimeout(timer);
      source.close();
      reject(error);
    };
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(lose, silence, new Error("feed is silent"));
    };
    source.addEventListener("open", () => {
      heard();
      opened().catch(lose);
    });
    source.addEventListener("error", () => lose(new Error("feed is lost")));
    for (const name of NAMES) {
      source.addEventListener(name, (message) => {
        heard();
        take(name, JSON.parse(message.data));
      });
    }
    heard();
  });
}
