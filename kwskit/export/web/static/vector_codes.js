// Vectors of hours of sound in a few bytes each: kwskit/spotting/vector_codes.py.

const CENTRES = 256; // of a part of the codes

/** Product quantisation: of each part of a vector the nearest of 256 centres is known. */
export class VectorCodes {
  /** @param {Record<string, any>} arrays axes (P s, d), origin (d,) and centres (P, 256, s)
   * @param {number} part s, numbers of a vector that share a byte */
  constructor({ axes, origin, centres }, part) {
    this.axes = axes;
    this.origin = origin;
    this.centres = centres;
    this.part = part;
    this.size = origin.length; // d
    /** @type {Float32Array | null} */
    this.turnedCentres = null;
  }

  /** The product of a row with each centre of each part (P 256,), and with the origin. @param {Float32Array} row */
  table(row) {
    const { axes, centres, part } = this;
    const turned = Float64Array.from({ length: axes.length / this.size }, (_, k) => dot(row, axes, k * row.length));
    const products = Float32Array.from({ length: centres.length / part }, (_, cell) => {
      const first = Math.floor(cell / CENTRES) * part;
      return dot(turned.subarray(first, first + part), centres, cell * part);
    });
    return { products, origin: dot(row, this.origin, 0) };
  }

  /** The vectors `from` to before `to`, as nearly as they are known.
   * @param {Uint8Array} codes (P n,), those of a part in a row
   * @param {number} from
   * @param {number} to */
  vectors(codes, from, to) {
    const { size } = this;
    const centres = (this.turnedCentres ??= this.#turned());
    const count = codes.length / (centres.length / size / CENTRES);
    const found = new Float32Array((to - from) * size);
    for (let at = 0; at < found.length; at += size) found.set(this.origin, at);
    for (let part = 0, cell = 0; part < codes.length; part += count, cell += CENTRES) {
      for (let k = from, at = 0; k < to; k++) {
        const first = (cell + codes[part + k]) * size;
        for (let d = 0; d < size; d++) found[at++] += centres[first + d];
      }
    }
    return Array.from({ length: to - from }, (_, k) => found.subarray(k * size, (k + 1) * size));
  }

  /** Each centre of each part along the axes (P 256 d,), so that a vector is a sum of P of them. */
  #turned() {
    const { axes, centres, part, size } = this;
    const found = new Float32Array((centres.length / part) * size);
    for (let k = 0; k < centres.length; k++) {
      const cell = Math.floor(k / part);
      const axis = (Math.floor(cell / CENTRES) * part + (k % part)) * size;
      for (let d = 0; d < size; d++) found[cell * size + d] += centres[k] * axes[axis + d];
    }
    return found;
  }
}

/** @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @param {number} from where it begins in b */
function dot(a, b, from) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[from + k];
  return sum;
}
