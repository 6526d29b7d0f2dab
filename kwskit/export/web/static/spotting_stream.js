// Keywords heard in one stream, as it arrives: kwskit/spotting/spotting_stream.py.

import { HitPicker } from "./hit_picker.js";

/** @typedef {import("./index.js").Hit} Hit */
/** @typedef {{query: number, start: number, stop: number, known: number, score: number,
 *   parts?: {embedding: number, phonemes: number}}} Scored
 *   a window of a keyword, by its number; seconds of the stream, `known` is what had to be heard */
/** @typedef {{windows: Scored[], seen: number}} Heard
 *   windows in the order of known, and the seconds before which no later one will be known */
/** @typedef {{push(pcm: Int16Array): Promise<Heard>, finish(): Promise<Heard>}} StreamScores */

export class SpottingStream {
  /** @param {(queries: import("./keyword_queries.js").KeywordQueries) => StreamScores} score makes what scores keywords
   * @param {import("./keyword_queries.js").KeywordQueries} queries
   * @param {Record<string, any>} spotting what spotter.json says of it */
  constructor(score, queries, spotting) {
    this.keywords = queries.keywords;
    this.spotting = spotting;
    this.scores = queries.keywords.length ? score(queries) : null;
    this.pickers = queries.keywords.map(
      ({ threshold, seconds }) =>
        new HitPicker({ threshold, refractory: Math.max(spotting.refractory, seconds), patience: spotting.patience }),
    );
    /** @type {Int16Array[]} */
    this.waiting = [];
    this.finished = false;
    /** @type {Promise<any>} */
    this.turn = Promise.resolve(); // blocks are heard one after another
    /** The highest score of each keyword in what was heard last. @type {number[]} */
    this.heard = queries.keywords.map(() => -Infinity);
  }

  /** The hits that are certain after samples at 16 kHz, by their end.
   * @param {Int16Array | Float32Array} samples 16 bits, or in [-1, 1]
   * @returns {Promise<Hit[]>} */
  push(samples) {
    if (this.finished) throw new Error("the stream is finished: listen() begins another");
    this.waiting.push(pcmOf(samples));
    const count = this.waiting.reduce((sum, { length }) => sum + length, 0);
    if (count < this.spotting.step * this.spotting.rate) return Promise.resolve([]);
    const arrived = this.#arrived();
    return this.#next(async (scores) => this.#picked(await scores.push(arrived)));
  }

  /** The hits that waited for the stream to go on; nothing may be pushed afterwards.
   * @returns {Promise<Hit[]>} */
  finish() {
    if (this.finished) return Promise.resolve([]);
    this.finished = true;
    const arrived = this.#arrived();
    return this.#next(async (scores) => {
      const parts = [await scores.push(arrived), await scores.finish()];
      const windows = parts.flatMap((part) => part.windows).sort((a, b) => a.known - b.known || a.start - b.start);
      const hits = this.#picked({ windows, seen: Math.max(...parts.map(({ seen }) => seen)) });
      return [...hits, ...this.#hits((picker) => picker.finish())];
    });
  }

  /** @param {(scores: StreamScores) => Promise<Hit[]>} listen
   * @returns {Promise<Hit[]>} */
  #next(listen) {
    const { scores } = this;
    if (!scores) return Promise.resolve([]);
    this.turn = this.turn.then(() => listen(scores));
    return this.turn;
  }

  #arrived() {
    const arrived = new Int16Array(this.waiting.reduce((sum, { length }) => sum + length, 0));
    this.waiting.reduce((at, block) => (arrived.set(block, at), at + block.length), 0);
    this.waiting = [];
    return arrived;
  }

  /** @param {Heard} heard */
  #picked({ windows, seen }) {
    const of = this.keywords.map((_, k) => windows.filter(({ query }) => query === k));
    this.heard = of.map((own) => own.reduce((best, { score }) => Math.max(best, score), -Infinity));
    return this.#hits((picker, k) => [...of[k].flatMap((window) => picker.push(window)), ...picker.wait(seen)]);
  }

  /** @param {(picker: HitPicker, query: number) => Scored[]} picks
   * @returns {Hit[]} by their end */
  #hits(picks) {
    return this.pickers
      .flatMap(picks)
      .sort((a, b) => a.stop - b.stop || a.query - b.query)
      .map(({ query, start, stop, score, parts }) => {
        const { name, threshold } = this.keywords[query];
        return { keyword: name, start, end: stop, score, threshold, ...parts };
      });
  }
}

/** @param {Int16Array | Float32Array} samples */
function pcmOf(samples) {
  if (samples instanceof Int16Array) return samples;
  if (!(samples instanceof Float32Array)) throw new TypeError("samples are an Int16Array or a Float32Array, at 16 kHz");
  if (!samples.every(Number.isFinite)) throw new TypeError("samples hold NaN or infinity");
  return Int16Array.from(samples, (one) => Math.max(-32768, Math.min(32767, Math.round(one * 32768))));
}
