// The page: keywords, sound and what they have in common.

import { pick } from "/static/hit_picker.js";
import { startKept } from "/static/kept.js";
import { Keywords } from "/static/keywords.js";
import { Microphone } from "/static/microphone.js";
import { Recording } from "/static/recording.js";
import { ask, lines, query, Refused, tooLarge } from "/static/server.js";
import { startSearch } from "/static/search.js";
import { converted, Player, wav } from "/static/sound.js";
import { clock, Timeline } from "/static/timeline.js";

const $ = (id) => document.getElementById(id);
const RATE = 16000;
const SHOWN = 300; // hits in the list
const [BYTES_A_SECOND, HEADER] = [2 * RATE, 44]; // of a WAV file that is made here
const BEHIND = 15; // s that the server may lag behind the microphone

let limits = { upload_bytes: 50e6, audio_seconds: 600, keywords: 12, characters: 100 };
let recording = null; // what is shown
let file = null; // where it comes from, or
let live = null; // {microphone, chunks, samples, session} while the microphone is open
let job = null; // AbortController of the recording that is listened to
let pointed = null; // seconds under the pointer
let heardAt = null; // seconds that are being played
let kept = null; // the list of what the server keeps, if it does

const keywords = new Keywords($("keywords"), {
  changed: () => refresh(),
  added: () => listenAgain(),
  removed: () => refresh(),
  failed: (message) => tell(message),
});

const player = new Player({
  moved: (seconds) => {
    heardAt = seconds;
    $("play").classList.toggle("playing", player.playing);
    $("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
    if (!player.playing) document.querySelectorAll("#hits .playing").forEach((one) => one.classList.remove("playing"));
    timeline.play(seconds);
    showScores();
  },
  failed: async () => {
    if (!file || file.replaced) return;
    file.replaced = true;
    try {
      player.load(await (await ask("/api/wav", { method: "POST", body: file.sent })).blob());
    } catch (error) {
      tell(error.message);
    }
  },
});

const timeline = new Timeline($("plot"), {
  seek: (seconds) => (player.playing ? player.play(seconds) : seek(seconds)),
  hit: (keyword, hit) => playHit(keyword, hit),
  point: (seconds) => {
    pointed = seconds;
    showScores();
  },
  moved: () => {
    if (heardAt !== null) timeline.play(heardAt);
    $("back").disabled = timeline.from <= 0;
    $("on").disabled = timeline.to >= timeline.length;
  },
});

function tell(text) {
  $("notice").textContent = text ?? "";
  $("notice").hidden = !text;
}

function state(text, busy = false) {
  $("status").textContent = text;
  $("status").classList.toggle("busy", busy);
}

// ---- what is seen

let due = false;
function refresh() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    $("no-words").hidden = keywords.all.length > 0;
    for (const keyword of keywords.all) {
      const track = recording?.tracks.get(keyword.typed);
      keyword.hits = track ? pick(track, keyword) : [];
      keywords.count(keyword, recording !== null);
    }
    if (recording) {
      timeline.draw(keywords.all);
      showHits();
    }
    showScores();
  });
}

function showScores() {
  let at = pointed ?? heardAt;
  let before = 0.1;
  if (at === null && live && recording) {
    at = recording.seconds - 0.2;
    before = 0.8; // the windows that end now have their middle earlier
  }
  for (const keyword of keywords.all) {
    keywords.meter(keyword, at === null ? null : recording?.score(keyword.typed, at - before, at + 0.1) ?? null);
  }
  if (recording) $("time").textContent = clock(at ?? (live ? recording.seconds : player.at || 0), 1);
}

