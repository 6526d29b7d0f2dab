// How a typed keyword is said: a subset of kwskit/text that says where it ends, rather than reading otherwise.

/** @typedef {{symbols: string[], stress: boolean, most: number}} Tokenizer */
/** @typedef {{text: string, tokens: number[][], pronunciations: string[]}} Read */

const BOUNDARY = "|";
const FIRST = 48; // code of the character that token 0 is in the dictionary

export class Pronunciations {
  /** @param {string} dictionary lines of what a word shares with that before it, its rest, and its readings
   * @param {Tokenizer} tokenizer */
  constructor(dictionary, tokenizer) {
    this.tokenizer = tokenizer;
    this.ids = new Map(tokenizer.symbols.map((symbol, id) => [symbol, id]));
    /** @type {Map<string, string>} */
    this.words = new Map();
    let word = "";
    for (const line of dictionary.split("\n")) {
      const [rest, said] = line.split("\t");
      word = word.slice(0, rest.charCodeAt(0) - FIRST) + rest.slice(1);
      this.words.set(word, said);
    }
  }

  /** What is typed: a word or a phrase, or WORD=PHONEMES, several readings with commas between them.
   * @param {string} typed
   * @returns {Read} */
  read(typed) {
    const [text, ...given] = typed.split("=").map((part) => part.trim());
    if (given.length > 1) throw new Error(`"${typed}" has more than one =: a keyword is WORD or WORD=PHONEMES`);
    if (!text || given[0] === "") throw new Error("Type a word or a phrase; behind = its phonemes.");
    const readings = given.length ? given[0].split(",").map((one) => this.#phonemes(one)) : this.#phrase(text);
    const tokens = [...new Map(readings.map((ids) => [String(ids), ids])).values()];
    const pronunciations = tokens.map((ids) => ids.map((id) => this.tokenizer.symbols[id]).join(" "));
    return { text, tokens, pronunciations };
  }

  /** @param {string} said in ARPAbet */
  #phonemes(said) {
    const signs = said.toUpperCase().replaceAll(BOUNDARY, ` ${BOUNDARY} `).split(/\s+/).filter(Boolean);
    if (!signs.length) throw new Error("There is no phoneme between the commas.");
    if (signs.some((sign, k) => sign === BOUNDARY && (k === 0 || (signs[k + 1] ?? BOUNDARY) === BOUNDARY))) {
      throw new Error("A | stands between two words, not around them.");
    }
    return signs.map((sign) => {
      const id = this.ids.get(this.tokenizer.stress ? sign : sign.replace(/(?<=[A-Z])[012]$/, ""));
      const known = id !== undefined && !sign.startsWith("<");
      if (!known) throw new Error(`"${sign}" is not a phoneme of ARPAbet: K AE1 T, with spaces between them.`);
      return id;
    });
  }

  /** The likeliest readings of a phrase, by the sum of their words' ranks. @param {string} text */
  #phrase(text) {
    const whole = this.#lookUp(wordsOf(text).join(" "));
    if (whole) return whole;
    /** @type {{ranks: number[], ids: number[]}[]} */
    let phrases = [{ ranks: [], ids: [] }];
    const boundary = /** @type {number} */ (this.ids.get(BOUNDARY));
    for (const readings of wordsOf(text).flatMap((word) => this.#word(word))) {
      phrases = phrases
        .flatMap(({ ranks, ids }) =>
          readings.map((said, rank) => ({
            ranks: [...ranks, rank],
            ids: ids.length ? [...ids, boundary, ...said] : said,
          })),
        )
        .sort((a, b) => sum(a.ranks) - sum(b.ranks) || firstDifference(a.ranks, b.ranks))
        .slice(0, this.tokenizer.most);
    }
    return phrases.map(({ ids }) => ids);
  }

  /** Readings of the words that a token over letters and '.- is. @param {string} token
   * @returns {number[][][]} */
  #word(token) {
    const bare = token.replace(/^[.'-]+|[.'-]+$/g, "");
    for (const form of [token.replace(/^[.-]+|[.-]+$/g, ""), token, bare]) {
      const found = this.#lookUp(form);
      if (found) return [found];
    }
    const parts = bare.split(/[.-]+/).filter(Boolean);
    if (parts.length > 1 && !bare.includes(".")) return parts.flatMap((part) => this.#word(part));
    const found = bare.includes(".") ? null : this.#lookUp(bare.replaceAll("'", ""));
    if (found) return [found];
    throw new Error(`"${bare}" is in no dictionary: type how it is said, as in ${bare}=HH AH0 L OW1 (K AE1 T is "cat").`);
  }

  /** @param {string} word */
  #lookUp(word) {
    const said = this.words.get(word);
    return said?.split(",").map((one) => Array.from(one, (sign) => sign.charCodeAt(0) - FIRST));
  }
}

/** The tokens of a text, lower case without accents. @param {string} text */
export function wordsOf(text) {
  const sign = text.match(/[\p{N}&+@#~]|\b[IVX]{2,}\b/u);
  if (sign) throw new Error(`Numbers and signs such as ${sign[0]} are typed as words.`);
  const plain = text.replace(/[’‘ʼ`´]/g, "'").normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const foreign = plain.match(/[^\P{L}a-z]/u);
  if (foreign) throw new Error(`Only the letters A to Z can be read, not ${foreign[0]}: type WORD=PHONEMES.`);
  const tokens = plain.split(/[^a-z'.-]+/).filter((token) => /[a-z]/.test(token));
  if (!tokens.length) throw new Error("Type a word or a phrase: there is no letter.");
  return tokens;
}

const sum = (/** @type {number[]} */ ranks) => ranks.reduce((a, b) => a + b, 0);

/** @param {number[]} a
 * @param {number[]} b */
function firstDifference(a, b) {
  return a.map((rank, k) => rank - b[k]).find(Boolean) ?? 0;
}
