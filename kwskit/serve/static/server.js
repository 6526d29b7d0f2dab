// What the page asks of its server.

export class Refused extends Error {
  constructor(told, status = 0) {
    super(told);
    this.status = status;
  }
}

export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is kwskit serve still running?");
  }
  if (response.ok) return response;
  let told = `The server answered with status ${response.status}.`;
  try {
    told = (await response.json()).error ?? told;
  } catch { /* its own words, then */ }
  throw new Refused(told, response.status);
}

export async function post(path, value) {
  const response = await ask(path, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value),
  });
  return response.json();
}

// The JSON values of a streamed response, one a line.
export async function* lines(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const found = (rest + value).split("\n");
    rest = found.pop();
    for (const line of found) yield JSON.parse(line);
  }
  if (rest) yield JSON.parse(rest);
}

// Why a file is not sent, or null: the server would refuse it after it had all arrived.
export function tooLarge(file, { upload_bytes: most }) {
  return file.size > most ? `${file.name} has ${(file.size / 1e6).toFixed(1)} MB: ${most / 1e6} MB are the most.` : null;
}

export function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

// Keywords to listen for, with the thresholds at which the server keeps what sets them off, if it does.
export function query(keywords) {
  const pairs = keywords.flatMap(({ typed, threshold }) => [["keyword", typed], ["threshold", threshold]]);
  return new URLSearchParams(pairs).toString();
}
