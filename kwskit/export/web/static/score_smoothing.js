// Scores of windows averaged over their neighbours: kwskit/spotting/score_smoothing.py.

const ROUNDING = 1e-6; // s

/** @typedef {{start: number, stop: number, known: number, scores: Float32Array}} Place seconds, and averages (Q,) */

export class ScoreSmoothing {
  /** @param {number[]} kinds which of the lengths fit the queries, ascending
   * @param {number} queries Q
   * @param {{windows: number[], near: number}} spotting lengths in seconds, and between centres that are averaged */
  constructor(kinds, queries, { windows, near }) {
    this.kinds = kinds.map(() => ({ start: new Float64Array(0), stop: new Float64Array(0), score: new Float32Array(0) }));
    this.number = new Map(kinds.map((kind, k) => [kind, k]));
    this.queries = queries;
    this.near = near;
    this.longest = windows[kinds[kinds.length - 1]];
    this.done = -Infinity; // centre of the last place that was told
  }

  /** Windows of one length, by their centres. @param {number} kind
   * @param {ArrayLike<number>} start (n,) seconds
   * @param {ArrayLike<number>} stop (n,)
   * @param {ArrayLike<number>} score (n Q,), those of a window in a row */
  add(kind, start, stop, score) {
    const own = this.kinds[/** @type {number} */ (this.number.get(kind))];
    own.start = joined(Float64Array, own.start, start);
    own.stop = joined(Float64Array, own.stop, stop);
    own.score = joined(Float32Array, own.score, score);
  }

  /** The places whose neighbours are all there. @param {number} end of all windows so far, of any length */
  ready(end) {
    const { start, stop } = this.kinds[this.kinds.length - 1];
    const last = start.length - 1;
    return this.#told(last < 0 ? -Infinity : (start[last] + stop[last]) / 2 - this.near, end);
  }

  /** The places that waited for what does not come. @param {number} end */
  finish(end) {
    return this.#told(Infinity, end);
  }

  /** @param {number} until
   * @param {number} end
   * @returns {Place[]} */
  #told(until, end) {
    const there = this.kinds.filter(({ start }) => start.length);
    if (!there.length) return [];
    const places = centresOf(there[0]).filter((at) => at > this.done && at <= until + ROUNDING);
    if (!places.length) return [];
    const means = there.map((own) => this.#means(own, places));
    this.done = places[places.length - 1];
    for (const own of this.kinds) {
      const from = firstOver(centresOf(own), this.done - this.near - ROUNDING);
      own.start = own.start.slice(from);
      own.stop = own.stop.slice(from);
      own.score = own.score.slice(from * this.queries);
    }
    return Array.from(places, (at, i) => this.#place(at, means.map((one) => one[i]), end));
  }

  /** @param {number} at
   * @param {{mean: Float64Array, best: number, seconds: number}[]} lengths
   * @param {number} end
   * @returns {Place} */
  #place(at, lengths, end) {
    const heard = lengths.filter(({ best }) => best > -Infinity);
    const scores = new Float32Array(this.queries);
    for (let q = 0; q < this.queries; q++) {
      scores[q] = heard.reduce((sum, { mean }) => sum + mean[q], 0) / heard.length;
    }
    const inside = heard.filter(({ seconds }) => at - seconds / 2 > -ROUNDING && at + seconds / 2 < end + ROUNDING);
    const { seconds } = inside.reduce((a, b) => (b.best > a.best ? b : a), inside[0] ?? lengths[0]);
    return { start: at - seconds / 2, stop: at + seconds / 2, known: at + this.near + this.longest / 2, scores };
  }

  /** Averages of the windows of a length at places; the best is -Infinity where there are none.
   * @param {{start: Float64Array, stop: Float64Array, score: Float32Array}} own
   * @param {Float64Array} places */
  #means(own, places) {
    const { start, stop, score } = own;
    const centres = centresOf(own);
    const sums = new Float64Array((start.length + 1) * this.queries);
    for (let k = 0; k < score.length; k++) sums[k + this.queries] = sums[k] + score[k];
    let first = 0;
    let last = 0;
    return Array.from(places, (at) => {
      while (first < centres.length && centres[first] < at - this.near - ROUNDING) first++;
      while (last < centres.length && centres[last] < at + this.near + ROUNDING) last++;
      const mean = new Float64Array(this.queries);
      for (let q = 0; q < this.queries; q++) {
        mean[q] = (sums[last * this.queries + q] - sums[first * this.queries + q]) / (last - first);
      }
      const nearest = Math.min(first, start.length - 1);
      return { mean, best: last > first ? Math.max(...mean) : -Infinity, seconds: stop[nearest] - start[nearest] };
    });
  }
}

/** @param {{start: Float64Array, stop: Float64Array}} windows */
function centresOf({ start, stop }) {
  return start.map((from, k) => (from + stop[k]) / 2);
}

/** @param {Float64Array} ascending
 * @param {number} value */
function firstOver(ascending, value) {
  const found = ascending.findIndex((one) => one > value);
  return found < 0 ? ascending.length : found;
}

/** @param {any} Kind
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b */
function joined(Kind, a, b) {
  const found = new Kind(a.length + b.length);
  found.set(a);
  found.set(b, a.length);
  return found;
}
