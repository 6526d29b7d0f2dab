// What the microphone hears, one channel, as 16 kHz int16 in chunks of 100 ms.

const TARGET = 16000;
const CHUNK = 1600;
const CROSSINGS = 24; // of the low-pass filter's sinc, on either side

class To16k extends AudioWorkletProcessor {
  constructor() {
    super();
    this.ratio = sampleRate / TARGET;
    const gcd = (a, b) => (b ? gcd(b, a % b) : a);
    this.phases = TARGET / gcd(TARGET, sampleRate);
    const pass = 0.94 * Math.min(1, 1 / this.ratio);
    this.half = Math.ceil(CROSSINGS / pass);
    this.kernels = Array.from({ length: this.phases }, (_, phase) => this.kernel((phase * this.ratio) % 1, pass));
    this.kept = new Float32Array(this.half); // the stream begins with silence
    this.first = -this.half; // place of kept[0] in the stream
    this.made = 0;
    this.chunk = new Int16Array(CHUNK);
    this.filled = 0;
  }

  // Hann-windowed sinc around a place between two samples.
  kernel(fraction, pass) {
    const taps = new Float32Array(2 * this.half);
    let sum = 0;
    for (let n = 0; n < taps.length; n++) {
      const t = n - this.half + 1 - fraction;
      const sinc = t === 0 ? 1 : Math.sin(Math.PI * pass * t) / (Math.PI * pass * t);
      taps[n] = Math.abs(t) < this.half ? sinc * (0.5 + 0.5 * Math.cos((Math.PI * t) / this.half)) : 0;
      sum += taps[n];
    }
    return taps.map((tap) => tap / sum);
  }

  process([channels]) {
    if (!channels.length) return true;
    const count = channels[0].length;
    const sound = new Float32Array(this.kept.length + count);
    sound.set(this.kept);
    for (const channel of channels) {
      for (let n = 0; n < count; n++) sound[this.kept.length + n] += channel[n] / channels.length;
    }
    for (;;) {
      const place = Math.floor((this.made * sampleRate) / TARGET + 1e-9);
      const from = place - this.half + 1 - this.first;
      if (from + 2 * this.half > sound.length) break;
      const taps = this.kernels[this.made % this.phases];
      let value = 0;
      for (let n = 0; n < taps.length; n++) value += taps[n] * sound[from + n];
      this.made++;
      this.chunk[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(value * 32768)));
      if (this.filled === CHUNK) {
        this.port.postMessage(this.chunk.buffer, [this.chunk.buffer]);
        this.chunk = new Int16Array(CHUNK);
        this.filled = 0;
      }
    }
    const next = Math.floor((this.made * sampleRate) / TARGET + 1e-9) - this.half + 1;
    this.kept = sound.slice(Math.max(0, next - this.first));
    this.first = Math.max(this.first, next);
    return true;
  }
}

registerProcessor("to-16k", To16k);
