// How a keyword is said: its readings, to tick where there are several, with what each sign sounds like.

import { sayIt } from "/static/say_it.js";

// told: {choose(typed): has the keyword said as it is typed now; heard(wav): has it read off a recording;
// failed(message)}; aloud: whether there is a voice to read it
export function showReadings(place, keyword, { choose, heard, failed }, aloud) {
  const several = keyword.choosable && keyword.readings.length > 1;
  const ticked = new Set(keyword.pronunciations);
  const lines = keyword.readings.map((said) => {
    const line = document.createElement(several ? "label" : "span");
    if (several) line.append(box(said));
    line.append(...signs(said, keyword.signs));
    if (!aloud || !keyword.choosable) return line;
    const row = element("div", "");
    row.append(line, listen(said));
    return row;
  });
  place.replaceChildren(...lines);
  keepOne();
  if (keyword.guessed) place.prepend(element("p", "No dictionary has it: these are guesses. Keep the one that is right."));
  if (keyword.adapted) place.prepend(element("p", "Adapted: by a file of kwskit adapt."));
  place.prepend(...(keyword.doubts ?? []).map((doubt) => element("p", doubt)));
  if (keyword.choosable) place.append(sayIt(keyword.name, heard, failed));
  const known = Object.entries(keyword.signs);
  if (!known.length) return;
  const captions = document.createElement("details");
  captions.append(element("summary", "What the signs sound like"));
  captions.append(...known.map(([sign, word]) => element("span", `${sign} as in ${word}`)));
  place.append(captions);

  function box(said) {
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = ticked.has(said);
    input.addEventListener("change", () => {
      // Of the boxes as they are now: one may be ticked before the last choice is answered.
      if (input.checked) ticked.add(said);
      else ticked.delete(said);
      keepOne();
      const kept = keyword.readings.filter((one) => ticked.has(one));
      choose(kept.length === keyword.readings.length ? keyword.asked : `${keyword.name}=${kept.join(", ")}`);
    });
    return input;
  }

  function listen(said) {
    const button = Object.assign(element("button", "▸"), { type: "button", className: "aloud" });
    button.setAttribute("aria-label", `Hear ${said}`);
    button.addEventListener("click", () => {
      const audio = new Audio(`/api/keyword/aloud?${new URLSearchParams({ phonemes: said })}`);
      audio.play().catch((error) => failed(`It cannot be heard: ${error.message}`));
    });
    return button;
  }

  // Something is to be listened for.
  function keepOne() {
    for (const input of place.querySelectorAll("input")) input.disabled = input.checked && ticked.size === 1;
  }
}

function signs(said, known) {
  return said.split(" ").flatMap((sign) => {
    const word = known[sign.replace(/[012]$/, "")];
    const shown = element(word ? "abbr" : "span", sign);
    if (word) shown.title = `${sign} as in ${word}`;
    return [shown, " "];
  });
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
