// The page: keywords are typed, and the microphone is listened to, all in this browser.

import { Microphone, Spotter } from "./index.js";

const HITS = 200; // that are listed
const WAITING = 100; // blocks of the microphone: ten seconds behind
const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** @type {Spotter} */
let spotter;
/** @type {{stream: import("./index.js").SpottingStream, since: number, names: string[]} | null} */
let listening = null; // a stream hears the keywords that were there when it began
let heard = 0; // seconds of the microphone
let waiting = 0; // blocks that have not been listened to
const microphone = new Microphone();

if ("serviceWorker" in navigator) navigator.serviceWorker.register("service_worker.js").catch(() => {});
load();

async function load() {
  try {
    spotter = await Spotter.load(undefined, (loaded, total) => {
      $("progress").value = loaded / total;
      $("loaded").textContent = `${(loaded / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB`;
    });
  } catch (error) {
    $("loading").textContent = `This page could not be loaded: ${/** @type {Error} */ (error).message}`;
    return;
  }
  $("model").textContent = spotter.model;
  $("loading").hidden = true;
  $("words").hidden = $("sound").hidden = false;
  document.documentElement.dataset.ready = "true";
}

$("add").addEventListener("submit", async (/** @type {Event} */ event) => {
  event.preventDefault();
  const typed = $("word").value;
  try {
    await spotter.enrol(typed, { faPerHour: Number($("rate").value) });
    $("word").value = "";
    tell("");
  } catch (error) {
    tell(/** @type {Error} */ (error).message);
  }
  show();
});

$("microphone").addEventListener("click", async () => {
  const button = $("microphone");
  if (button.getAttribute("aria-pressed") === "true") {
    await stop(`Heard ${clock(heard)}.`);
    return;
  }
  heard = 0;
  button.setAttribute("aria-pressed", "true");
  button.textContent = "Stop";
  try {
    await microphone.open(hear);
  } catch (error) {
    await stop(/** @type {Error} */ (error).message);
  }
});

/** @param {string} message */
async function stop(message) {
  microphone.close();
  $("microphone").setAttribute("aria-pressed", "false");
  $("microphone").textContent = "Listen";
  $("status").textContent = message;
  const ended = listening;
  listening = null;
  if (ended) list(await ended.stream.finish(), ended.since);
  show();
}

/** @param {Int16Array} samples */
async function hear(samples) {
  if ($("microphone").getAttribute("aria-pressed") !== "true") return; // stopped meanwhile
  const names = spotter.keywords.map(({ name, threshold }) => `${name} ${threshold}`);
  if (String(listening?.names) !== String(names)) {
    const ended = listening;
    ended?.stream.finish().then((hits) => list(hits, ended.since));
    listening = { stream: spotter.listen(), since: heard, names };
  }
  const { stream, since } = /** @type {NonNullable<typeof listening>} */ (listening);
  heard += samples.length / 16000;
  $("status").textContent = `Listening, ${clock(heard)}`;
  waiting++;
  try {
    list(await stream.push(samples), since);
  } catch (error) {
    await stop(/** @type {Error} */ (error).message);
  }
  waiting--;
  if (waiting > WAITING) await stop("This browser is too slow to keep up: it stopped listening.");
  spotter.keywords.forEach((_, k) => {
    const meter = $("keywords").children[k]?.querySelector("meter");
    if (meter) meter.value = Math.max(0, stream.heard[k] ?? 0);
  });
}

/** @param {import("./index.js").Hit[]} hits
 * @param {number} since seconds of the microphone at which their stream began */
function list(hits, since) {
  for (const { keyword, start, score } of hits) {
    const item = entry(keyword);
    item.firstChild.append(made("span", `${clock(start + since)}, score ${score.toFixed(1)}`));
    $("hits").prepend(item);
  }
  while ($("hits").children.length > HITS) $("hits").lastChild.remove();
  $("no-hits").hidden = $("hits").children.length > 0;
}

function show() {
  $("keywords").replaceChildren(
    ...spotter.keywords.map(({ name, pronunciations, threshold }) => {
      const item = entry(name);
      const remove = made("button", "×");
      remove.setAttribute("aria-label", `Remove ${name}`);
      remove.addEventListener("click", () => (spotter.forget(name), show()));
      item.firstChild.append(remove);
      const meter = Object.assign(document.createElement("meter"), { min: 0, max: 2 * threshold, low: threshold });
      meter.setAttribute("aria-label", `Score of ${name}`);
      item.append(made("code", pronunciations.join(" or ")), meter, made("span", `threshold ${threshold.toFixed(1)}`));
      item.lastChild.className = "quiet";
      return item;
    }),
  );
  const none = !spotter.keywords.length;
  $("no-words").hidden = !none;
  $("microphone").disabled = none && !listening;
  if (none) $("status").textContent = "Add a keyword first.";
  else if ($("status").textContent === "Add a keyword first.") $("status").textContent = "";
}

/** @param {string} name
 * @returns {any} */
function entry(name) {
  const item = document.createElement("li");
  const line = made("div", "");
  line.className = "line";
  line.append(made("b", name));
  item.append(line);
  return item;
}

/** @param {string} kind
 * @param {string} text */
function made(kind, text) {
  return Object.assign(document.createElement(kind), { textContent: text });
}

/** @param {string} message */
function tell(message) {
  $("notice").textContent = message;
  $("notice").hidden = !message;
}

/** @param {number} seconds */
function clock(seconds) {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}
