/** How long to wait before another try. */

/** Returns milliseconds: doubling from half a second to 15 s, jittered so that a wall of tiles does not knock at once. */
export function backoff(attempt) {
  return Math.min(15_000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2);
}

/** Resolves after a time, or at once when the signal aborts. */
export function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done);
  });
}
