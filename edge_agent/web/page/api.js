/** The agent's HTTP interface; addresses are relative, so that the page also works below a proxy's path. */

/** A refusal or a failure, with the agent's own reason and remedy where it gave them. */
export class ApiError extends Error {
  constructor(status, { code = "", message = "", remedy = "" } = {}) {
    super(message || `HTTP ${status}`);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
  }
}

/** Raises an ApiError for anything but success. */
export async function checked(response) {
  if (response.ok) return response;
  let told = {};
  try {
    told = await response.json();
  } catch {
    // A proxy in between answers in its own words; the status has to do.
  }
  throw new ApiError(response.status, told ?? {});
}

async function ask(path, body, method = body === undefined ? "GET" : "POST") {
  const request = { method, signal: AbortSignal.timeout(10_000), headers: { Accept: "application/json" } };
  if (body !== undefined) {
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  const response = await checked(await fetch(path, request));
  return response.status === 204 ? null : response.json();
}

const at = (camera, what) => `api/cameras/${encodeURIComponent(camera)}/${what}`;

export const site = () => ask("api/site");
export const events = (limit) => ask(`api/events?limit=${limit}`);
/** @param {{token: string} | {name: string, password: string}} credentials a box asks for its token, a control room for an account. */
export const login = (credentials) => ask("api/login", credentials);
export const logout = () => ask("api/logout", {});
export const say = (camera, what) => ask(at(camera, "say"), what);
export const hush = (camera) => ask(at(camera, "hush"), {});
/** Moves at a speed, each part -1 to 1, until the next word or for a second; or to `{preset}`, or `{stop: true}`. */
export const move = (camera, motion) => ask(at(camera, "ptz"), motion);
export const presets = (camera) => ask(at(camera, "presets"));
export const setVolume = (camera, volume) => ask(at(camera, "volume"), { volume });
export const layouts = () => ask("api/layouts");
export const saveLayouts = (layouts) => ask("api/layouts", layouts, "PUT");
export const whep = (camera) => `whep/${encodeURIComponent(camera)}`;
export const whip = (camera) => `whip/${encodeURIComponent(camera)}`;
