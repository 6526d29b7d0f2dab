// What the server keeps of what set a keyword off, and of what nearly did: to be played, judged and deleted.

import { ask, post } from "/static/server.js";

const EVERY = 5000; // ms between looks at it, while the microphone is open
const NONE = "unmarked";

const $ = (id) => document.getElementById(id);

// Shows the list; returns what looks at it anew. quiet() is called before a clip is played, live() says whether the
// microphone is open.
export function startKept({ megabytes, days }, { quiet, live }) {
  $("kept").hidden = false;
  $("kept").querySelector(".bounds").textContent = `: ${megabytes} MB at most, and ${days} days unless they are judged`;
  document.querySelectorAll(".fate").forEach((one) => {
    one.textContent = "; clips of what sets a keyword off, and of what nearly does, are kept there.";
  });
  const audio = new Audio();
  let playing = null;
  let newest = 0;
  const stopped = () => playing?.classList.remove("playing");
  audio.addEventListener("ended", stopped);
  audio.addEventListener("pause", stopped);

  async function refresh() {
    const own = ++newest;
    try {
      const { count, clips } = await (await ask("/api/kept")).json();
      if (own !== newest) return;
      const open = clips.filter((one) => one.verdict === NONE).length;
      const all = count > clips.length ? `The latest ${clips.length} of ${count} clips` : count === 1 ? "1 clip" : `${count} clips`;
      say(count ? `${all}, ${open} to judge.` : "Nothing has been kept yet.");
      show(clips);
    } catch (error) {
      if (own === newest) say(error.message, true);
    }
  }

  function say(text, failed = false) {
    if ($("kept-state").textContent !== text) $("kept-state").textContent = text;
    $("kept-state").classList.toggle("notice", failed);
  }

  // Items stay as they are where their clip does, so that none moves under the pointer that need not.
  function show(clips) {
    const known = new Map([...$("clips").children].map((item) => [item.clip.id, item]));
    clips.forEach((clip, k) => {
      const item = known.get(clip.id) ?? made(clip);
      item.clip = clip;
      mark(item);
      if ($("clips").children[k] !== item) $("clips").insertBefore(item, $("clips").children[k] ?? null);
    });
    while ($("clips").children.length > clips.length) $("clips").lastChild.remove();
  }

  function mark(item) {
    for (const button of item.querySelectorAll("[data-verdict]")) {
      button.setAttribute("aria-pressed", button.dataset.verdict === item.clip.verdict);
    }
  }

  function made(clip) {
    const item = $("clip-item").content.firstElementChild.cloneNode(true);
    const when = new Date(clip.heard).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });
    item.querySelector(".word").textContent = clip.hit ? clip.keyword : `${clip.keyword}, nearly`;
    item.querySelector(".when").textContent = when;
    item.querySelector(".score").textContent = clip.score.toFixed(1);
    const listen = item.querySelector(".listen");
    listen.setAttribute("aria-label", `Play ${clip.keyword}, ${when}, score ${clip.score.toFixed(1)}`);
    listen.addEventListener("click", () => play(listen, clip));
    for (const button of item.querySelectorAll("[data-verdict]")) {
      button.addEventListener("click", () => {
        const verdict = item.clip.verdict === button.dataset.verdict ? NONE : button.dataset.verdict;
        change(() => post(`/api/kept/${clip.id}`, { verdict }));
      });
    }
    const remove = item.querySelector(".remove");
    remove.setAttribute("aria-label", `Delete ${clip.keyword}, ${when}`);
    remove.addEventListener("click", () => change(() => ask(`/api/kept/${clip.id}`, { method: "DELETE" })));
    return item;
  }

  async function change(request) {
    try {
      await request();
      await refresh();
    } catch (error) {
      await refresh();
      say(error.message, true);
    }
  }

  async function play(button, clip) {
    quiet();
    stopped();
    playing = button;
    try {
      const sound = await (await ask(`/api/kept/${clip.id}`)).blob();
      if (playing !== button) return;
      if (audio.src) URL.revokeObjectURL(audio.src);
      audio.src = URL.createObjectURL(sound);
      await audio.play();
      button.classList.add("playing");
    } catch (error) {
      if (error.name !== "AbortError") say(error.message, true);
    }
  }

  setInterval(() => { if (live()) refresh(); }, EVERY);
  refresh();
  return { refresh };
}
