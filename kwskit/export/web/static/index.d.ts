/** A keyword that has been heard. */
export interface Hit {
  keyword: string;
  /** Seconds of the stream between which the window is that matched best. */
  start: number;
  end: number;
  /** Higher for a better match. */
  score: number;
  threshold: number;
  /** Parts of the score where the model hears phonemes: of its embedding, and of its phonemes. */
  embedding?: number;
  phonemes?: number;
}

/** What a spotter listens for. */
export interface Keyword {
  name: string;
  /** Phonemes, such as `HH EY | N OW V AH`, the likeliest first. */
  pronunciations: string[];
  /** How long it takes to be said, presumably. */
  seconds: number;
  /** Least score of a hit. */
  threshold: number;
  thresholdSource: "given" | "counted" | "extrapolated";
}

/** One stream of sound, handed over in blocks of any size: hits do not depend on the sizes. */
export interface SpottingStream {
  /** Highest score of each keyword in what was heard last, in the order of enrolment. */
  readonly heard: number[];
  /** The hits that are certain after samples at 16 kHz: 16 bits, or in [-1, 1]. */
  push(samples: Int16Array | Float32Array): Promise<Hit[]>;
  /** The hits that waited for the stream to go on; nothing may be pushed afterwards. */
  finish(): Promise<Hit[]>;
}

/** Keywords enrolled by typing, and spotted in sound. */
export class Spotter {
  private constructor();
  /**
   * @param folder where the files of this package are, if not beside this module
   * @param progress bytes, as they arrive
   */
  static load(folder?: string | URL, progress?: (loaded: number, total: number) => void): Promise<Spotter>;
  /** Name of the model. */
  readonly model: string;
  readonly keywords: Keyword[];
  /** Length of the background that thresholds are set by. */
  readonly backgroundMinutes: number;
  /**
   * Listen for a keyword from now on, in the place of an earlier one of its name.
   * @param typed a word or a phrase, or `WORD=PHONEMES` in ARPAbet; an Error says what cannot be read
   * @param options false alarms an hour that its threshold is set for (0.5), or the threshold
   */
  enrol(typed: string, options?: { faPerHour?: number; threshold?: number }): Promise<Keyword>;
  /** Listen for a keyword no more; whether there was one. */
  forget(name: string): boolean;
  /** A stream that hears the keywords enrolled so far. */
  listen(): SpottingStream;
  /** The hits in samples at 16 kHz, by their end. */
  spot(samples: Int16Array | Float32Array): Promise<Hit[]>;
}

/** The microphone of a browser. */
export class Microphone {
  /** @param heard is called for each 100 ms, at 16 kHz; an Error says why there is none */
  open(heard: (samples: Int16Array) => void): Promise<void>;
  close(): void;
}
