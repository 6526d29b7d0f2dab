// A keyword said once: what the microphone hears, until the button is pressed again.

import { Microphone } from "/static/microphone.js";
import { wav } from "/static/sound.js";

const LONGEST = 5; // s
const RATE = 16000;
const SAY = "Say it";

// A button; heard(wav) is awaited when something has been said, failed(message) is told what went wrong.
export function sayIt(name, heard, failed) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "say", textContent: SAY });
  button.title = `Say “${name}” once, and nothing else: its readings are put in the order in which they fit`;
  let open = null; // what is heard now

  button.addEventListener("click", async () => {
    if (open) return end();
    const own = { microphone: new Microphone(), chunks: [], samples: 0 };
    button.disabled = true;
    try {
      await own.microphone.open((chunk) => {
        if (open !== own) return;
        own.chunks.push(chunk);
        own.samples += chunk.length;
        if (own.samples >= LONGEST * RATE) end();
      });
      open = own;
      button.textContent = "Said it";
    } catch (error) {
      own.microphone.close();
      failed(error.message);
    } finally {
      button.disabled = false;
    }
  });

  async function end() {
    const { microphone, chunks } = open;
    open = null;
    microphone.close();
    button.disabled = true;
    button.textContent = "Reading it off …";
    try {
      await heard(wav(chunks));
    } catch (error) {
      failed(error.message);
    } finally {
      button.disabled = false;
      button.textContent = SAY;
    }
  }

  return button;
}
