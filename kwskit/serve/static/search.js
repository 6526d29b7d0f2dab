// Search of an index, by a typed word or a spoken example.

import { ask, post, tooLarge } from "/static/server.js";
import { clock } from "/static/timeline.js";

const FIRST = 12; // results that are shown at once

const $ = (id) => document.getElementById(id);

// Shows the search; returns what searches for an example. quiet() is called before a result is played.
export function startSearch({ recordings, hours }, limits, quiet) {
  $("archive").hidden = false;
  const length = hours < 1 ? `${Math.max(1, Math.round(hours * 60))} min` : `${hours.toFixed(hours < 10 ? 1 : 0)} h`;
  $("about").textContent = `${recordings} ${recordings === 1 ? "recording" : "recordings"}, ${length} in all.`;
  const audio = new Audio();
  let button = null;
  let newest = 0;
  const stopped = () => button?.classList.remove("playing");
  audio.addEventListener("ended", stopped);
  audio.addEventListener("pause", stopped);

  async function find(what, request) {
    const own = ++newest;
    audio.pause();
    say("Searching …", true);
    try {
      const { results } = await request();
      if (own !== newest) return;
      const few = results.length ? `The ${results.length} likeliest places for ${what}, the likeliest first` : `Nothing like ${what}`;
      say(`${few}.`);
      $("results").replaceChildren(...results.slice(0, FIRST).map(item));
      $("more").hidden = results.length <= FIRST;
      $("more").onclick = () => {
        $("more").hidden = true;
        const rest = results.slice(FIRST).map((one, k) => item(one, FIRST + k));
        $("results").append(...rest);
        rest[0].querySelector("button").focus();
      };
    } catch (error) {
      if (own !== newest) return;
      $("results").replaceChildren();
      $("more").hidden = true;
      say(error.message, false, true);
    }
  }

  function say(text, busy = false, failed = false) {
    $("found").textContent = text;
    $("found").classList.toggle("busy", busy);
    $("found").classList.toggle("notice", failed);
  }

  function item(result, k) {
    const found = $("result-item").content.firstElementChild.cloneNode(true);
    found.querySelector(".rank").textContent = k + 1;
    found.querySelector(".file").textContent = result.name;
    found.querySelector(".when").textContent = clock(result.start, 1);
    found.querySelector(".score").textContent = result.score.toFixed(1);
    const play = found.querySelector("button");
    play.setAttribute("aria-label", `Play ${result.name} at ${clock(result.start, 1)}, score ${result.score.toFixed(1)}`);
    play.addEventListener("click", async () => {
      quiet();
      stopped();
      button = play;
      try {
        const address = `/api/snippet/${result.recording}?start=${result.start}&stop=${result.stop}`;
        const sound = await (await ask(address)).blob();
        if (button !== play) return;
        if (audio.src) URL.revokeObjectURL(audio.src);
        audio.src = URL.createObjectURL(sound);
        await audio.play();
        play.classList.add("playing");
      } catch (error) {
        if (error.name !== "AbortError") say(error.message, false, true);
      }
    });
    return found;
  }

  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("query").value.trim();
    if (!text) say("Type a word or a phrase.", false, true);
    else find(`“${text}”`, () => post("/api/search", { text }));
  });
  const byExample = (file) => {
    if (!file) return;
    const refused = tooLarge(file, limits);
    if (refused) {
      say(refused, false, true);
      return;
    }
    find(`what is said in ${file.name}`, async () => (await ask("/api/search/example", { method: "POST", body: file })).json());
  };
  $("example").addEventListener("change", () => {
    byExample($("example").files[0]);
    $("example").value = "";
  });
  return byExample;
}
