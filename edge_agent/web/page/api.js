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

async function ask(path, body) {
  const request = { signal: AbortSignal.timeout(10_000), headers: { Accept: "application/json" } };
  if (body !== undefined) {
    request.method = "POST";
    request.headers["Content-Type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  const response = await checked(await fetch(path, request));
  return response.status === 204 ? null : response.json();
}

export const site = () => ask("api/site");
export const events = (limit) => ask(`api/events?limit=${limit}`);
export const login = (token) => ask("api/login", { token });
export const say = (camera, what) => ask(`api/cameras/${encodeURIComponent(camera)}/say`, what);
export const hush = (camera) => ask(`api/cameras/${encodeURIComponent(camera)}/hush`, {});
export const whep = (camera) => `whep/${encodeURIComponent(camera)}`;
