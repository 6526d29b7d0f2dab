// How well the phonemes of keywords are heard about places of a stream: kwskit/spotting/phoneme_scores.py.

import { KeywordPaths, costsOf } from "./keyword_paths.js";

const ROUNDING = 1e-6; // s

/** @typedef {{blank: number, doubt: number, least: number, slowest: number, weight: number, stream: number,
 *   fine: number, near: number}} Hearing what spotter.json says of phonemes */
/** @typedef {{score: number, start: number, end: number}} Path seconds */

export class PhonemeScores {
  /** @param {import("./speech_model.js").SpeechModel} model one that hears phonemes
   * @param {import("./spotter.js").Keyword[]} keywords
   * @param {number} frame seconds of one
   * @param {Hearing} hearing */
  constructor(model, keywords, frame, hearing) {
    this.model = model;
    this.frame = frame;
    this.hearing = hearing;
    this.paths = new KeywordPaths(keywords.flatMap(({ phonemes }) => phonemes), hearing.blank);
    let at = 0;
    this.bounds = keywords.map(({ phonemes }) => [at, (at += phonemes.length)]); // of their pronunciations
    this.most = keywords.map((keyword) => mostFrames(keyword, frame, hearing));
    /** Of each keyword, those that have more than the least score. @type {Path[][]} */
    this.heard = keywords.map(() => []);
    this.count = 0; // frames
  }

  /** Hear the frames that come next. @param {Float32Array[]} frames */
  async push(frames) {
    if (!frames.length) return;
    for (const logProbs of await this.model.logProbs(frames)) {
      this.paths.push(costsOf(logProbs, this.hearing.doubt));
      this.count++;
      this.bounds.forEach(([first, past], query) => {
        const { score, start } = this.paths.best(first, past);
        if (score <= this.hearing.least || this.count - start > this.most[query]) return;
        this.heard[query].push({ score, start: start * this.frame, end: this.count * this.frame });
      });
    }
  }

  /** The best score of a keyword's paths about a place.
   * @param {number} query
   * @param {{start: number, stop: number, known: number}} place seconds of the stream */
  near(query, place) {
    return bestNear(this.heard[query], place, this.hearing.near, this.hearing.least);
  }

  /** The best score of all paths of a keyword that are kept. @param {number} query */
  best(query) {
    return this.heard[query].reduce((best, { score }) => Math.max(best, score), this.hearing.least);
  }

  /** Keep no path that ends before so many seconds: nothing will be asked there. @param {number} before */
  forget(before) {
    this.heard = this.heard.map((paths) => paths.filter(({ end }) => end > before - ROUNDING));
  }
}

/** The best score of the paths whose middle is within `reach` of a place's, and which end before the place is known.
 * @param {Path[]} paths by their end
 * @param {{start: number, stop: number, known: number}} place seconds
 * @param {number} reach
 * @param {number} least */
export function bestNear(paths, { start, stop, known }, reach, least) {
  const centre = (start + stop) / 2;
  return paths.reduce((best, path) => {
    const away = Math.abs((path.start + path.end) / 2 - centre);
    return away <= reach + ROUNDING && path.end <= known + ROUNDING ? Math.max(best, path.score) : best;
  }, least);
}

/** Frames that a keyword may take from its first phoneme to its last.
 * @param {{phonemes: number[][], seconds: number}} keyword
 * @param {number} frame seconds of one
 * @param {{slowest: number}} hearing */
export function mostFrames({ phonemes, seconds }, frame, { slowest }) {
  return Math.max(Math.min(...phonemes.map(({ length }) => length)), Math.round((slowest * seconds) / frame));
}
