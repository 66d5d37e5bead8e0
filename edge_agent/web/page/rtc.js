/** What WHEP and WHIP have in common: one offer over HTTP, one answer, one resource to change and to delete. */

import { checked } from "./api.js";

const GATHERING = 800;

/** Sends a connection's offer, takes the answer, and returns the address of the session. */
export async function negotiate(connection, address, signal) {
  await connection.setLocalDescription();
  await gathered(connection);
  const response = await checked(
    await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", Accept: "application/sdp, application/json" },
      body: connection.localDescription.sdp,
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    }),
  );
  const location = response.headers.get("Location");
  await connection.setRemoteDescription({ type: "answer", sdp: await response.text() });
  return location ? new URL(location, response.url).href : null;
}

/** Frees a session's place at once: keepalive lets the request outlive the page. */
export function release(resource) {
  if (resource) fetch(resource, { method: "DELETE", keepalive: true }).catch(() => {});
}

/** Candidates travel in the offer; a STUN server that does not answer must not hold up the picture. */
function gathered(connection) {
  return new Promise((resolve) => {
    if (connection.iceGatheringState === "complete") return resolve();
    setTimeout(resolve, GATHERING);
    connection.addEventListener("icegatheringstatechange", () => connection.iceGatheringState === "complete" && resolve());
  });
}

/** Returns the ICE servers that are named in `Link` headers (WHEP, section 4.6; RFC 9725, section 4.6). */
export async function iceServers(address) {
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
