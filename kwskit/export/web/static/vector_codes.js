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
}

/** @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @param {number} from where it begins in b */
function dot(a, b, from) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[from + k];
  return sum;
}
