// When a keyword is said in a background, by its pronunciations: kwskit/spotting/said_words.py.

/** Start and stop of the word, or words in a row, that sound like one of the keyword's.
 * @param {{start: number[], stop: number[], pronunciations: string[][]}} said
 * @param {string[]} pronunciations such as "HH EY | N OW V AH"
 * @returns {[number, number][]} */
export function saidTimes(said, pronunciations) {
  const wanted = [...new Set(pronunciations.map((one) => one.replace(/[012]/g, "")))].map((one) => one.split(" | "));
  return wanted.flatMap((parts) =>
    said.start.flatMap((start, at) =>
      parts.every((part, k) => said.pronunciations[at + k]?.includes(part))
        ? [/** @type {[number, number]} */ ([start, said.stop[at + parts.length - 1]])]
        : [],
    ),
  );
}
