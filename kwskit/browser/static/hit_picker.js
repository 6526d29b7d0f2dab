// Hits of one keyword among its windows, by the same rule as kwskit/spotting/hit_picker.py.

const ROUNDING = 1e-6; // s; of times after weeks

export class HitPicker {
  /** @param {{threshold: number, refractory: number, patience: number}} rule times in seconds */
  constructor({ threshold, refractory, patience }) {
    this.threshold = threshold;
    this.refractory = refractory;
    this.patience = patience;
    /** @type {any} */
    this.best = null; // of the hit that is being heard
    this.last = -Infinity; // centre of the last hit
  }

  /** The hits that are certain after a window, one at most.
   * @template {{start: number, stop: number, known: number, score: number}} Window
   * @param {Window} window of the keyword; seconds, in the order of known
   * @returns {Window[]} */
  push(window) {
    const hits = this.wait(window.known);
    const { start, stop, score } = window;
    if (score >= this.threshold && (start + stop) / 2 >= this.last + this.refractory) {
      if (!this.best || score > this.best.score) this.best = window;
    }
    return hits;
  }

  /** The hits that are certain when no later window will be known before `seen` seconds.
   * @param {number} seen */
  wait(seen) {
    return this.best && seen - this.best.known > this.patience + ROUNDING ? this.finish() : [];
  }

  /** The hit that waited for a better window. */
  finish() {
    const hits = this.best ? [this.best] : [];
    for (const { start, stop } of hits) this.last = (start + stop) / 2;
    this.best = null;
    return hits;
  }
}

/** Those of all windows at once, so that a threshold can be moved without listening again.
 * @param {{start: number[], stop: number[], known: number[], score: number[]}} windows in the order of known
 * @param {{threshold: number, refractory: number, patience: number}} rule */
export function pick({ start, stop, known, score }, rule) {
  const picker = new HitPicker(rule);
  const hits = score.flatMap((_, i) =>
    picker.push({ start: start[i], stop: stop[i], known: known[i], score: score[i] }),
  );
  return [...hits, ...picker.finish()];
}
