// What a model hears where no keyword is said, the windows of hours: kwskit/spotting/background.py.

import { arraysOf } from "./files.js";
import { PeakEstimates, highest } from "./peak_estimates.js";
import { PhonemeBackground } from "./phoneme_background.js";
import { ScoreSmoothing } from "./score_smoothing.js";
import { saidTimes } from "./said_words.js";
import { VectorCodes } from "./vector_codes.js";

const CENTRES = 256; // of a part of the codes

/** @typedef {import("./spotter.js").Keyword} Keyword */

export class Background extends PeakEstimates {
  /** @param {Record<string, any>} about what spotter.json says
   * @param {Uint8Array} bytes of its arrays */
  constructor({ background: about, spotting, phonemes }, bytes) {
    super(about.seconds, spotting);
    const arrays = arraysOf(bytes, about.columns);
    this.said = about.said;
    this.codes = new VectorCodes(arrays, about.part);
    this.weight = phonemes?.weight;
    this.phonemes = phonemes && new PhonemeBackground(arrays, about.frame, spotting.rate, phonemes);
    this.kinds = spotting.windows.map((/** @type {number} */ _, /** @type {number} */ kind) => {
      const of = (/** @type {string} */ name) => arrays[`${name}${kind}`];
      let at = 0; // samples
      const start = Float64Array.from(of("step"), (step) => (at += step) / spotting.rate);
      const stop = start.map((from, k) => from + of("samples")[k] / spotting.rate);
      return { start, stop, codes: of("codes"), mean: of("mean"), deviation: of("deviation") };
    });
  }

  /** @param {Keyword} keyword
   * @param {boolean} every */
  async peaks(keyword, every) {
    const { windows, hours } = this.#stretch(keyword);
    const ranked = windows.map(({ score }) => score).sort((a, b) => b - a);
    const least = every ? -Infinity : ranked[Math.min(this.spotting.ranked, ranked.length) - 1];
    return { scores: highest(windows, this.refractory(keyword), least), hours };
  }

  /** Smoothed scores and centres without those where the keyword is said, and the hours that they are of.
   * @param {Keyword} keyword */
  #stretch(keyword) {
    const smoothing = new ScoreSmoothing(keyword.kinds, 1, this.spotting);
    const tables = keyword.rows.map((row) => this.codes.table(row));
    let end = 0;
    for (const kind of keyword.kinds) {
      const own = this.kinds[kind];
      smoothing.add(kind, own.start, own.stop, this.#scores(own, tables));
      end = own.stop.reduce((/** @type {number} */ a, /** @type {number} */ b) => Math.max(a, b), end);
    }
    const said = saidTimes(this.said, keyword.pronunciations);
    const places = [...smoothing.ready(end), ...smoothing.finish(end)];
    const heard = this.phonemes?.near(keyword, places);
    const windows = places
      .map((place, k) => ({ ...place, score: place.scores[0] + (heard ? this.weight * heard[k] : 0) }))
      .filter(({ start, stop }) => said.every(([from, to]) => stop <= from || start >= to))
      .map(({ start, stop, score }) => ({ centre: (start + stop) / 2, score }));
    const seconds = said.reduce((left, [from, to]) => left - (to - from), this.seconds);
    return { windows, hours: Math.max(seconds, 1) / 3600 };
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
