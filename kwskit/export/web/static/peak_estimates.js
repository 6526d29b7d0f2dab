// Thresholds by the peaks of a keyword where it is not said: kwskit/spotting/peak_estimates.py.

import { thresholdOf } from "./threshold.js";

/** @typedef {import("./spotter.js").Keyword} Keyword */
/** @typedef {{scores: number[], hours: number}} Peaks descending, and the hours in which they are */

/** What a model hears where no keyword is said. */
export class PeakEstimates {
  /** @param {number} seconds listened to
   * @param {Record<string, any>} spotting what spotter.json says of it */
  constructor(seconds, spotting) {
    this.seconds = seconds;
    this.spotting = spotting;
  }

  get minutes() {
    return this.seconds / 60;
  }

  /** The peaks that hits would be, where the keyword is not said.
   * @param {Keyword} _keyword
   * @param {boolean} _every all of them, not the highest alone
   * @returns {Promise<Peaks>} */
  async peaks(_keyword, _every) {
    throw new Error("peaks are those of a kind of background");
  }

  /** The threshold of a keyword for so many false alarms an hour, and how it is known.
   * @param {Keyword} keyword
   * @param {number} faPerHour */
  async threshold(keyword, faPerHour) {
    let { scores, hours } = await this.peaks(keyword, false);
    if (hours * faPerHour >= scores.length) ({ scores, hours } = await this.peaks(keyword, true));
    return thresholdOf(scores, hours, faPerHour, this.spotting);
  }

  /** @param {Keyword} keyword */
  refractory({ seconds }) {
    return Math.max(this.spotting.refractory, seconds);
  }
}

/** Scores of the peaks among windows that reach `least`, descending: none is within the refractory time of a higher one.
 * @param {{centre: number, score: number}[]} windows
 * @param {number} refractory seconds
 * @param {number} least */
export function highest(windows, refractory, least) {
  const kept = windows.filter(({ score }) => score >= least).sort((a, b) => a.centre - b.centre);
  const alive = kept.map(() => true);
  const order = kept.map((_, k) => k).sort((a, b) => kept[b].score - kept[a].score || a - b);
  return order.flatMap((k) => {
    if (!alive[k]) return [];
    const { centre, score } = kept[k];
    for (let j = k; j >= 0 && kept[j].centre > centre - refractory; j--) alive[j] = false;
    for (let j = k; j < kept.length && kept[j].centre < centre + refractory; j++) alive[j] = false;
    return [score];
  });
}