function showHits() {
  $("heard").hidden = !recording || !keywords.all.length;
  const all = keywords.all.flatMap((keyword) => keyword.hits.map((hit) => ({ keyword, hit })));
  all.sort((a, b) => (live ? b.hit.start - a.hit.start : a.hit.start - b.hit.start));
  const count = all.length === 1 ? "1 hit" : `${all.length} hits`;
  const more = all.length > SHOWN ? `, of which ${SHOWN} are listed` : "";
  if ($("heard-title").textContent !== count + more) $("heard-title").textContent = count + more;
  $("no-hits").hidden = all.length > 0 || job !== null || live !== null;
  const list = $("hits");
  all.slice(0, SHOWN).forEach(({ keyword, hit }, k) => {
    const key = `${keyword.typed}\n${hit.start}\n${hit.stop}`;
    let item = list.children[k];
    if (item?.key === key) return;
    item = hitItem(keyword, hit);
    item.key = key;
    if (list.children[k]) list.children[k].replaceWith(item);
    else list.append(item);
  });
  while (list.children.length > Math.min(all.length, SHOWN)) list.lastChild.remove();
}

function hitItem(keyword, hit) {
  const item = $("hit-item").content.firstElementChild.cloneNode(true);
  item.style.setProperty("--of", `var(--k${keyword.colour})`);
  item.querySelector(".word").textContent = keyword.name;
  item.querySelector(".when").textContent = clock(hit.start, 1);
  item.querySelector(".score").textContent = hit.score.toFixed(1);
  const button = item.querySelector("button");
  button.setAttribute("aria-label", `Play ${keyword.name} at ${clock(hit.start, 1)}, score ${hit.score.toFixed(1)}`);
  button.addEventListener("click", () => playHit(keyword, hit, button));
  return item;
}

// ---- what is heard again

const AROUND = 0.15; // s before and after a hit

async function playHit(keyword, hit, button) {
  button ??= [...$("hits").children].find((item) => item.key === `${keyword.typed}\n${hit.start}\n${hit.stop}`)?.querySelector("button");
  player.pause();
  button?.classList.add("playing");
  if (hit.stop < timeline.from || hit.start > timeline.to) {
    const span = timeline.to - timeline.from;
    timeline.following = false;
    timeline.view(hit.start - span / 2, hit.start + span / 2);
  }
  const start = Math.max(0, hit.start - AROUND);
  if (live) stretch(start, hit.stop + AROUND);
  await player.play(start, hit.stop + AROUND);
}

// What the microphone has heard so far, from one time to another.
function stretch(from, to) {
  const first = Math.floor((from * RATE) / 1600);
  player.load(wav(live.chunks.slice(first, Math.ceil((to * RATE) / 1600) + 1)), first / 10);
}

function seek(seconds) {
  if (!recording || live) return;
  player.seek(Math.min(seconds, recording.seconds));
}

function playOrPause() {
  if (player.playing) {
    player.pause();
    return;
  }
  if (live) stretch(0, recording.seconds);
  const at = player.at >= recording.seconds - 0.05 ? 0 : player.at;
  player.play(at);
}

// ---- where sound comes from

function begin(next, options) {
  player.pause();
  player.unload();
  recording = next;
  pointed = heardAt = null;
  $("no-sound").hidden = true;
  $("picture").hidden = false;
  $("hits").replaceChildren();
  timeline.keywords = [...keywords.all];
  timeline.show(recording, options);
  refresh();
}

function missing() {
  return keywords.all.filter(({ typed }) => !recording.tracks.has(typed));
}

// Keywords that the recording has not been listened to for.
function listenAgain() {
  refresh();
  if (live) live.session = openSession();
  else if (file && recording && !job && missing().length) listenToFile();
}

async function open(chosen) {
  if (!chosen) return;
  tell();
  const refused = tooLarge(chosen, limits);
  if (refused) {
    tell(refused);
    return;
  }
  closeMicrophone();
  job?.abort();
  job = null;
  file = { name: chosen.name, sent: chosen, replaced: false };
  begin(new Recording());
  player.load(chosen);
  await listenToFile();
}

async function listenToFile() {
  const own = (job = new AbortController());
  const of = recording;
  const began = performance.now();
  try {
    do {
      const asked = missing();
      const names = asked.map((one) => one.typed);
      const picture = of.spectrogram.columns === 0;
      names.forEach((name) => of.track(name));
      state(`Listening to ${file.name} …`, true);
      refresh();
      for await (const message of lines(await send(asked, own.signal))) {
        if (message.error) throw new Refused(message.error);
        if (message.total) {
          of.total = message.total;
          if (picture) timeline.show(of);
          continue;
        }
        of.take(message, names, { picture });
        progress(message.seconds / of.total);
        refresh();
      }
    } while (missing().length);
    const took = (performance.now() - began) / 1000;
    state(`${file.name}, ${clock(of.seconds)}, listened to in ${took < 10 ? took.toFixed(1) : Math.round(took)} s`);
  } catch (error) {
    if (error.name === "AbortError") return;
    state("");
    tell(error.message);
    if (!of.seconds && job === own) closePicture();
  } finally {
    if (job === own) {
      job = null;
      progress(null);
      refresh();
      kept?.refresh();
    }
  }
}

