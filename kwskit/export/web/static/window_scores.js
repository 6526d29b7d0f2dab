// Keywords in a stream: windows that fit one are judged together with their neighbours: kwskit/spotting/window_scores.py.

import { FrameListener } from "./frame_listener.js";
import { nearestWindow } from "./keyword_queries.js";
import { ScoreSmoothing } from "./score_smoothing.js";

/** @typedef {import("./spotting_stream.js").Scored} Scored */

export class WindowScores {
  /** @param {import("./speech_model.js").SpeechModel} model
   * @param {import("./keyword_queries.js").KeywordQueries} queries
   * @param {Record<string, any>} spotting what spotter.json says of it */
  constructor(model, queries, spotting) {
    this.queries = queries;
    this.spotting = spotting;
    this.kinds = [...new Set(queries.keywords.flatMap(({ kinds }) => kinds))].sort((a, b) => a - b);
    this.listener = new FrameListener(model, this.kinds.map((kind) => spotting.lengths[kind]));
    this.received = 0; // samples
    this.end = 0; // of the windows so far
    /** @type {import("./frame_listener.js").Window | null} */
    this.whole = null; // what has been heard of a stream that is shorter than a window
    this.groups = [...new Set(queries.keywords.map(({ kinds }) => String(kinds)))].map((kinds) => {
      const own = queries.keywords.flatMap((keyword, k) => (String(keyword.kinds) === kinds ? [k] : []));
      return { own, smoothing: new ScoreSmoothing(queries.keywords[own[0]].kinds, own.length, spotting) };
    });
  }

  /** The windows that samples at 16 kHz complete with their neighbours. @param {Int16Array} pcm */
  async push(pcm) {
    this.received += pcm.length;
    return this.#scored(await this.listener.push(pcm), false);
  }

  /** The windows that end with the stream. */
  async finish() {
    return this.#scored(await this.listener.finish(), true);
  }

  /** @param {import("./frame_listener.js").Window[]} windows
   * @param {boolean} last
   * @returns {import("./spotting_stream.js").Heard} */
  #scored(windows, last) {
    windows.sort((a, b) => a.stop - b.stop || a.start - b.start);
    const { windows: lengths } = this.spotting;
    this.end = Math.max(this.end, ...windows.map(({ stop }) => stop));
    for (const { start, stop, row } of windows) {
      const kind = nearestWindow(lengths, stop - start);
      const scores = this.queries.scores(row);
      for (const { own, smoothing } of this.groups) {
        if (this.queries.keywords[own[0]].kinds.includes(kind)) {
          smoothing.add(kind, [start], [stop], own.map((query) => scores[query]));
        }
      }
    }
    const found = this.groups.flatMap(({ own, smoothing }) =>
      [...smoothing.ready(this.end), ...(last ? smoothing.finish(this.end) : [])].flatMap(({ scores, ...place }) =>
        own.map((query, q) => ({ query, ...place, score: scores[q] })),
      ),
    );
    const longest = lengths[this.kinds[this.kinds.length - 1]];
    if (this.received < Math.round(longest * this.spotting.rate)) found.push(...this.#ofWhole(windows, last));
    return { windows: found.sort((a, b) => a.known - b.known || a.start - b.start), seen: -Infinity };
  }

  /** A stream shorter than all windows of a keyword is one window of it.
   * @param {import("./frame_listener.js").Window[]} windows
   * @param {boolean} last
   * @returns {Scored[]} */
  #ofWhole(windows, last) {
    this.whole = windows.filter(({ start }) => start === 0).pop() ?? this.whole;
    if (!last || !this.whole) return [];
    const { start, stop, row } = this.whole;
    const scores = this.queries.scores(row);
    return this.queries.keywords.flatMap(({ kinds }, query) =>
      stop - start < this.spotting.windows[kinds[0]] ? [{ query, start, stop, known: stop, score: scores[query] }] : [],
    );
  }
}
