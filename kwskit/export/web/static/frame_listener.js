// Windows of a stream, pooled of its frames: kwskit/spotting/windows/frame_listener.py and window_cutter.py.

import { FrameStream } from "./frame_stream.js";

const WINDOWS_AT_ONCE = 64;

/** @typedef {{start: number, stop: number, row: Float32Array}} Window seconds of the stream, and a unit embedding */
/** @typedef {{start: number, frames: Float32Array[]}} Cut first frame, and all of them */
/** @typedef {{size: number, hop: number}} Length of windows, and from one to the next, in frames */

export class FrameListener {
  /** @param {import("./speech_model.js").SpeechModel} model
   * @param {Length[]} lengths ascending */
  constructor(model, lengths) {
    this.model = model;
    this.frames = new FrameStream(model);
    this.cutter = new WindowCutter(lengths);
    this.received = 0; // samples
    /** Frames of what was heard last. @type {Float32Array[]} */
    this.made = [];
  }

  /** @param {Int16Array} pcm */
  async push(pcm) {
    this.received += pcm.length;
    this.made = await this.frames.push(pcm);
    return this.#embedded(this.cutter.push(this.made));
  }

  async finish() {
    this.made = await this.frames.finish();
    const cut = this.cutter.push(this.made);
    return [...(await this.#embedded(cut)), ...(await this.#embedded(this.cutter.finish()))];
  }

  /** @param {Cut[][]} cut of each length
   * @returns {Promise<Window[]>} */
  async #embedded(cut) {
    const { span, frame_seconds, rate } = this.frames.shape;
    const found = [];
    for (const same of cut) {
      for (let at = 0; at < same.length; at += WINDOWS_AT_ONCE) {
        const few = same.slice(at, at + WINDOWS_AT_ONCE);
        const rows = await this.model.embedFrames(few.map(({ frames }) => frames.filter((_, k) => k % span === 0)));
        few.forEach(({ start, frames }, k) => {
          const from = start * frame_seconds;
          const stop = Math.min(from + frames.length * frame_seconds, this.received / rate);
          found.push({ start: from, stop, row: rows[k] });
        });
      }
    }
    return found;
  }
}

/** Windows of a length start at multiples of its hop, and the last one ends with the stream. */
export class WindowCutter {
  /** @param {Length[]} lengths ascending */
  constructor(lengths) {
    this.lengths = lengths;
    this.next = lengths.map(() => 0);
    /** @type {Float32Array[]} */
    this.kept = [];
    this.received = 0; // frames
  }

  /** @param {Float32Array[]} frames
   * @returns {Cut[][]} */
  push(frames) {
    this.kept.push(...frames);
    this.received += frames.length;
    const offset = this.received - this.kept.length;
    const cut = this.lengths.map(({ size, hop }, k) => {
      const own = [];
      for (; this.next[k] + size <= this.received; this.next[k] += hop) {
        const from = this.next[k] - offset;
        own.push({ start: this.next[k], frames: this.kept.slice(from, from + size) });
      }
      return own;
    });
    const longest = this.lengths[this.lengths.length - 1].size;
    const needed = Math.max(longest, this.received - Math.min(...this.next));
    this.kept = this.kept.slice(Math.max(0, this.kept.length - needed));
    return cut;
  }

  /** The windows that end with the stream.
   * @returns {Cut[][]} */
  finish() {
    const offset = this.received - this.kept.length;
    let whole = this.lengths.some(({ size }) => size === this.received);
    const cut = [];
    this.lengths.forEach(({ size, hop }, k) => {
      const start = Math.max(0, this.received - size);
      const next = this.next[k];
      if (this.received === 0 || (next && start === next - hop) || (whole && start === 0)) return; // cut before
      whole = whole || this.received < size;
      cut.push([{ start, frames: this.kept.slice(start - offset) }]);
    });
    return cut;
  }
}
