// Whether a keyword is said where it may be, the second of two stages: kwskit/spotting/verifier.py.

const AT_ONCE = 64;

/** @typedef {{query: number, windows: Float32Array[][], phonemes: number}} Candidate
 *   a place of a keyword, by its number: windows of frames about it, and the score of its path */
/** @typedef {{score: number, parts: {embedding: number, phonemes: number}}} Verified */

/** What each place scores: the best cosine of a window, normalised by the cohort, and what the phonemes say.
 * @param {import("./speech_model.js").SpeechModel} model
 * @param {import("./keyword_queries.js").KeywordQueries} queries
 * @param {Candidate[]} places
 * @param {number} weight of the phonemes
 * @returns {Promise<Verified[]>} */
export async function verified(model, queries, places, weight) {
  const best = places.map(() => -Infinity);
  /** @type {Map<number, {place: number, window: Float32Array[]}[]>} */
  const byLength = new Map(); // windows of one length are embedded together
  places.forEach(({ windows }, place) => {
    for (const window of windows) {
      byLength.set(window.length, [...(byLength.get(window.length) ?? []), { place, window }]);
    }
  });
  for (const same of byLength.values()) {
    for (let at = 0; at < same.length; at += AT_ONCE) {
      const few = same.slice(at, at + AT_ONCE);
      const rows = await model.embedFrames(few.map(({ window }) => window));
      few.forEach(({ place }, k) => {
        best[place] = Math.max(best[place], queries.score(rows[k], places[place].query));
      });
    }
  }
  return places.map(({ phonemes }, k) => ({
    score: best[k] + weight * phonemes,
    parts: { embedding: best[k], phonemes },
  }));
}
