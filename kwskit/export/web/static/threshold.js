// A threshold for a rate of false alarms: kwskit/spotting/false_alarm_rate.py.

/** The threshold that so many peaks an hour reach.
 * @param {number[]} peaks scores where nothing is said that should be heard, descending
 * @param {number} hours in which they are
 * @param {number} faPerHour
 * @param {{counted: number, tail: number, shapes: [number, number][]}} spotting
 * @returns {{value: number, source: "counted" | "extrapolated"}} */
export function thresholdOf(peaks, hours, faPerHour, { counted, tail, shapes }) {
  if (!(faPerHour > 0 && faPerHour < Infinity)) {
    throw new RangeError(`a rate of false alarms is finite and above 0 an hour, not ${faPerHour}`);
  }
  if (peaks.length < 2) throw new RangeError(`${peaks.length} peaks in ${hours} hours: too few for a threshold`);
  const allowed = Math.floor(Math.min(faPerHour * hours, peaks.length));
  if (allowed >= peaks.length) return { value: peaks[peaks.length - 1], source: "counted" };
  if (allowed >= counted) return { value: (peaks[allowed - 1] + peaks[allowed]) / 2, source: "counted" };
  const count = Math.max(1, Math.min(tail, Math.floor(peaks.length / 2)));
  const base = peaks[count];
  const excess = peaks.slice(0, count).reduce((sum, peak) => sum + peak, 0) / count - base;
  const ratio = count / (hours * faPerHour);
  const shape = tailShape(count / hours, shapes);
  const units = shape === 0 ? Math.log(ratio) : ((1 - shape) / shape) * (ratio ** shape - 1);
  return { value: base + excess * units, source: "extrapolated" };
}

/** Of the generalised Pareto distribution, by the peaks an hour that the tail begins with.
 * @param {number} perHour
 * @param {[number, number][]} shapes */
function tailShape(perHour, [[few, light], [many, heavy]]) {
  const share = Math.min(1, Math.max(0, Math.log(perHour / few) / Math.log(many / few)));
  return light + share * (heavy - light);
}