async function send(asked, signal) {
  const path = `/api/spot?${query(asked)}`;
  try {
    return await ask(path, { method: "POST", body: file.sent, signal });
  } catch (error) {
    if (error.status !== 415 || file.replaced) throw error;
    let other;
    try {
      other = await converted(file.sent);
    } catch {
      throw error; // nor can the browser
    }
    if (other.size > BYTES_A_SECOND * limits.audio_seconds + HEADER) {
      const minutes = other.size / BYTES_A_SECOND / 60;
      throw new Refused(`This recording lasts ${minutes.toFixed(1)} minutes: ${limits.audio_seconds / 60} are the most.`);
    }
    file.sent = other;
    file.replaced = true;
    return ask(path, { method: "POST", body: other, signal });
  }
}

function progress(share) {
  $("progress").hidden = share === null;
  if (share === null) return;
  $("progress").setAttribute("aria-valuenow", Math.round(100 * share));
  $("progress").firstElementChild.style.width = `${100 * share}%`;
}

function closePicture() {
  recording = file = null;
  player.unload();
  $("picture").hidden = $("heard").hidden = true;
  $("no-sound").hidden = false;
}

async function openMicrophone() {
  tell();
  job?.abort();
  job = null;
  progress(null);
  const microphone = new Microphone();
  $("microphone").disabled = true;
  state("Waiting for the microphone …", true);
  try {
    await microphone.open((chunk) => {
      if (!live) return;
      live.chunks.push(chunk);
      live.samples += chunk.length;
      live.session?.send(chunk);
    });
  } catch (error) {
    microphone.close();
    state("");
    tell(error.message);
    return;
  } finally {
    $("microphone").disabled = false;
  }
  file = null;
  live = { microphone, chunks: [], samples: 0, session: null };
  begin(new Recording(), { following: true });
  live.session = openSession();
  $("microphone").setAttribute("aria-pressed", "true");
  $("microphone").querySelector("span").textContent = "Stop";
}

// A websocket for the keywords of now, from the next chunk of the microphone on.
function openSession() {
  live.session?.end();
  const names = keywords.all.map((one) => one.typed);
  const of = recording;
  const offset = live.samples / RATE;
  names.forEach((name) => of.track(name));
  const address = new URL(`/api/listen?${query(keywords.all)}`, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  let waiting = [];
  let ended = false;
  const own = {
    send(chunk) {
      if (socket.readyState === WebSocket.OPEN) socket.send(chunk);
      else waiting.push(chunk);
    },
    end() {
      ended = true;
      if (socket.readyState === WebSocket.OPEN) socket.send("end");
    },
  };
  socket.addEventListener("open", () => {
    waiting.forEach((chunk) => socket.send(chunk));
    waiting = [];
    if (ended) socket.send("end");
  });
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.error) {
      tell(message.error);
      closeMicrophone();
      return;
    }
    if (recording !== of) return;
    of.take(message, names, { offset });
    refresh();
    if (live?.session !== own) return;
    const lag = live.samples / RATE - of.seconds;
    state(`Listening, ${clock(of.seconds)}${lag > 1.5 ? `, ${lag.toFixed(0)} s behind` : ""}`);
    if (lag > BEHIND) {
      tell("The server is too slow to keep up with the microphone.");
      closeMicrophone();
    }
  });
  socket.addEventListener("close", () => {
    kept?.refresh();
    if (live?.session !== own) return;
    if ($("notice").hidden) tell("The connection to the server has ended. Is kwskit serve still running?");
    closeMicrophone();
  });
  return own;
}

