// Hits of one keyword among its windows, by the same rule as kwskit/spotting/hit_picker.py, so that a threshold can be
// moved without listening again.

// windows: start, stop, known (seconds) and score, arrays of one length, in the order of known; threshold, refractory
// time and patience (seconds) of the keyword.
export function pick({ start, stop, known, score }, { threshold, refractory, patience }) {
  const hits = [];
  let best = -1;
  let last = -Infinity;
  const tell = () => {
    last = (start[best] + stop[best]) / 2;
    hits.push({ start: start[best], stop: stop[best], score: score[best] });
    best = -1;
  };
  for (let i = 0; i < score.length; i++) {
    if (!(score[i] >= threshold)) continue;
    if (best >= 0 && known[i] > known[best] + patience) tell();
    if ((start[i] + stop[i]) / 2 < last + refractory) continue;
    if (best < 0 || score[i] > score[best]) best = i;
  }
  if (best >= 0) tell();
  return hits;
}
