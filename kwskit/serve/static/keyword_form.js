// What keywords are typed into, loaded from, and set by.

import { ask } from "/static/server.js";

const $ = (id) => document.getElementById(id);

// most(): keywords at once; tell(text): shown, or nothing. Returns {rate(), load(file of kwskit adapt)}.
export function startKeywordForm(keywords, most, tell) {
  const rate = () => Number($("rate").value);

  async function load(file) {
    if (!file) return;
    tell();
    try {
      const { text } = await (await ask("/api/keyword/file", { method: "POST", body: file })).json();
      await keywords.add(text, rate());
    } catch (error) {
      tell(`${file.name}: ${error.message}`);
    }
  }

  $("add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = $("word").value.trim().replace(/\s+/g, " ");
    tell(text ? null : "Type a word or a phrase.");
    if (!text) {
      $("word").focus();
      return;
    }
    if (keywords.get(text)) {
      $("word").select();
      return;
    }
    if (keywords.all.length >= most()) {
      tell(`${most()} keywords are the most at once.`);
      return;
    }
    try {
      await keywords.add(text, rate());
      $("word").value = "";
    } catch (error) {
      tell(error.message);
    }
  });
  $("adapted").addEventListener("change", () => {
    load($("adapted").files[0]);
    $("adapted").value = "";
  });
  $("rate").addEventListener("change", async () => {
    try {
      await keywords.retune(rate());
    } catch (error) {
      tell(error.message);
    }
  });
  return { rate, load };
}
