// Scores of keywords in embedded windows: kwskit/spotting/keyword_queries.py and cohort_embeddings.py.

const LEAST_DEVIATION = 1e-6;

/** Other words that scores are normalised by (T-norm). */
export class Cohort {
  /** @param {number[][][]} tokens of each word, of each of its pronunciations
   * @param {Float32Array[]} rows embeddings of the pronunciations, in a row */
  constructor(tokens, rows) {
    this.tokens = tokens.map((found) => new Set(found.map(String)));
    let at = 0;
    this.rows = tokens.map((found) => rows.slice(at, (at += found.length)));
  }

  /** The highest cosine of each word's pronunciations with a window. @param {Float32Array} window */
  scores(window) {
    return this.rows.map((rows) => highest(rows, window));
  }

  /** Whether each word can be said as a keyword can. @param {number[][]} pronunciations */
  same(pronunciations) {
    return this.tokens.map((found) => pronunciations.some((one) => found.has(String(one))));
  }
}

export class KeywordQueries {
  /** @param {import("./spotter.js").Keyword[]} keywords
   * @param {Cohort} cohort */
  constructor(keywords, cohort) {
    this.keywords = keywords;
    this.cohort = cohort;
    this.same = keywords.map(({ tokens }) => cohort.same(tokens));
  }

  /** Scores of a window, one a keyword, whether it fits or not. @param {Float32Array} window */
  scores(window) {
    const cohort = this.cohort.scores(window);
    return this.keywords.map((_, query) => this.#normalised(window, query, cohort));
  }

  /** That of one keyword. @param {Float32Array} window
   * @param {number} query its number */
  score(window, query) {
    return this.#normalised(window, query, this.cohort.scores(window));
  }

  /** @param {Float32Array} window
   * @param {number} query
   * @param {number[]} cohort */
  #normalised(window, query, cohort) {
    const others = cohort.filter((_, word) => !this.same[query][word]);
    const mean = others.reduce((sum, one) => sum + one, 0) / others.length;
    const variance = others.reduce((sum, one) => sum + (one - mean) ** 2, 0) / others.length;
    return (highest(this.keywords[query].rows, window) - mean) / Math.max(Math.sqrt(variance), LEAST_DEVIATION);
  }
}

/** Which of `windows` (seconds, ascending) is the nearest to a length.
 * @param {number[]} windows
 * @param {number} seconds */
export function nearestWindow(windows, seconds) {
  return windows.slice(1).filter((longer, k) => (windows[k] + longer) / 2 < seconds).length;
}

/** @param {Float32Array[]} rows
 * @param {Float32Array} window */
function highest(rows, window) {
  let best = -Infinity;
  for (const row of rows) {
    let sum = 0;
    for (let d = 0; d < row.length; d++) sum += row[d] * window[d];
    best = Math.max(best, sum);
  }
  return best;
}
