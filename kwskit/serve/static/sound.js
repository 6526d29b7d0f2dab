// Sound to be heard again: all of it, or a stretch.

const RATE = 16000;

// Int16Arrays at 16 kHz as a WAV file.
export function wav(chunks) {
  const size = 2 * chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, word) => [...word].forEach((letter, k) => header.setUint8(at + k, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + size, true);
  text(8, "WAVEfmt ");
  [[16, 16, 4], [20, 1, 2], [22, 1, 2], [24, RATE, 4], [28, 2 * RATE, 4], [32, 2, 2], [34, 16, 2]].forEach(
    ([at, value, wide]) => (wide === 4 ? header.setUint32(at, value, true) : header.setUint16(at, value, true)),
  );
  text(36, "data");
  header.setUint32(40, size, true);
  return new Blob([header, ...chunks], { type: "audio/wav" });
}

// A file that the server cannot read but the browser can, at 16 kHz, one channel, as a WAV file; throws otherwise.
export async function converted(file) {
  const decoded = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await file.arrayBuffer());
  const pcm = new Int16Array(decoded.length);
  const channels = Array.from({ length: decoded.numberOfChannels }, (_, k) => decoded.getChannelData(k));
  for (let n = 0; n < pcm.length; n++) {
    const mean = channels.reduce((sum, channel) => sum + channel[n], 0) / channels.length;
    pcm[n] = Math.max(-32768, Math.min(32767, Math.round(mean * 32768)));
  }
  return wav([pcm]);
}

export class Player {
  // moved(seconds, or null when silent) is called as it plays; failed() when the browser cannot play what it was given.
  constructor({ moved, failed }) {
    this.moved = moved;
    this.audio = new Audio();
    this.audio.preload = "auto";
    this.offset = 0; // seconds of the recording at which the audio begins
    this.until = Infinity;
    this.audio.addEventListener("error", () => this.audio.src && failed());
    this.audio.addEventListener("ended", () => this.pause());
  }

  get playing() {
    return !this.audio.paused;
  }

  get at() {
    return this.audio.currentTime + this.offset;
  }

  load(blob, offset = 0) {
    this.unload();
    this.offset = offset;
    this.url = URL.createObjectURL(blob);
    this.audio.src = this.url;
  }

  unload() {
    this.audio.pause();
    this.audio.removeAttribute("src");
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
  }

  async play(from = this.at, until = Infinity) {
    if (!this.url) return;
    this.until = until;
    if (Math.abs(from - this.at) > 0.001) this.audio.currentTime = Math.max(0, from - this.offset);
    try {
      await this.audio.play();
    } catch {
      return; // stopped before it began, or told by the error event
    }
    this.#follow();
  }

  pause() {
    this.audio.pause();
    this.moved(null);
  }

  seek(seconds) {
    this.until = Infinity;
    this.audio.currentTime = Math.max(0, seconds - this.offset);
    this.moved(this.at);
  }

  #follow() {
    if (this.audio.paused) return;
    if (this.at >= this.until) {
      this.pause();
      return;
    }
    this.moved(this.at);
    requestAnimationFrame(() => this.#follow());
  }
}
