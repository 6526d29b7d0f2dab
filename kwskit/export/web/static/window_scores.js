// Keywords in a stream: windows that fit one are judged together with their neighbours: kwskit/spotting/window_scores.py.

import { FrameListener } from "./frame_listener.js";
import { nearestWindow } from "./keyword_queries.js";
import { PhonemeScores } from "./phoneme_scores.js";
import { ScoreSmoothing } from "./score_smoothing.js";

/** @typedef {import("./spotting_stream.js").Scored} Scored */

export class WindowScores {
  /** @param {import("./speech_model.js").SpeechModel} model
   * @param {import("./keyword_queries.js").KeywordQueries} queries
   * @param {Record<string, any>} about what spotter.json says */
  constructor(model, queries, { spotting, stream, phonemes }) {
    this.queries = queries;
    this.spotting = spotting;
    this.phonemes = phonemes && new PhonemeScores(model, queries.keywords, stream.frame_seconds, phonemes);
    this.kinds = [...new Set(queries.keywords.flatMap(({ kinds }) => kinds))].sort((a, b) => a - b);
    this.listener = new FrameListener(model, this.kinds.map((kind) => spotting.lengths[kind]));
    this.received = 0; // samples
    this.end = 0; // of the windows so far
    /** @type {import("./frame_listener.js").Window | null} */
    this.whole = null; // what has been heard of a stream that is shorter than a window
    this.groups = [...new Set(queries.keywords.map(({ kinds }) => String(kinds)))].map((kinds) => {
      const own = queries.keywords.flatMap((keyword, k) => (String(keyword.kinds) === kinds ? [k] : []));
      return { own, smoothing: new ScoreSmoothing(queries.keywords[own[0]].kinds, own.length, spotting), told: 0 };
    });
  }

  /** The windows that samples at 16 kHz complete with their neighbours. @param {Int16Array} pcm */
  async push(pcm) {
    this.received += pcm.length;
    const windows = await this.listener.push(pcm);
    await this.phonemes?.push(this.listener.made);
    return this.#scored(windows, false);
  }

  /** The windows that end with the stream. */
  async finish() {
    const windows = await this.listener.finish();
    await this.phonemes?.push(this.listener.made);
    return this.#scored(windows, true);
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
    const found = this.groups.flatMap((group) => {
      const places = [...group.smoothing.ready(this.end), ...(last ? group.smoothing.finish(this.end) : [])];
      if (places.length) group.told = (places[places.length - 1].start + places[places.length - 1].stop) / 2;
      return places.flatMap(({ scores, ...place }) =>
        group.own.map((query, q) =>
          this.#withPhonemes({ query, ...place, score: scores[q] }, this.phonemes?.near(query, place)),
        ),
      );
    });
    const longest = lengths[this.kinds[this.kinds.length - 1]];
    if (this.received < Math.round(longest * this.spotting.rate)) found.push(...this.#ofWhole(windows, last));
    this.phonemes?.forget(Math.min(...this.groups.map(({ told }) => told)) - this.spotting.near);
    return { windows: found.sort((a, b) => a.known - b.known || a.start - b.start), seen: -Infinity };
  }

  /** @param {Scored} window of the embedding alone
   * @param {number} [phonemes] score of these, where they are heard
   * @returns {Scored} */
  #withPhonemes(window, phonemes) {
    if (!this.phonemes || phonemes === undefined) return window;
    const score = window.score + this.phonemes.hearing.weight * phonemes;
    return { ...window, score, parts: { embedding: window.score, phonemes } };
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
      stop - start < this.spotting.windows[kinds[0]]
        ? [this.#withPhonemes({ query, start, stop, known: stop, score: scores[query] }, this.phonemes?.best(query))]
        : [],
    );
  }
}
