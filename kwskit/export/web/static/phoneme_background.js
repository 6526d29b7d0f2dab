// The phonemes that a model hears where no keyword is said: kwskit/spotting/phoneme_background.py.

import { KeywordPaths } from "./keyword_paths.js";
import { bestNear, mostFrames } from "./phoneme_scores.js";

/** @typedef {import("./spotter.js").Keyword} Keyword */

export class PhonemeBackground {
  /** @param {Record<string, any>} arrays costs (F V,), begin (R,) in samples, and first (R,)
   * @param {number} frame seconds of one
   * @param {number} rate samples a second
   * @param {import("./phoneme_scores.js").Hearing} hearing */
  constructor({ costs, begin, first }, frame, rate, hearing) {
    this.costs = costs;
    this.begin = Float64Array.from(begin, (at) => at / rate);
    this.first = first;
    this.frame = frame;
    this.hearing = hearing;
    this.tokens = hearing.blank + 1;
    this.count = costs.length / this.tokens;
  }

  /** The best score of a keyword's paths about each of some places.
   * @param {Keyword} keyword
   * @param {{start: number, stop: number, known: number}[]} places of the background, by their centre
   * @returns {number[]} */
  near(keyword, places) {
    const { near, least } = this.hearing;
    const paths = this.#paths(keyword);
    let from = 0;
    return places.map(({ start, stop, known }) => {
      const own = Math.max(0, this.begin.findLastIndex((/** @type {number} */ one) => one <= (start + stop) / 2));
      const shift = this.first[own] * this.frame - this.begin[own];
      const past = (this.first[own + 1] ?? this.count) * this.frame;
      const place = { start: start + shift, stop: stop + shift, known: Math.min(known + shift, past) };
      while (from < paths.length && paths[from].end < (place.start + place.stop) / 2 - near - this.frame) from++;
      let to = from;
      while (to < paths.length && paths[to].end <= place.known + this.frame) to++;
      return bestNear(paths.slice(from, to), place, near, least);
    });
  }

  /** The best paths that end at each frame, where these score more than the least. Stretches are searched one by one, as
   * Python searches them side by side, each after as many frames as a keyword may take.
   * @param {Keyword} keyword */
  #paths(keyword) {
    const { blank, fine, least, stream } = this.hearing;
    const most = mostFrames(keyword, this.frame, this.hearing);
    const costs = new Float32Array(this.tokens);
    const found = [];
    const begun = new Set(this.first);
    let own = 0; // recording
    for (let first = 0; first < this.count; first += stream) {
      const paths = new KeywordPaths(keyword.phonemes, blank);
      const origin = first && first - most - 1; // there is nothing before the first frame
      for (let at = origin; at < Math.min(first + stream, this.count); at++) {
        if (begun.has(at)) paths.restart(); // there is nothing before the first frame of a recording
        const from = Math.max(0, at) * this.tokens;
        for (let k = 0; k < this.tokens; k++) costs[k] = -this.costs[from + k] / fine;
        paths.push(costs);
        if (at < first) continue;
        while (this.first[own + 1] <= at) own++;
        const { score, start } = paths.best(0, keyword.phonemes.length);
        const begin = start + origin;
        if (score <= least || begin < this.first[own] || at + 1 - begin > most) continue;
        found.push({ score, start: begin * this.frame, end: (at + 1) * this.frame });
      }
    }
    return found;
  }
}
