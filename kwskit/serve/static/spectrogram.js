// Columns of a spectrogram, painted in the colours of the page.

const BANDS = 64;
export const RATE = 50; // columns a second
const TILE = 1024; // columns
const SPAN = 62; // dB from the faintest to the strongest shade
const DECIBEL = 255 / 100;

export class Spectrogram {
  constructor() {
    this.columns = 0;
    this.tiles = []; // {values, canvas, painted: columns}
    this.loudest = 0;
    this.shades = null;
  }

  push(values) {
    const count = values.length / BANDS;
    let loudest = this.loudest;
    for (const value of values) if (value > loudest) loudest = value;
    if (loudest > this.loudest + 2 * DECIBEL) {
      this.loudest = loudest;
      this.repaint();
    }
    for (let done = 0; done < count;) {
      const at = this.columns % TILE;
      if (at === 0) this.tiles.push({ values: new Uint8Array(TILE * BANDS), canvas: null, painted: 0, filled: 0 });
      const tile = this.tiles.at(-1);
      const few = Math.min(count - done, TILE - at);
      tile.values.set(values.subarray(done * BANDS, (done + few) * BANDS), at * BANDS);
      tile.filled = at + few;
      this.columns += few;
      done += few;
    }
  }

  repaint() {
    this.shades = null;
    for (const tile of this.tiles) tile.painted = 0;
  }

  // Paints the seconds from..to into a rectangle of device pixels.
  draw(context, from, to, left, top, width, height) {
    this.shades ??= shades();
    const scale = width / (to - from);
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.imageSmoothingQuality = "high";
    const first = Math.max(0, Math.floor((from * RATE) / TILE));
    const last = Math.min(this.tiles.length - 1, Math.floor((to * RATE) / TILE));
    for (let k = first; k <= last; k++) {
      const tile = this.tiles[k];
      this.#paint(tile);
      const x = left + ((k * TILE) / RATE - from) * scale;
      context.drawImage(tile.canvas, 0, 0, tile.filled, BANDS, x, top, (tile.filled / RATE) * scale + 0.5, height);
    }
    context.restore();
  }

  #paint(tile) {
    if (!tile.canvas) {
      tile.canvas = document.createElement("canvas");
      tile.canvas.width = TILE;
      tile.canvas.height = BANDS;
    }
    const fresh = tile.filled - tile.painted;
    if (!fresh) return;
    const context = tile.canvas.getContext("2d");
    const image = context.createImageData(fresh, BANDS);
    const faintest = this.loudest - SPAN * DECIBEL;
    for (let column = 0; column < fresh; column++) {
      for (let band = 0; band < BANDS; band++) {
        const value = (tile.values[(tile.painted + column) * BANDS + band] - faintest) / (SPAN * DECIBEL);
        const shade = 3 * Math.round(255 * Math.min(1, Math.max(0, value)));
        const at = 4 * ((BANDS - 1 - band) * fresh + column);
        image.data[at] = this.shades[shade];
        image.data[at + 1] = this.shades[shade + 1];
        image.data[at + 2] = this.shades[shade + 2];
        image.data[at + 3] = 255;
      }
    }
    context.putImageData(image, tile.painted, 0);
    tile.painted = tile.filled;
  }
}

// 256 shades, from the page's faintest by its middle to its strongest.
function shades() {
  const style = getComputedStyle(document.documentElement);
  const stops = ["--low", "--middle", "--high"].map((name) => {
    const hex = style.getPropertyValue(name).trim().slice(1);
    return [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
  });
  const found = new Uint8Array(256 * 3);
  for (let shade = 0; shade < 256; shade++) {
    const place = (shade / 255) * (stops.length - 1);
    const k = Math.min(stops.length - 2, Math.floor(place));
    for (let c = 0; c < 3; c++) found[3 * shade + c] = stops[k][c] + (place - k) * (stops[k + 1][c] - stops[k][c]);
  }
  return found;
}
