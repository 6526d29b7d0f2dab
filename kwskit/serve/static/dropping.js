// What is dropped on the page: a recording anywhere, a keyword's file, or an example on the search.

const $ = (id) => document.getElementById(id);
const carries = (event) => event.dataTransfer?.types.includes("Files");
const overSearch = (event) => !$("archive").hidden && event.target.closest?.("#archive");

// take: {example(file), keyword(file), recording(file)}
export function startDropping(take) {
  let over = 0;

  function leave() {
    over = 0;
    $("drop").hidden = true;
    $("archive").classList.remove("over");
  }

  addEventListener("dragenter", (event) => { if (carries(event)) over++; });
  addEventListener("dragleave", (event) => { if (carries(event) && --over <= 0) leave(); });
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    $("drop").hidden = Boolean(overSearch(event));
    $("archive").classList.toggle("over", Boolean(overSearch(event)));
  });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    const dropped = event.dataTransfer.files[0];
    const example = overSearch(event);
    leave();
    if (example) take.example(dropped);
    else if (dropped.name.endsWith(".kw")) take.keyword(dropped);
    else take.recording(dropped);
  });
}
