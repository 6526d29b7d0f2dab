// Where keywords may be said, by the phonemes that a model hears: kwskit/spotting/keyword_paths.py.

/** The best path of every pronunciation that ends at each frame of a stream, all at once. Scores have 32 bits, as in
 * Python: of equal ones the same is taken. */
export class KeywordPaths {
  /** @param {number[][]} pronunciations token ids, without word boundaries, each of at least one
   * @param {number} blank id of CTC's blank */
  constructor(pronunciations, blank) {
    this.labels = pronunciations.flatMap((ids) => ids.flatMap((id, k) => (k ? [blank, id] : [id])));
    this.lengths = pronunciations.map(({ length }) => length);
    let states = 0;
    this.last = this.lengths.map((length) => (states += 2 * length - 1) - 1); // state of each
    /** How many states back a path may come from: 0 at the first phoneme, 2 past the blank between unlike ones. */
    this.reach = pronunciations.flatMap((ids) =>
      ids.flatMap((id, k) => (k ? [1, id === ids[k - 1] ? 1 : 2] : [0])),
    );
    this.scores = new Float32Array(states).fill(-Infinity);
    this.starts = new Float64Array(states);
    this.frames = 0; // heard
  }

  /** Let no path go on from before the next frame. */
  restart() {
    this.scores.fill(-Infinity);
  }

  /** Hear the next frame. @param {Float32Array} costs of each token there, 0 or below: see costsOf */
  push(costs) {
    const { labels, reach, scores, starts } = this;
    for (let s = labels.length - 1; s >= 0; s--) {
      if (reach[s] === 0) {
        scores[s] = costs[labels[s]]; // no path costs less than to begin now
        starts[s] = this.frames;
        continue;
      }
      let from = scores[s] >= scores[s - 1] ? s : s - 1;
      if (reach[s] === 2 && scores[s - 2] > scores[from]) from = s - 2;
      starts[s] = starts[from];
      scores[s] = scores[from] + costs[labels[s]];
    }
    this.frames++;
  }

  /** Of the pronunciations from `first` to before `past` the best path that ends at the last frame: its score, and the
   * frame at which it begins.
   * @param {number} first
   * @param {number} past */
  best(first, past) {
    let [score, start] = [-Infinity, -1];
    for (let p = first; p < past; p++) {
      const own = Math.fround(this.scores[this.last[p]] / this.lengths[p]);
      if (own > score) [score, start] = [own, this.starts[this.last[p]]];
    }
    return { score, start };
  }
}

/** How much less likely each token is than the likeliest, in log-probability, `doubt` at most: 0 or below.
 * @param {Float32Array} logProbs
 * @param {number} doubt */
export function costsOf(logProbs, doubt) {
  const most = logProbs.reduce((a, b) => Math.max(a, b));
  return logProbs.map((one) => Math.max(one - most, -doubt));
}
