// What a model that hears phonemes hears where no keyword is said, the frames of hours:
// kwskit/spotting/frame_background.py.

import { arraysOf } from "./files.js";
import { KeywordPaths, costsOf } from "./keyword_paths.js";
import { KeywordQueries } from "./keyword_queries.js";
import { isPeak, mostFrames, windowsAbout } from "./located_scores.js";
import { PeakEstimates, highest } from "./peak_estimates.js";
import { saidTimes } from "./said_words.js";
import { VectorCodes } from "./vector_codes.js";
import { verified } from "./verifier.js";

/** @typedef {import("./spotter.js").Keyword} Keyword */

export class FrameBackground extends PeakEstimates {
  /** @param {Record<string, any>} about what spotter.json says
   * @param {Uint8Array} bytes of the arrays
   * @param {import("./speech_model.js").SpeechModel} model that made the frames
   * @param {import("./keyword_queries.js").Cohort} cohort */
  constructor(about, bytes, model, cohort) {
    super(about.background.seconds, about.spotting);
    const arrays = arraysOf(bytes, about.background.columns);
    this.locating = about.locating;
    this.said = about.background.said;
    this.frame = about.background.frame; // seconds of one
    this.count = about.background.frames;
    this.codes = new VectorCodes(arrays, about.background.part);
    this.bytes = arrays.codes;
    this.model = model;
    this.cohort = cohort;
    this.tokens = 0;
    this.costs = new Uint8Array(0); // of each token in each frame
  }

  /** The same, once the model has heard the phonemes in it. */
  async ready() {
    const { doubt, fine, stream } = this.locating;
    for (let at = 0; at < this.count; at += stream) {
      const rows = await this.model.logProbs(this.#frames(at, Math.min(this.count, at + stream)));
      this.tokens = rows[0].length;
      if (at === 0) this.costs = new Uint8Array(this.count * this.tokens);
      rows.forEach((row, k) => {
        const costs = costsOf(row, doubt);
        this.costs.set(costs.map((cost) => Math.round(-cost * fine)), (at + k) * this.tokens);
      });
    }
    return this;
  }

  /** @param {Keyword} keyword
   * @param {boolean} every */
  async peaks(keyword, every) {
    const { least, fewest, judged, margins, weight, after, before } = this.locating;
    const said = saidTimes(this.said, keyword.pronunciations);
    const found = this.#places(keyword).filter(({ begin, end }) =>
      said.every(([from, to]) => (end + 1) * this.frame <= from || begin * this.frame >= to),
    );
    const looked = Math.max(fewest, found.filter(({ phonemes }) => phonemes >= least).length);
    const kept = found.sort((a, b) => b.phonemes - a.phonemes || a.end - b.end);
    const places = kept.slice(0, every ? looked : Math.min(looked, judged));
    const candidates = places.map(({ begin, end, phonemes }) => {
      const origin = Math.max(0, begin - before);
      const frames = this.#frames(origin, Math.min(this.count, end + 1 + after));
      const about = windowsAbout(begin - origin, end - origin, frames.length, margins);
      return { query: 0, windows: about.map(([first, past]) => frames.slice(first, past)), phonemes };
    });
    const scores = await verified(this.model, new KeywordQueries([keyword], this.cohort), candidates, weight);
    const windows = places.map(({ begin, end }, k) => ({
      centre: ((begin + end + 1) / 2) * this.frame,
      score: scores[k].score,
    }));
    const seconds = said.reduce((left, [from, to]) => left - (to - from), this.seconds);
    return { scores: highest(windows, this.refractory(keyword), -Infinity), hours: Math.max(seconds, 1) / 3600 };
  }

  /** Where the paths of a keyword are the best ones, however little they score. @param {Keyword} keyword */
  #places(keyword) {
    const { near, doubt } = this.locating;
    const { scores, starts } = this.#paths(keyword);
    const most = mostFrames(keyword, this.frame, this.locating);
    const places = [];
    for (let end = 0; end < this.count; end++) {
      const begin = starts[end];
      if (begin < 0 || end - begin >= most) continue;
      if (isPeak((at) => scores[at], end, near, -2 * doubt)) places.push({ begin, end, phonemes: scores[end] });
    }
    return places;
  }

  /** Of each frame the score of the best path that ends there, and where it begins. Stretches are searched one by one, as
   * Python searches them side by side, each after as many frames as a keyword may take.
   * @param {Keyword} keyword */
  #paths(keyword) {
    const { blank, fine, stream } = this.locating;
    const warm = mostFrames(keyword, this.frame, this.locating) + 1;
    const scores = new Float32Array(this.count);
    const starts = new Int32Array(this.count);
    const costs = new Float32Array(this.tokens);
    for (let first = 0; first < this.count; first += stream) {
      const paths = new KeywordPaths(keyword.phonemes, blank);
      const origin = first && first - warm; // there is nothing before the first frame
      for (let at = origin; at < Math.min(first + stream, this.count); at++) {
        const from = Math.max(0, at) * this.tokens;
        for (let k = 0; k < this.tokens; k++) costs[k] = -this.costs[from + k] / fine;
        paths.push(costs);
        if (at < first) continue;
        const { score, start } = paths.best(0, keyword.phonemes.length);
        scores[at] = score;
        starts[at] = start + origin;
      }
    }
    return { scores, starts };
  }

  /** @param {number} from
   * @param {number} to */
  #frames(from, to) {
    return this.codes.vectors(this.bytes, from, to);
  }
}
