// Files of the exported folder, as they are needed.

const MAGIC = [0x1f, 0x8b]; // of gzip

/** The bytes of a file, unpacked where it is gzip; some servers unpack it on the way.
 * @param {URL} url of http, https or file
 * @returns {Promise<Uint8Array>} */
export async function bytesOf(url) {
  const raw = url.protocol === "file:" ? await fromDisk(url) : await fromServer(url);
  if (!MAGIC.every((byte, k) => raw[k] === byte)) return raw;
  const unpacked = new Blob([raw]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** @param {URL} url */
export async function textOf(url) {
  return new TextDecoder().decode(await bytesOf(url));
}

/** @typedef {{name: string, type: "uint8" | "int32" | "float32" | "float16", length: number}} Column */

/** The arrays that lie in a row in `bytes`, by name; numbers of 16 bits are their high bytes, then their low ones.
 * @param {Uint8Array} bytes
 * @param {Column[]} columns
 * @returns {Record<string, any>} */
export function arraysOf(bytes, columns) {
  let at = 0;
  const next = (/** @type {number} */ size) => bytes.slice(at, (at += size));
  const readers = {
    uint8: (/** @type {number} */ n) => next(n),
    int32: (/** @type {number} */ n) => new Int32Array(next(4 * n).buffer),
    float32: (/** @type {number} */ n) => new Float32Array(next(4 * n).buffer),
    float16: (/** @type {number} */ n) => {
      const high = next(n);
      return next(n).reduce((found, low, k) => ((found[k] = half((high[k] << 8) | low)), found), new Float32Array(n));
    },
  };
  return Object.fromEntries(columns.map(({ name, type, length }) => [name, readers[type](length)]));
}

/** The number that 16 bits mean (IEEE 754 binary16, finite).
 * @param {number} bits */
export function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24;
  return bits & 0x8000 ? -size : size;
}

/** @param {URL} url */
async function fromServer(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url.pathname} could not be loaded (${answer.status})`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** @param {URL} url */
async function fromDisk(url) {
  const { readFile } = await import("node:fs/promises");
  return new Uint8Array(await readFile(url));
}
