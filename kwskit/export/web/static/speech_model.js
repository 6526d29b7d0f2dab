// The model's graphs, run by onnxruntime: kwskit/speech_model/onnx_model.py.

import * as ort from "./vendor/ort.wasm.min.mjs";
import { bytesOf } from "./files.js";

const TEXTS_AT_ONCE = 64;
const OPTIONS = { executionProviders: ["wasm"], enableMemPattern: false };

export class SpeechModel {
  /** @param {Record<string, any>} about what spotter.json says
   * @param {Record<string, any>} sessions of its graphs, by name */
  constructor(about, sessions) {
    this.stream = about.stream;
    this.dim = about.dim;
    this.sessions = sessions;
  }

  /** @param {Record<string, any>} about
   * @param {(name: string) => Promise<Uint8Array>} read a file of the folder
   * @param {URL} folder */
  static async load(about, read, folder) {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = new URL("vendor/", folder).href;
    ort.env.wasm.wasmBinary = await read("vendor/ort.wasm.gz");
    const sessions = {};
    for (const name of about.graphs) {
      sessions[name] = await ort.InferenceSession.create(await read(`model/${name}.onnx.gz`), OPTIONS);
    }
    return new SpeechModel(about, sessions);
  }

  /** Features, a row each, of samples at 16 kHz. @param {Int16Array} pcm */
  features(pcm) {
    return this.#run("features", float32(Float32Array.from(pcm, (one) => one / 32768), [1, pcm.length]));
  }

  /** Frames, a row each, of features. @param {Float32Array[]} features */
  frames(features) {
    return this.#run("frames", float32(flat(features), [1, features.length, features[0].length]));
  }

  /** Unit embeddings, a row each, of windows of as many frames. @param {Float32Array[][]} windows */
  embedFrames(windows) {
    const shape = [windows.length, windows[0].length, windows[0][0].length];
    return this.#run("pool", float32(flat(windows.flat()), shape));
  }

  /** Log-probabilities of tokens, a row each, in frames. @param {Float32Array[]} frames */
  logProbs(frames) {
    return this.#run("phonemes", float32(flat(frames), [frames.length, frames[0].length]));
  }

  /** Unit embeddings, a row each, of token sequences. @param {number[][]} tokens */
  async embedTokens(tokens) {
    const rows = [];
    for (let at = 0; at < tokens.length; at += TEXTS_AT_ONCE) {
      const few = tokens.slice(at, at + TEXTS_AT_ONCE);
      const most = Math.max(...few.map((one) => one.length));
      const ids = few.flatMap((one) => [...one, ...Array(most - one.length).fill(0)]);
      const lens = few.map((one) => one.length);
      rows.push(...(await this.#run("text", int64(ids, [few.length, most]), int64(lens, [few.length]))));
    }
    return rows;
  }

  /** @param {string} name
   * @param {...any} inputs
   * @returns {Promise<Float32Array[]>} */
  async #run(name, ...inputs) {
    const session = this.sessions[name];
    const fed = Object.fromEntries(inputs.map((input, k) => [session.inputNames[k], input]));
    const { data, dims } = (await session.run(fed))[session.outputNames[0]];
    const size = dims.at(-1);
    return Array.from({ length: dims[0] }, (_, k) => data.subarray(k * size, (k + 1) * size));
  }
}

const float32 = (/** @type {Float32Array} */ data, /** @type {number[]} */ dims) => new ort.Tensor("float32", data, dims);
const int64 = (/** @type {number[]} */ data, /** @type {number[]} */ dims) =>
  new ort.Tensor("int64", BigInt64Array.from(data, BigInt), dims);

/** Rows of one length, one behind the other. @param {Float32Array[]} rows */
function flat(rows) {
  const found = new Float32Array(rows.length * rows[0].length);
  rows.forEach((row, k) => found.set(row, k * row.length));
  return found;
}
