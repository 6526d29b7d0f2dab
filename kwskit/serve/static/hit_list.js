// The hits in the list, each to be heard.

import { clock } from "/static/timeline.js";

const $ = (id) => document.getElementById(id);
const SHOWN = 300;

const keyOf = (keyword, hit) => `${keyword.typed}\n${hit.start}\n${hit.stop}`;

// newest: the latest come first; play(keyword, hit, button)
export function showHits(keywords, newest, play) {
  const all = keywords.flatMap((keyword) => keyword.hits.map((hit) => ({ keyword, hit })));
  all.sort((a, b) => (newest ? b.hit.start - a.hit.start : a.hit.start - b.hit.start));
  const count = all.length === 1 ? "1 hit" : `${all.length} hits`;
  const more = all.length > SHOWN ? `, of which ${SHOWN} are listed` : "";
  if ($("heard-title").textContent !== count + more) $("heard-title").textContent = count + more;
  const list = $("hits");
  all.slice(0, SHOWN).forEach(({ keyword, hit }, k) => {
    const key = keyOf(keyword, hit);
    let item = list.children[k];
    if (item?.key === key) return;
    item = hitItem(keyword, hit, play);
    item.key = key;
    if (list.children[k]) list.children[k].replaceWith(item);
    else list.append(item);
  });
  while (list.children.length > Math.min(all.length, SHOWN)) list.lastChild.remove();
  return all.length;
}

// The button of a hit, if it is listed.
export function buttonOf(keyword, hit) {
  return [...$("hits").children].find((item) => item.key === keyOf(keyword, hit))?.querySelector("button");
}

function hitItem(keyword, hit, play) {
  const item = $("hit-item").content.firstElementChild.cloneNode(true);
  item.style.setProperty("--of", `var(--k${keyword.colour})`);
  item.querySelector(".word").textContent = keyword.name;
  item.querySelector(".when").textContent = clock(hit.start, 1);
  item.querySelector(".score").textContent = hit.score.toFixed(1);
  const button = item.querySelector("button");
  button.setAttribute("aria-label", `Play ${keyword.name} at ${clock(hit.start, 1)}, score ${hit.score.toFixed(1)}`);
  button.addEventListener("click", () => play(keyword, hit, button));
  return item;
}
