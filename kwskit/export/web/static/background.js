// What the model hears where no keyword is said, for thresholds: kwskit/spotting/background.py and peak_estimates.py.

import { arraysOf } from "./files.js";
import { ScoreSmoothing } from "./score_smoothing.js";
import { saidTimes } from "./said_words.js";
import { thresholdOf } from "./threshold.js";

/** @typedef {import("./spotter.js").Keyword} Keyword */

const CENTRES = 256; // of a part of the codes

export class Background {
  /** @param {Record<string, any>} about what spotter.json says of it
   * @param {Uint8Array} bytes of its arrays
   * @param {Record<string, any>} spotting what spotter.json says of spotting */
  constructor(about, bytes, spotting) {
    const arrays = arraysOf(bytes, about.columns);
    this.spotting = spotting;
    this.seconds = about.seconds;
    this.said = about.said;
    this.part = about.part; // s, numbers of a vector that share a byte
    this.axes = arrays.axes; // (P s, d)
    this.origin = arrays.origin; // (d,)
    this.centres = arrays.centres; // (P, 256, s)
    this.kinds = spotting.windows.map((/** @type {number} */ _, /** @type {number} */ kind) => {
      const of = (/** @type {string} */ name) => arrays[`${name}${kind}`];
      let at = 0; // samples
      const start = Float64Array.from(of("step"), (step) => (at += step) / spotting.rate);
      const stop = start.map((from, k) => from + of("samples")[k] / spotting.rate);
      return { start, stop, codes: of("codes"), mean: of("mean"), deviation: of("deviation") };
    });
  }

  get minutes() {
    return this.seconds / 60;
  }

  /** The threshold of a keyword for so many false alarms an hour, and how it is known.
   * @param {Keyword} keyword
   * @param {number} faPerHour */
  threshold(keyword, faPerHour) {
    const { windows, hours } = this.#stretch(keyword);
    const refractory = Math.max(this.spotting.refractory, keyword.seconds);
    const scores = windows.map(({ score }) => score).sort((a, b) => b - a);
    const least = scores[Math.min(this.spotting.ranked, scores.length) - 1];
    let peaks = highest(windows, refractory, least);
    if (hours * faPerHour >= peaks.length) peaks = highest(windows, refractory, -Infinity);
    return thresholdOf(peaks, hours, faPerHour, this.spotting);
  }

  /** Smoothed scores and centres without those where the keyword is said, and the hours that they are of.
   * @param {Keyword} keyword */
  #stretch(keyword) {
    const smoothing = new ScoreSmoothing(keyword.kinds, 1, this.spotting);
    const tables = keyword.rows.map((row) => this.#table(row));
    let end = 0;
    for (const kind of keyword.kinds) {
      const own = this.kinds[kind];
      smoothing.add(kind, own.start, own.stop, this.#scores(own, tables));
      end = own.stop.reduce((/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b), end);
    }
    const said = saidTimes(this.said, keyword.pronunciations);
    const windows = [...smoothing.ready(end), ...smoothing.finish(end)]
      .filter(({ start, stop }) => said.every(([from, to]) => stop <= from || start >= to))
      .map(({ start, stop, scores }) => ({ centre: (start + stop) / 2, score: scores[0] }));
    const seconds = said.reduce((left, [from, to]) => left - (to - from), this.seconds);
    return { windows, hours: Math.max(seconds, 1) / 3600 };
  }

  /** The product of a row with each centre of each part of the codes (P, 256), and with the origin.
   * @param {Float32Array} row */
  #table(row) {
    const numbers = this.centres.length / CENTRES; // P s
    const turned = Float64Array.from({ length: numbers }, (_, k) => dot(row, this.axes, k * row.length));
    const products = Float32Array.from({ length: this.centres.length / this.part }, (_, cell) => {
      const first = Math.floor(cell / CENTRES) * this.part;
      return dot(turned.subarray(first, first + this.part), this.centres, cell * this.part);
    });
    return { products, origin: dot(row, this.origin, 0) };
  }

  /** Scores of windows: the highest cosine of any row, less the cohort's mean and over its deviation.
   * @param {{codes: Uint8Array, mean: Float32Array, deviation: Float32Array}} windows
   * @param {{products: Float32Array, origin: number}[]} tables of each row */
  #scores({ codes, mean, deviation }, tables) {
    const count = mean.length;
    const best = new Float32Array(count).fill(-Infinity);
    for (const { products, origin } of tables) {
      const cosines = new Float32Array(count).fill(origin);
      for (let at = 0, cell = 0; at < codes.length; at += count, cell += CENTRES) {
        for (let k = 0; k < count; k++) cosines[k] += products[cell + codes[at + k]];
      }
      cosines.forEach((cosine, k) => (best[k] = Math.max(best[k], cosine)));
    }
    return best.map((cosine, k) => (cosine - mean[k]) / deviation[k]);
  }
}

/** Scores of the peaks among windows that reach `least`, descending: none is within the refractory time of a higher one.
 * @param {{centre: number, score: number}[]} windows by their centres
 * @param {number} refractory seconds
 * @param {number} least */
export function highest(windows, refractory, least) {
  const kept = windows.filter(({ score }) => score >= least);
  const alive = kept.map(() => true);
  const order = kept.map((_, k) => k).sort((a, b) => kept[b].score - kept[a].score || a - b);
  return order.flatMap((k) => {
    if (!alive[k]) return [];
    const { centre, score } = kept[k];
    for (let j = k; j >= 0 && kept[j].centre > centre - refractory; j--) alive[j] = false;
    for (let j = k; j < kept.length && kept[j].centre < centre + refractory; j++) alive[j] = false;
    return [score];
  });
}

/** @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @param {number} from where it begins in b */
function dot(a, b, from) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[from + k];
  return sum;
}
