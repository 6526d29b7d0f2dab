// Spectrogram and scores over the same seconds, hits marked in both: a uPlot with a picture of its own behind.

import { BIN } from "/static/recording.js";

const PICTURE = 0.42; // of the height, for the spectrogram
const LOWEST = -3; // scores below this say nothing
const SHORTEST = 0.5; // s in view
const POINTS = 1400; // of a curve, at most

export const clock = (seconds, digits = 0) => {
  const parts = 10 ** digits;
  const whole = digits ? Math.round(Math.max(0, seconds) * parts) / parts : Math.floor(Math.max(0, seconds));
  return `${Math.floor(whole / 60)}:${(whole % 60).toFixed(digits).padStart(digits ? digits + 3 : 2, "0")}`;
};

export class Timeline {
  // told: {seek(seconds), hit(keyword, hit), point(seconds or null), moved()}
  constructor(element, told) {
    this.element = element;
    this.told = told;
    this.recording = null;
    this.keywords = [];
    this.from = 0;
    this.to = 10;
    this.following = false;
    this.plot = null;
    this.head = document.createElement("i");
    this.head.className = "head";
    this.due = false;
    new ResizeObserver(() => this.resize()).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.recording?.spectrogram.repaint();
      this.build();
    });
  }

  show(recording, { following = false } = {}) {
    this.recording = recording;
    this.following = following;
    this.from = 0;
    this.to = following ? 10 : Math.max(SHORTEST, recording.total);
    this.build();
  }

  // Sets which keywords are drawn: {name, typed, colour, threshold, hits}.
  draw(keywords) {
    const same = keywords.length === this.keywords.length && keywords.every((one, k) => one === this.keywords[k]);
    this.keywords = [...keywords];
    if (same && this.plot) this.refresh();
    else this.build();
  }

  refresh() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      if (!this.plot) return;
      if (this.following) {
        const span = this.to - this.from;
        this.to = Math.max(span, this.recording.seconds);
        this.from = this.to - span;
      }
      this.plot.setData(this.#data(), false);
      this.plot.setScale("x", { min: this.from, max: this.to });
      this.told.moved();
    });
  }

  get length() {
    return Math.max(SHORTEST, this.recording?.total || 0, this.recording?.seconds || 0);
  }

  view(from, to) {
    const span = Math.min(Math.max(to - from, SHORTEST), Math.max(this.length, this.following ? 10 : 0));
    this.from = Math.max(0, Math.min(from, this.length - span));
    this.to = this.from + span;
    this.refresh();
  }

  zoom(factor, around = (this.from + this.to) / 2) {
    this.view(around - (around - this.from) * factor, around + (this.to - around) * factor);
  }

  pan(share) {
    const by = (this.to - this.from) * share;
    this.following = false;
    this.view(this.from + by, this.to + by);
  }

  whole() {
    this.following = false;
    this.view(0, this.length);
  }

  // Where the sound plays, or null.
  play(seconds) {
    this.head.hidden = seconds === null || !this.plot;
    if (this.head.hidden) return;
    if (seconds > this.to && !this.following && seconds < this.length) {
      this.view(seconds, seconds + this.to - this.from);
    }
    const x = this.plot.valToPos(seconds, "x");
    this.head.style.transform = `translateX(${x.toFixed(1)}px)`;
    this.head.hidden = seconds < this.from || seconds > this.to;
  }

  resize() {
    if (!this.plot || !this.element.clientWidth) return;
    this.plot.setSize({ width: this.element.clientWidth, height: this.element.clientHeight });
  }

  build() {
    this.plot?.destroy();
    this.plot = null;
    if (!this.recording || !this.element.clientWidth) return;
    const style = getComputedStyle(document.documentElement);
    this.ink = Object.fromEntries(["ink", "muted", "line", "card"].map((k) => [k, style.getPropertyValue(`--${k}`).trim()]));
    const axis = {
      stroke: this.ink.muted, font: "12px system-ui, sans-serif",
      ticks: { show: false }, grid: { stroke: this.ink.line, width: 1 },
    };
    this.plot = new uPlot({
      width: this.element.clientWidth,
      height: this.element.clientHeight,
      padding: [2, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: {
        x: { time: false, range: () => [this.from, this.to] },
        y: { range: () => this.#range() },
      },
      axes: [
        {
          ...axis, size: 30, grid: { show: false }, space: 64,
          incrs: [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300],
          values: (u, splits) => splits.map((at) => clock(at, splits[1] - splits[0] < 1 ? 1 : 0)),
        },
        { ...axis, size: 30, splits: () => this.#splits(), values: (u, splits) => splits.map(String) },
      ],
      series: [{}, ...this.keywords.map((keyword) => ({
        stroke: colour(keyword), width: 1.75, points: { show: false }, spanGaps: true,
      }))],
      hooks: {
        drawClear: [(u) => this.#behind(u)],
        draw: [(u) => this.#before(u)],
        setCursor: [(u) => this.told.point(u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : null)],
        ready: [(u) => this.#listen(u)],
      },
    }, this.#data(), this.element);
    this.plot.over.append(this.head);
  }

  #range() {
    const most = Math.max(5, this.recording.highest + 0.7, ...this.keywords.map((one) => one.threshold + 1));
    this.highest = most;
    return [LOWEST, LOWEST + (most - LOWEST) / (1 - PICTURE)];
  }

  #splits() {
    const step = this.highest > 24 ? 10 : this.highest > 12 ? 5 : this.highest > 7 ? 3 : 2;
    return Array.from({ length: Math.floor(this.highest / step) + 1 }, (_, k) => k * step);
  }

  #data() {
    const first = Math.max(0, Math.floor(this.from / BIN) - 1);
    const last = Math.ceil(Math.min(this.to, this.length) / BIN) + 1;
    const step = Math.max(1, Math.ceil((last - first) / POINTS));
    const start = first - (first % step);
    const xs = [];
    for (let bin = start; bin <= last; bin += step) xs.push((bin + (step - 1) / 2) * BIN);
    return [xs, ...this.keywords.map(({ typed }) => {
      const curve = this.recording.tracks.get(typed)?.curve ?? [];
      return xs.map((_, k) => {
        let most = null;
        for (let bin = start + k * step; bin < start + (k + 1) * step && bin < curve.length; bin++) {
          if (curve[bin] !== null && (most === null || curve[bin] > most)) most = curve[bin];
        }
        return most === null ? null : Math.max(most, LOWEST);
      });
    })];
  }

  #behind(u) {
    const { left, top, width, height } = u.bbox;
    const { ctx } = u;
    const tall = Math.round(height * PICTURE) - 6 * devicePixelRatio;
    this.recording.spectrogram.draw(ctx, this.from, this.to, left, top, width, tall);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const keyword of this.keywords) {
      ctx.fillStyle = colour(keyword);
      for (const hit of keyword.hits) {
        if (hit.stop < this.from || hit.start > this.to) continue;
        const x = u.valToPos(hit.start, "x", true);
        const wide = Math.max(2, u.valToPos(hit.stop, "x", true) - x);
        ctx.globalAlpha = 0.2;
        ctx.fillRect(x, top, wide, height);
        ctx.globalAlpha = 1;
        ctx.fillRect(x, top + tall, wide, 4 * devicePixelRatio);
      }
    }
    ctx.restore();
  }

  #before(u) {
    const { left, top, width, height } = u.bbox;
    const { ctx } = u;
    const pixel = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.font = `600 ${12 * pixel}px system-ui, sans-serif`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    for (const keyword of this.keywords) {
      ctx.strokeStyle = colour(keyword);
      ctx.globalAlpha = 0.75;
      ctx.lineWidth = pixel;
      ctx.setLineDash([5 * pixel, 4 * pixel]);
      const y = u.valToPos(keyword.threshold, "y", true);
      ctx.beginPath();
      ctx.moveTo(left, y);
      ctx.lineTo(left + width, y);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    ctx.globalAlpha = 1;
    const taken = [];
    const marks = this.keywords.flatMap((keyword) => keyword.hits.map((hit) => ({ keyword, hit })));
    for (const { keyword, hit } of marks.sort((a, b) => b.hit.score - a.hit.score)) {
      if (hit.stop < this.from || hit.start > this.to) continue;
      const wide = ctx.measureText(keyword.name).width + 12 * pixel;
      const middle = (u.valToPos(hit.start, "x", true) + u.valToPos(hit.stop, "x", true)) / 2;
      const x = Math.min(Math.max(middle - wide / 2, left), left + width - wide);
      if (wide > width || taken.some(([from, to]) => x < to && from < x + wide)) continue;
      taken.push([x - 3 * pixel, x + wide + 3 * pixel]);
      ctx.fillStyle = colour(keyword);
      ctx.beginPath();
      ctx.roundRect(x, top + 4 * pixel, wide, 20 * pixel, 5 * pixel);
      ctx.fill();
      ctx.fillStyle = this.ink.card;
      ctx.fillText(keyword.name, x + 6 * pixel, top + 14.5 * pixel);
    }
    ctx.restore();
  }

  #hitAt(seconds) {
    const slack = ((this.to - this.from) * 6) / Math.max(1, this.element.clientWidth);
    let found = null;
    for (const keyword of this.keywords) {
      for (const hit of keyword.hits) {
        if (seconds < hit.start - slack || seconds > hit.stop + slack) continue;
        if (!found || hit.score > found.hit.score) found = { keyword, hit };
      }
    }
    return found;
  }

  #listen(u) {
    const { over } = u;
    let grip = null;
    const seconds = (event) => u.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
    over.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      grip = { x: event.clientX, from: this.from, to: this.to, moved: false };
      over.setPointerCapture(event.pointerId);
    });
    over.addEventListener("pointermove", (event) => {
      if (!grip) {
        over.classList.toggle("on-hit", this.#hitAt(seconds(event)) !== null);
        return;
      }
      const by = event.clientX - grip.x;
      if (!grip.moved && Math.abs(by) < 5) return;
      grip.moved = true;
      const shift = (by / over.clientWidth) * (grip.to - grip.from);
      this.following = false;
      this.view(grip.from - shift, grip.to - shift);
    });
    over.addEventListener("pointerup", (event) => {
      const clicked = grip && !grip.moved;
      grip = null;
      if (!clicked) return;
      const at = seconds(event);
      const found = this.#hitAt(at);
      if (found) this.told.hit(found.keyword, found.hit);
      else this.told.seek(at);
    });
    over.addEventListener("pointercancel", () => { grip = null; });
    over.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.shiftKey) this.zoom(Math.exp((event.deltaY || event.deltaX) / 300), seconds(event));
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.pan(event.deltaX / over.clientWidth);
      else return;
      event.preventDefault();
    }, { passive: false });
  }
}

export function colour(keyword) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--k${keyword.colour}`).trim();
}
