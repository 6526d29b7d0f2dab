// The page: keywords, sound and what they have in common.

import { startDropping } from "/static/dropping.js";
import { buttonOf, showHits } from "/static/hit_list.js";
import { pick } from "/static/hit_picker.js";
import { startKept } from "/static/kept.js";
import { startKeywordForm } from "/static/keyword_form.js";
import { Keywords } from "/static/keywords.js";
import { openSocket } from "/static/listening_socket.js";
import { Microphone } from "/static/microphone.js";
import { Recording } from "/static/recording.js";
import { ask, lines, query, Refused, tooLarge } from "/static/server.js";
import { startSearch } from "/static/search.js";
import { SentFile } from "/static/sent_file.js";
import { Player, wav } from "/static/sound.js";
import { clock, Timeline } from "/static/timeline.js";

const $ = (id) => document.getElementById(id);
const RATE = 16000;
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
    try {
      const sound = await file?.playable();
      if (sound) player.load(sound);
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
      $("heard").hidden = !keywords.all.length;
      const count = showHits(keywords.all, live !== null, playHit);
      $("no-hits").hidden = count > 0 || job !== null || live !== null;
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

// ---- what is heard again

const AROUND = 0.15; // s before and after a hit

async function playHit(keyword, hit, button) {
  button ??= buttonOf(keyword, hit);
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
  file = new SentFile(chosen);
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
      for await (const message of lines(await file.post(`/api/spot?${query(asked)}`, own.signal, limits))) {
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

// Listens for the keywords of now, from the next chunk of the microphone on.
function openSession() {
  live.session?.end();
  const names = keywords.all.map((one) => one.typed);
  const of = recording;
  const offset = live.samples / RATE;
  names.forEach((name) => of.track(name));
  const own = openSocket(keywords.all, {
    message(said) {
      if (said.error) {
        tell(said.error);
        closeMicrophone();
        return;
      }
      if (recording !== of) return;
      of.take(said, names, { offset });
      refresh();
      if (live?.session !== own) return;
      const lag = live.samples / RATE - of.seconds;
      state(`Listening, ${clock(of.seconds)}${lag > 1.5 ? `, ${lag.toFixed(0)} s behind` : ""}`);
      if (lag > BEHIND) {
        tell("The server is too slow to keep up with the microphone.");
        closeMicrophone();
      }
    },
    closed() {
      kept?.refresh();
      if (live?.session !== own) return;
      if ($("notice").hidden) tell("The connection to the server has ended. Is kwskit serve still running?");
      closeMicrophone();
    },
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

let search = null;
const form = startKeywordForm(keywords, () => limits.keywords, tell);
startDropping({ example: (file) => search?.(file), keyword: form.load, recording: open });

try {
  const about = await (await ask("/api/about")).json();
  limits = about.limits;
  keywords.aloud = about.voice;
  const most = `${limits.upload_bytes / 1e6} MB and ${limits.audio_seconds / 60} minutes are the most.`;
  document.querySelectorAll(".most").forEach((one) => { one.textContent = most; });
  $("choose").title = most;
  $("model").textContent = `· ${about.model}`;
  if (about.kept) kept = startKept(about.kept, { quiet: () => player.pause(), live: () => live !== null });
  for (const text of about.keywords) await keywords.add(text, form.rate());
  if (about.index) search = startSearch(about.index, limits, () => player.pause());
} catch (error) {
  tell(error.message);
}
document.documentElement.dataset.ready = "true";
