// Keywords in a stream in two stages: phonemes find where they may be, embeddings judge these places:
// kwskit/spotting/located_scores.py.

import { FrameStream } from "./frame_stream.js";
import { KeywordPaths, costsOf } from "./keyword_paths.js";
import { verified } from "./verifier.js";

/** @typedef {{blank: number, doubt: number, least: number, near: number, slowest: number, margins: [number, number][],
 *   before: number, after: number, weight: number}} Locating what spotter.json says of the two stages */
/** @typedef {{score: number, start: number}} Path the best one that ends at a frame, and the frame where it begins */

export class LocatedScores {
  /** @param {import("./speech_model.js").SpeechModel} model one that hears phonemes
   * @param {import("./keyword_queries.js").KeywordQueries} queries
   * @param {Locating} locating */
  constructor(model, queries, locating) {
    this.model = model;
    this.queries = queries;
    this.locating = locating;
    this.stream = new FrameStream(model);
    this.frame = this.stream.shape.frame_seconds;
    const { keywords } = queries;
    this.paths = new KeywordPaths(keywords.flatMap(({ phonemes }) => phonemes), locating.blank);
    let at = 0;
    this.bounds = keywords.map(({ phonemes }) => [at, (at += phonemes.length)]); // of their pronunciations
    this.most = keywords.map((keyword) => mostFrames(keyword, this.frame, locating));
    this.kept = Math.max(...this.most) + locating.before + locating.after + locating.near + 1;
    /** @type {{frame: Float32Array, paths: Path[]}[]} */
    this.heard = []; // the last frames, each with a path a keyword
    this.from = 0; // number of the first of them
    this.next = 0; // number of the first whose paths have not been looked at
  }

  /** The places that samples at 16 kHz complete. @param {Int16Array} pcm */
  async push(pcm) {
    return this.#scored(await this.stream.push(pcm), false);
  }

  /** The places that waited for the stream to go on. */
  async finish() {
    return this.#scored(await this.stream.finish(), true);
  }

  /** @param {Float32Array[]} frames
   * @param {boolean} last
   * @returns {Promise<import("./spotting_stream.js").Heard>} */
  async #scored(frames, last) {
    const { after, doubt, margins, weight } = this.locating;
    const logProbs = frames.length ? await this.model.logProbs(frames) : [];
    frames.forEach((frame, k) => {
      this.paths.push(costsOf(logProbs[k], doubt));
      this.heard.push({ frame, paths: this.bounds.map(([first, past]) => this.paths.best(first, past)) });
    });
    const there = this.from + this.heard.length;
    const until = Math.max(this.next, last ? there : there - after);
    const places = [];
    for (let end = this.next; end < until; end++) places.push(...this.#ending(end));
    const candidates = places.map(({ query, begin, end, phonemes }) => {
      const windows = windowsAbout(begin - this.from, end - this.from, this.heard.length, margins).map(([first, past]) =>
        this.heard.slice(first, past).map(({ frame }) => frame),
      );
      return { query, windows, phonemes };
    });
    const judged = await verified(this.model, this.queries, candidates, weight);
    this.next = until;
    const gone = Math.max(0, until - this.kept - this.from);
    this.heard = this.heard.slice(gone);
    this.from += gone;
    const windows = places.map(({ query, begin, end }, k) => {
      const stop = (end + 1) * this.frame;
      return { query, start: begin * this.frame, stop, known: stop, ...judged[k] };
    });
    windows.sort((a, b) => a.stop - b.stop || a.start - b.start);
    return { windows, seen: (until + 1) * this.frame };
  }

  /** The places of keywords whose paths end at a frame. @param {number} end */
  #ending(end) {
    return this.most.flatMap((most, query) => {
      const score = (/** @type {number} */ frame) => this.heard[frame - this.from]?.paths[query].score;
      if (!isPeak(score, end, this.locating.near, this.locating.least)) return [];
      const { score: phonemes, start: begin } = this.heard[end - this.from].paths[query];
      return end - begin < most ? [{ query, begin, end, phonemes }] : [];
    });
  }
}

/** Frames that a keyword may take from its first phoneme to its last.
 * @param {{phonemes: number[][], seconds: number}} keyword
 * @param {number} frame seconds of one
 * @param {{slowest: number}} locating */
export function mostFrames({ phonemes, seconds }, frame, { slowest }) {
  return Math.max(Math.min(...phonemes.map(({ length }) => length)), Math.round(slowest * seconds * (1 / frame)));
}

/** Whether the score at a frame is at least `least` and the highest, or the first such, for `near` frames.
 * @param {(frame: number) => number | undefined} score undefined where there is none
 * @param {number} frame
 * @param {number} near
 * @param {number} least */
export function isPeak(score, frame, near, least) {
  const own = /** @type {number} */ (score(frame));
  if (!(own >= least)) return false;
  for (let k = 1; k <= near; k++) {
    if (own <= (score(frame - k) ?? -Infinity) || own < (score(frame + k) ?? -Infinity)) return false;
  }
  return true;
}

/** First frame and the one past the last of each window about a path.
 * @param {number} begin
 * @param {number} end
 * @param {number} count of all frames
 * @param {[number, number][]} margins
 * @returns {[number, number][]} */
export function windowsAbout(begin, end, count, margins) {
  return margins.map(([before, after]) => [Math.max(0, begin - before), Math.min(count, end + 1 + after)]);
}
