// Frames of a stream, each computed once: kwskit/speech_model/frame_stream.py.

/** @typedef {import("./speech_model.js").SpeechModel} SpeechModel */

export class FrameStream {
  /** @param {SpeechModel} model */
  constructor(model) {
    this.model = model;
    this.shape = model.stream;
    this.pcm = new Int16Array(0); // from the next feature on
    /** @type {Float32Array[] | null} */
    this.features = null; // from the first that the next step looks at
    this.heard = 0; // features
    this.made = 0; // frames before they are averaged
    /** @type {Float32Array[] | null} */
    this.unaveraged = null; // from the first that the next mean is of
    /** @type {number[]} */
    this.loudest = Array(this.shape.floor_features - 1).fill(-Infinity); // of each feature
  }

  /** The frames that samples at 16 kHz complete. @param {Int16Array} pcm */
  async push(pcm) {
    return this.#averaged(await this.#push(pcm));
  }

  /** The frames that waited for the stream to go on. */
  async finish() {
    const { window, stride, ahead, per_step } = this.shape;
    const returned = this.made;
    const frames = [];
    if (this.heard === 0 && this.pcm.length) frames.push(...(await this.#push(new Int16Array(window - this.pcm.length))));
    if (this.features) {
      const missing = modulo(-this.heard, stride) + ahead;
      this.features.push(...this.#silence(missing, Math.max(...this.loudest)));
      frames.push(...(await this.#steps(this.heard + missing)));
    }
    const total = Math.ceil((this.heard * per_step) / stride);
    return this.#averaged(frames.slice(0, total - returned), true);
  }

  /** @param {Int16Array} pcm */
  async #push(pcm) {
    const { window, hop } = this.shape;
    const joined = new Int16Array(this.pcm.length + pcm.length);
    joined.set(this.pcm);
    joined.set(pcm, this.pcm.length);
    this.pcm = joined;
    const count = Math.floor((joined.length - window) / hop) + 1;
    if (count <= 0) return [];
    const features = this.#floored(await this.model.features(joined.slice(0, (count - 1) * hop + window)));
    this.pcm = joined.slice(count * hop);
    this.features = [...(this.features ?? []), ...features];
    this.heard += count;
    return this.#steps(this.heard);
  }

  /** No feature is lower than `floor` below the loudest of the last two seconds. @param {Float32Array[]} features */
  #floored(features) {
    const { floor, floor_features } = this.shape;
    if (floor === null) return features;
    return features.map((row) => {
      this.loudest.push(Math.max(...row));
      const least = Math.max(...this.loudest.slice(-floor_features)) - floor;
      this.loudest = this.loudest.slice(1 - floor_features);
      return row.map((value) => Math.max(value, least));
    });
  }

  /** The frames of the steps that `there` features allow and that have not been made. @param {number} there */
  async #steps(there) {
    const { stride, past, ahead, per_step, span } = this.shape;
    const count = Math.floor((there - ahead) / stride) - this.made / per_step;
    if (!this.features || count <= 0) return [];
    if (this.made === 0) {
      const first = this.features.slice(0, Math.min(stride * span, stride + ahead));
      const loudest = Math.max(...first.map((row) => Math.max(...row)));
      this.features = [...this.#silence(past, loudest), ...this.features];
    }
    const looked = this.features.slice(0, past + count * stride + ahead);
    this.features = this.features.slice(count * stride);
    this.made += count * per_step;
    return this.model.frames(looked);
  }

  /** The means that frames complete; the first and the last frame of a stream stand for those beyond.
   * @param {Float32Array[]} frames */
  #averaged(frames, last = false) {
    const { span } = this.shape;
    if (span === 1 || (!this.unaveraged && !frames.length)) return frames;
    const known = [...(this.unaveraged ?? Array(span >> 1).fill(frames[0])), ...frames];
    if (last) known.push(...Array(span - 1 - (span >> 1)).fill(known.at(-1)));
    const count = Math.max(0, known.length - span + 1);
    this.unaveraged = known.slice(count);
    return Array.from({ length: count }, (_, at) => {
      const mean = known[at].slice();
      for (let k = 1; k < span; k++) known[at + k].forEach((value, d) => (mean[d] += value));
      return mean.map((value) => value / span);
    });
  }

  /** Features of silence next to sound as loud as `loudest`. @param {number} count @param {number} loudest */
  #silence(count, loudest) {
    const { silence, floor } = this.shape;
    const size = /** @type {Float32Array[]} */ (this.features)[0].length;
    return Array.from({ length: count }, () => new Float32Array(size).fill(silence ?? loudest - (floor ?? 0)));
  }
}

const modulo = (/** @type {number} */ a, /** @type {number} */ b) => ((a % b) + b) % b;
