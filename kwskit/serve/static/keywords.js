// The keywords: each with its pronunciations, its threshold, and how it scores now.

import { showReadings } from "/static/readings.js";
import { ask, post } from "/static/server.js";

const LOWEST = 0;
const HIGHEST = 16;
const COLOURS = 12;

export class Keywords {
  // told: {added(), changed(), removed(), failed(message)}
  constructor(list, told) {
    this.list = list;
    this.aloud = false; // whether there is a voice to read a keyword
    this.told = told;
    this.all = [];
  }

  get(typed) {
    return this.all.find((one) => one.typed === typed);
  }

  async add(text, rate) {
    this.rate = rate;
    const told = await post("/api/keyword", { text, fa_per_hour: rate });
    const known = this.all.find((one) => one.word === told.word);
    if (known) {
      known.asked = text;
      known.readings = told.pronunciations;
      known.signs = told.signs;
      this.#take(known, told);
      return;
    }
    const taken = new Set(this.all.map((one) => one.colour));
    const colour = [...Array(COLOURS).keys()].find((one) => !taken.has(one)) ?? 0;
    const keyword = { ...told, asked: text, readings: told.pronunciations, colour, hits: [] };
    this.all.push(keyword);
    this.#item(keyword);
    this.told.added();
  }

  // Sets all thresholds anew for a rate of false alarms.
  async retune(rate) {
    this.rate = rate;
    await Promise.all(this.all.map(async (keyword) => {
      const told = await post("/api/keyword", { text: keyword.typed, fa_per_hour: rate });
      keyword.threshold = told.threshold;
      keyword.slider.value = told.threshold;
      this.#tell(keyword);
    }));
    this.told.changed();
  }

  // Has a keyword said in some of its ways; of several choices in a row the last counts.
  async #choose(keyword, text) {
    keyword.chosen = text;
    try {
      const told = await post("/api/keyword", { text, fa_per_hour: this.rate });
      if (keyword.chosen === text) this.#take(keyword, told);
    } catch (error) {
      this.#readings(keyword);
      this.told.failed(error.message);
    }
  }

  // Puts the readings in the order in which they fit a recording, those first that are heard in it alone.
  async #heard(keyword, recording) {
    const address = `/api/keyword/heard?${new URLSearchParams({ text: keyword.asked })}`;
    const told = await (await ask(address, { method: "POST", body: recording })).json();
    if (!this.all.includes(keyword)) return;
    keyword.readings = [...new Set([...told.readings, ...keyword.readings])];
    keyword.signs = { ...keyword.signs, ...told.signs };
    keyword.doubts = told.doubts;
    await this.#choose(keyword, told.typed);
    this.#readings(keyword);
  }

  #take(keyword, told) {
    if (keyword.typed === told.typed) return;
    Object.assign(keyword, told, { hits: [], signs: { ...keyword.signs, ...told.signs } });
    keyword.slider.value = told.threshold;
    this.#readings(keyword);
    this.#tell(keyword);
    this.told.added();
  }

  #readings(keyword) {
    const told = {
      choose: (text) => this.#choose(keyword, text),
      heard: (recording) => this.#heard(keyword, recording),
      failed: (message) => this.told.failed(message),
    };
    showReadings(keyword.said, keyword, told, this.aloud);
  }

  #item(keyword) {
    const item = document.getElementById("keyword-item").content.firstElementChild.cloneNode(true);
    item.style.setProperty("--of", `var(--k${keyword.colour})`);
    item.querySelector("b").textContent = keyword.name;
    keyword.said = item.querySelector(".said");
    this.#readings(keyword);
    item.querySelector(".remove").setAttribute("aria-label", `Remove ${keyword.name}`);
    item.querySelector(".remove").addEventListener("click", () => {
      this.all = this.all.filter((one) => one !== keyword);
      item.remove();
      document.getElementById("word").focus();
      this.told.removed();
    });
    keyword.slider = item.querySelector(".slider input");
    keyword.bar = item.querySelector(".track i");
    keyword.text = item.querySelector(".threshold");
    keyword.rate = item.querySelector(".alarms");
    keyword.counted = item.querySelector(".count");
    keyword.slider.min = LOWEST;
    keyword.slider.max = Math.max(HIGHEST, Math.ceil(keyword.threshold + 2));
    keyword.slider.value = keyword.threshold;
    keyword.slider.setAttribute("aria-label", `Threshold of ${keyword.name}`);
    keyword.slider.addEventListener("input", () => {
      keyword.threshold = Number(keyword.slider.value);
      this.#tell(keyword);
      this.told.changed();
    });
    this.#tell(keyword);
    this.list.append(item);
  }

  #tell(keyword) {
    keyword.text.textContent = keyword.threshold.toFixed(1);
    keyword.rate.textContent = this.#alarms(keyword);
    keyword.slider.setAttribute("aria-valuetext", `${keyword.threshold.toFixed(1)}, ${keyword.rate.textContent}`);
  }

  #alarms({ rates, step, threshold }) {
    if (!rates) return "not calibrated";
    const place = Math.min(threshold / step, rates.length - 1);
    const k = Math.min(rates.length - 2, Math.floor(place));
    const [a, b] = [rates[k], rates[k + 1]].map((rate) => Math.log(Math.max(rate, 1e-4)));
    const rate = Math.exp(a + (place - k) * (b - a));
    if (rate < 0.02) return "under 1 false alarm in 2 days";
    if (rate < 0.75) return `1 false alarm in ${rate < 0.1 ? Math.round(1 / rate) : Number((1 / rate).toPrecision(2))} h`;
    return `${rate < 9.5 ? Number(rate.toPrecision(2)) : Math.round(rate)} false alarms an hour`;
  }

  count(keyword, listened) {
    const hits = keyword.hits.length;
    keyword.counted.textContent = !listened ? "" : hits === 1 ? "1 hit" : `${hits} hits`;
  }

  // Shows a score, or none, on the scale of the threshold.
  meter(keyword, score) {
    const most = Number(keyword.slider.max);
    const share = score === null ? 0 : Math.min(1, Math.max(0, (score - LOWEST) / (most - LOWEST)));
    keyword.bar.style.width = `${(100 * share).toFixed(1)}%`;
    keyword.bar.classList.toggle("over", score !== null && score >= keyword.threshold);
  }
}
