// What has been heard of one recording: its spectrogram, and for each keyword the windows and a curve of their scores.

import { bytes } from "/static/server.js";
import { Spectrogram } from "/static/spectrogram.js";

export const BIN = 0.05; // s of a point of a curve
const REACH = 1 / 8; // windows of a length follow one another at a quarter of it

export class Recording {
  constructor() {
    this.seconds = 0; // heard
    this.total = 0; // of a recording whose end is known
    this.spectrogram = new Spectrogram();
    this.tracks = new Map();
    this.highest = -Infinity;
  }

  // names: the keywords that the message's scores are of; offset: seconds at which its stream began.
  take(message, names, { offset = 0, picture = true } = {}) {
    this.seconds = Math.max(this.seconds, offset + message.seconds);
    if (picture) this.spectrogram.push(bytes(message.spectrogram));
    const start = new Float64Array(bytes(message.start).buffer);
    const stop = new Float64Array(bytes(message.stop).buffer);
    const known = new Float64Array(bytes(message.known).buffer);
    const scores = new Float32Array(bytes(message.scores).buffer);
    names.forEach((name, k) => {
      const track = this.track(name);
      for (let i = 0; i < start.length; i++) {
        const score = scores[i * names.length + k];
        if (score > -Infinity) this.#add(track, start[i] + offset, stop[i] + offset, known[i] + offset, score);
      }
    });
  }

  track(name) {
    if (!this.tracks.has(name)) this.tracks.set(name, { start: [], stop: [], known: [], score: [], curve: [] });
    return this.tracks.get(name);
  }

  #add(track, start, stop, known, score) {
    track.start.push(start);
    track.stop.push(stop);
    track.known.push(known);
    track.score.push(score);
    this.highest = Math.max(this.highest, score);
    const centre = (start + stop) / 2;
    const reach = (stop - start) * REACH;
    const last = Math.round((centre + reach) / BIN);
    for (let bin = Math.max(0, Math.round((centre - reach) / BIN)); bin <= last; bin++) {
      while (track.curve.length <= bin) track.curve.push(null);
      if (track.curve[bin] === null || score > track.curve[bin]) track.curve[bin] = score;
    }
  }

  // The highest score of a keyword from one time to another, or null.
  score(name, from, to) {
    const found = (this.tracks.get(name)?.curve ?? []).slice(Math.max(0, Math.floor(from / BIN)), Math.ceil(to / BIN) + 1);
    return found.reduce((most, one) => (one !== null && (most === null || one > most) ? one : most), null);
  }
}
