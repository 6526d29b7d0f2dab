// A recording that a visitor chose, as it is sent: where the server cannot read it, as the browser decodes it.

import { ask, Refused } from "/static/server.js";
import { converted } from "/static/sound.js";

const [BYTES_A_SECOND, HEADER] = [2 * 16000, 44]; // of a WAV file that is made here

export class SentFile {
  constructor(file) {
    this.name = file.name;
    this.sent = file;
    this.replaced = false; // by something that can be read, or played
  }

  // The server's answer at an address; audio_seconds: the longest that it takes.
  async post(address, signal, { audio_seconds: longest }) {
    try {
      return await ask(address, { method: "POST", body: this.sent, signal });
    } catch (error) {
      if (error.status !== 415 || this.replaced) throw error;
      let other;
      try {
        other = await converted(this.sent);
      } catch {
        throw error; // nor can the browser
      }
      if (other.size > BYTES_A_SECOND * longest + HEADER) {
        const minutes = other.size / BYTES_A_SECOND / 60;
        throw new Refused(`This recording lasts ${minutes.toFixed(1)} minutes: ${longest / 60} are the most.`);
      }
      this.sent = other;
      this.replaced = true;
      return ask(address, { method: "POST", body: other, signal });
    }
  }

  // One that the browser can play, once; null thereafter.
  async playable() {
    if (this.replaced) return null;
    this.replaced = true;
    return (await ask("/api/wav", { method: "POST", body: this.sent })).blob();
  }
}