function closeMicrophone() {
  if (!live) return;
  const { microphone, session, chunks } = live;
  microphone.close();
  session?.end();
  live = null;
  timeline.following = false;
  recording.total = recording.seconds;
  player.load(wav(chunks));
  $("microphone").setAttribute("aria-pressed", "false");
  $("microphone").querySelector("span").textContent = "Speak";
  state(`Microphone, ${clock(recording.seconds)}`);
  refresh();
}

// ---- what is pressed

$("add").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("word").value.trim().replace(/\s+/g, " ");
  tell(text ? null : "Type a word or a phrase.");
  if (!text) {
    $("word").focus();
    return;
  }
  if (keywords.get(text)) {
    $("word").select();
    return;
  }
  if (keywords.all.length >= limits.keywords) {
    tell(`${limits.keywords} keywords are the most at once.`);
    return;
  }
  try {
    await keywords.add(text, Number($("rate").value));
    $("word").value = "";
  } catch (error) {
    tell(error.message);
  }
});

async function loadKeyword(chosen) {
  if (!chosen) return;
  tell();
  try {
    const { text } = await (await ask("/api/keyword/file", { method: "POST", body: chosen })).json();
    await keywords.add(text, Number($("rate").value));
  } catch (error) {
    tell(`${chosen.name}: ${error.message}`);
  }
}

$("adapted").addEventListener("change", () => {
  loadKeyword($("adapted").files[0]);
  $("adapted").value = "";
});

$("rate").addEventListener("change", async () => {
  try {
    await keywords.retune(Number($("rate").value));
  } catch (error) {
    tell(error.message);
  }
});

$("microphone").addEventListener("click", () => (live ? closeMicrophone() : openMicrophone()));
$("file").addEventListener("change", () => {
  open($("file").files[0]);
  $("file").value = "";
});
$("play").addEventListener("click", playOrPause);
$("back").addEventListener("click", () => timeline.pan(-0.5));
$("on").addEventListener("click", () => timeline.pan(0.5));
$("in").addEventListener("click", () => timeline.zoom(0.5));
$("out").addEventListener("click", () => timeline.zoom(2));
$("whole").addEventListener("click", () => timeline.whole());
$("plot").addEventListener("keydown", (event) => {
  const does = {
    ArrowLeft: () => timeline.pan(-0.2), ArrowRight: () => timeline.pan(0.2), "+": () => timeline.zoom(0.5),
    "-": () => timeline.zoom(2), 0: () => timeline.whole(), " ": playOrPause,
  }[event.key];
  if (!does || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  does();
});

// ---- what is dropped

const carries = (event) => event.dataTransfer?.types.includes("Files");
let over = 0;
const overSearch = (event) => !$("archive").hidden && event.target.closest?.("#archive");
function leave() {
  over = 0;
  $("drop").hidden = true;
  $("archive").classList.remove("over");
}
addEventListener("dragenter", (event) => { if (carries(event)) over++; });
addEventListener("dragleave", (event) => { if (carries(event) && --over <= 0) leave(); });
addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  $("drop").hidden = Boolean(overSearch(event));
  $("archive").classList.toggle("over", Boolean(overSearch(event)));
});
addEventListener("drop", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  const dropped = event.dataTransfer.files[0];
  const example = overSearch(event);
  leave();
  if (example) search?.(dropped);
  else if (dropped.name.endsWith(".kw")) loadKeyword(dropped);
  else open(dropped);
});

let search = null;
try {
  const about = await (await ask("/api/about")).json();
  limits = about.limits;
  keywords.aloud = about.voice;
  const most = `${limits.upload_bytes / 1e6} MB and ${limits.audio_seconds / 60} minutes are the most.`;
  document.querySelectorAll(".most").forEach((one) => { one.textContent = most; });
  $("choose").title = most;
  $("model").textContent = `· ${about.model}`;
  if (about.kept) kept = startKept(about.kept, { quiet: () => player.pause(), live: () => live !== null });
  for (const text of about.keywords) await keywords.add(text, Number($("rate").value));
  if (about.index) search = startSearch(about.index, limits, () => player.pause());
} catch (error) {
  tell(error.message);
}
document.documentElement.dataset.ready = "true";
