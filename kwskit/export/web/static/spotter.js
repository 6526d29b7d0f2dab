// Keywords enrolled by typing, and spotted in sound: kwskit/spotting/spotter.py.

import { Background } from "./background.js";
import { bytesOf, textOf } from "./files.js";
import { Cohort, KeywordQueries } from "./keyword_queries.js";
import { Pronunciations, wordsOf } from "./pronunciations.js";
import { SpeechModel } from "./speech_model.js";
import { SpottingStream } from "./spotting_stream.js";
import { WindowScores } from "./window_scores.js";

const BOUNDARY = "|"; // between words

/** @typedef {import("./index.js").Keyword & {tokens: number[][], phonemes: number[][], rows: Float32Array[],
 *   kinds: number[]}} Keyword */

export class Spotter {
  /** @param {Record<string, any>} about what spotter.json says
   * @param {{model: SpeechModel, cohort: Cohort, background: Background, reader: Pronunciations}} parts */
  constructor(about, parts) {
    this.about = about;
    this.parts = parts;
    /** @type {Map<string, Keyword>} */
    this.enrolled = new Map();
  }

  /** @param {string | URL} [folder] where the files of the package are
   * @param {(loaded: number, total: number) => void} [progress] bytes, as they arrive */
  static async load(folder = new URL("./", import.meta.url), progress = () => {}) {
    const base = new URL(folder, globalThis.document?.baseURI ?? import.meta.url);
    const about = JSON.parse(await textOf(new URL("model/spotter.json", base)));
    const total = Object.values(about.files).reduce((sum, size) => sum + size, 0);
    let loaded = 0;
    const read = async (/** @type {string} */ name) => {
      const bytes = await bytesOf(new URL(name, base));
      progress((loaded += about.files[name]), total);
      return bytes;
    };
    const dictionary = new TextDecoder().decode(await read("model/dictionary.txt.gz"));
    const reader = new Pronunciations(dictionary, about.tokenizer);
    const heard = await read("model/background.bin.gz");
    const model = await SpeechModel.load(about, read, base);
    const cohort = new Cohort(about.cohort, await model.embedTokens(about.cohort.flat()));
    const background = new Background(about, heard);
    return new Spotter(about, { model, cohort, background, reader });
  }

  get model() {
    return this.about.name;
  }

  get keywords() {
    return [...this.enrolled.values()];
  }

  get backgroundMinutes() {
    return this.parts.background.minutes;
  }

  /** Listen for a keyword from now on, in the place of an earlier one of its name.
   * @param {string} typed a word, a phrase, or WORD=PHONEMES
   * @param {{faPerHour?: number, threshold?: number}} [options]
   * @returns {Promise<Keyword>} */
  async enrol(typed, { faPerHour = this.about.spotting.fa_per_hour, threshold } = {}) {
    const { text, tokens, pronunciations } = this.parts.reader.read(typed);
    const rows = await this.parts.model.embedTokens(tokens);
    const seconds = this.#seconds(tokens[0]);
    const kinds = fittingWindows(seconds, this.about.spotting);
    const phonemes = tokens.map((ids) => this.#heard(ids));
    const untold = { name: text, tokens, phonemes, pronunciations, rows, seconds, kinds, threshold: NaN };
    if (threshold !== undefined && !(typeof threshold === "number" && !Number.isNaN(threshold))) {
      throw new RangeError(`a threshold is a number, not ${threshold}`);
    }
    const { value, source } =
      threshold === undefined
        ? await this.#threshold(/** @type {Keyword} */ (untold), faPerHour)
        : { value: threshold, source: "given" };
    const keyword = /** @type {Keyword} */ ({ ...untold, threshold: value, thresholdSource: source });
    this.enrolled.set(keyOf(text), keyword);
    return keyword;
  }

  /** Listen for a keyword no more. @param {string} name
   * @returns {boolean} whether there was one */
  forget(name) {
    return this.enrolled.delete(keyOf(name));
  }

  /** A stream that hears the keywords enrolled so far. */
  listen() {
    const queries = new KeywordQueries(this.keywords, this.parts.cohort);
    return new SpottingStream((of) => new WindowScores(this.parts.model, of, this.about), queries, this.about.spotting);
  }

  /** The hits in samples at 16 kHz, by their end. @param {Int16Array | Float32Array} samples */
  async spot(samples) {
    const stream = this.listen();
    const hits = [];
    for (let at = 0; at < samples.length; at += this.about.spotting.rate) {
      hits.push(...(await stream.push(samples.slice(at, at + this.about.spotting.rate))));
    }
    return [...hits, ...(await stream.finish())];
  }

  /** The background's, which is for a phrase that is heard at once at least a share of what it scores itself: calibration.py.
   * @param {Keyword} keyword
   * @param {number} faPerHour */
  async #threshold(keyword, faPerHour) {
    const found = await this.parts.background.threshold(keyword, faPerHour);
    const { windows, phrase_share } = this.about.spotting;
    const phrase = keyword.pronunciations.some((said) => said.includes(BOUNDARY));
    if (!phrase || keyword.seconds > windows.at(-1)) return found;
    const queries = new KeywordQueries([keyword], this.parts.cohort);
    const own = Math.max(...keyword.rows.map((row) => queries.score(row, 0)));
    return { ...found, value: Math.max(found.value, phrase_share * own) };
  }

  /** How long a pronunciation takes to be said, presumably. @param {number[]} tokens */
  #seconds(tokens) {
    const { base, per_phoneme } = this.about.spotting;
    return base + per_phoneme * this.#heard(tokens).length;
  }

  /** A pronunciation without the boundaries between words. @param {number[]} tokens */
  #heard(tokens) {
    return tokens.filter((id) => this.about.tokenizer.symbols[id] !== BOUNDARY);
  }
}

/** Numbers of the windows of 0.6 to 1.7 times a length, or of the nearest two: kwskit/spotting/expected_duration.py.
 * @param {number} seconds
 * @param {{windows: number[], shortest: number, longest: number, fewest: number}} spotting
 * @returns {number[]} ascending */
export function fittingWindows(seconds, { windows, shortest, longest, fewest }) {
  const all = windows.map((_, kind) => kind);
  const fitting = all.filter((k) => shortest * seconds <= windows[k] && windows[k] <= longest * seconds);
  if (fitting.length >= fewest) return fitting;
  const far = (/** @type {number} */ k) => Math.max(windows[k] / seconds, seconds / windows[k]);
  return all.sort((a, b) => far(a) - far(b)).slice(0, fewest).sort((a, b) => a - b);
}

/** One spelling of a name, however it is written. @param {string} name */
function keyOf(name) {
  try {
    return wordsOf(name.replaceAll("_", " ")).map((word) => word.replace(/^[.'-]+|[.'-]+$/g, "")).join(" ");
  } catch {
    return name.trim().toLowerCase(); // said by its phonemes alone
  }
}
