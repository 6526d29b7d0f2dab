"""Stage 5: a run's results as a page for the browser, as Markdown and as LaTeX."""

import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kwskit import __version__
from kwskit.atomic_write import atomic_write
from kwskit.evaluation.report.closed_set import closed_set_tables, confusion_pictures
from kwskit.evaluation.report.gradient_shares import gradient_shares
from kwskit.evaluation.report.headline import headline
from kwskit.evaluation.report.mistakes import mistakes
from kwskit.evaluation.report.page_audio import PageAudio
from kwskit.evaluation.report.pictures import affinities, det_curves, histograms, learning_curves
from kwskit.evaluation.report.plots import feature_plot
from kwskit.evaluation.report.result_tables import data_table, results_tables, shared_with_training
from kwskit.evaluation.report.run_folder import RunFolder
from kwskit.evaluation.report.searches import search_pictures, search_tables
from kwskit.evaluation.report.tables import escape_markdown
from kwskit.evaluation.report.word_map import word_map

BUDGET = 700_000  # bytes of audio


def augmentation_clips(run: RunFolder) -> list[dict[str, Any]]:
    """One entry an utterance and take: ``title``, ``note``, ``svg`` and, while there is room, ``audio``."""
    arrays = run.augmentation or {}
    clips = PageAudio(None, BUDGET)
    found = []
    for k, word in enumerate(arrays.get("words", [])):
        takes = sum(name.startswith(f"feats_{k}_") for name in arrays)
        for take in range(takes):
            note = f"augmented, take {take}" if take else "as recorded"
            svg = feature_plot(f"heard{k}-{take}", f"Features of {word}, {note}", arrays[f"feats_{k}_{take}"])
            audio = clips.encoded(arrays[f"wav_{k}_{take}"])
            found.append({"title": str(word), "note": note, "svg": svg, "audio": audio})
    return found


CONTENTS = {
    "results": "Results",
    "learning": "Learning curves",
    "heard": "Augmentation",
    "errors": "DET curves",
    "scores": "Scores",
    "searches": "Searches",
    "matrices": "Keywords",
    "alignment": "Alignment",
    "map": "Map",
    "confusions": "Errors to hear",
    "run": "The run",
}

RESAMPLED = {"search": "query", "segments": "word"}


def write_report(exp: str | Path, data: str | Path) -> Path:
    """Write ``report/index.html``, ``RESULTS.md`` and ``results.tex`` into the run folder; returns the page's path.

    The page needs no other file and no network. A part whose file is absent says so; only results.json must exist.

    Parameters
    ----------
    exp : folder of the run, after stage 4
    data : folder of its corpus, for the recordings to listen to and the counts of the data

    Raises
    ------
    ReportError, kwskit.data.records.RecordError, kwskit.data.store.packed_store.StoreError
        When results.json is missing, or a file is there and broken; the message names it.
    """
    run = RunFolder(exp, data)
    page = _page(run)
    files = {"index.html": page, "RESULTS.md": _markdown(run), "results.tex": _latex(run)}
    for name, text in files.items():
        with atomic_write(run.exp / "report" / name) as partial:
            partial.write_text(text, encoding="utf-8")
    return run.exp / "report" / "index.html"


def _page(run: RunFolder) -> str:
    environment = Environment(
        loader=PackageLoader("kwskit.evaluation.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    command, facts = _facts(run)
    return environment.get_template("page.html").render(
        title=f"kwskit report: {run.exp.name}",
        eyebrow=["report", run.exp.name],
        headline=headline(run),
        contents=CONTENTS.items(),
        result_tables=results_tables(run.results),
        curves=learning_curves(run),
        gradients=gradient_shares(run.steps),
        heard=augmentation_clips(run),
        det=det_curves(run.results),
        histograms=histograms(run.results),
        search_pictures=search_pictures(run.results),
        search_tables=search_tables(run.results),
        matrices=confusion_pictures(run.results),
        keyword_tables=closed_set_tables(run.results),
        affinities=affinities(run),
        map=word_map(run.embeddings) if run.embeddings else None,
        confusions=mistakes(run),
        scores_path=run.scores_path(run.main["model"], run.main["trials_name"]).relative_to(run.exp),
        command=command,
        facts=facts,
        data_table=data_table(run.splits) if run.splits else None,
        data_summary=shared_with_training(run.splits or []),
        plugins=run.plugins,
        card=run.card,
        config=run.config,
        footer=f"Written by kwskit {__version__} from the files of the run; nothing here is loaded from elsewhere.",
    )


def _markdown(run: RunFolder) -> str:
    command, facts = _facts(run)
    top = headline(run)
    resampled = RESAMPLED.get(str(run.main.get("kind")), "typed word")
    parts = [
        f"# Results: {escape_markdown(run.exp.name)}",
        f"{top['before']} **{top['value']}**. {escape_markdown(top['summary'])}",
        f"In brackets: 95 % bootstrap intervals, resampled by {resampled}.",
        *(table.markdown() for table in results_tables(run.results)),
        *(table.markdown() for table in search_tables(run.results)),
        *(table.markdown() for table in closed_set_tables(run.results)),
    ]
    if command:
        parts.append(f"Made by:\n\n```\n{command}\n```")
    if (shares := gradient_shares(run.steps)) is not None:
        parts += [shares[0].markdown(), escape_markdown(shares[1])]
    if run.splits:
        parts += [data_table(run.splits).markdown(), shared_with_training(run.splits)]
    if facts:
        parts.append("\n".join(f"- {escape_markdown(key)}: {escape_markdown(value)}" for key, value in facts))
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def _latex(run: RunFolder) -> str:
    tables = results_tables(run.results)
    command, _ = _facts(run)
    made = "".join(f"% {line}\n" for line in (f"Made by: {command}" if command else "").splitlines())
    return (
        made
        + "% Needs \\usepackage{booktabs}\n\n"
        + "\n".join(table.latex(f"tab:kwskit-{number}") for number, table in enumerate(tables, start=1))
    )


def _facts(run: RunFolder) -> tuple[str, list[tuple[str, str]]]:
    """The command that made the run (empty when unknown), and what else is known about it as name and text."""
    known: dict[str, Any] = dict(run.summary.get("run") or {})
    known.pop("plugins", None)  # has a place of its own
    command = str(known.pop("command", "") or "")
    seed = re.search(r"^seed:\s*(\S+)", run.config or "", re.MULTILINE)
    if seed:
        known.setdefault("seed", seed[1])
    if run.epochs:
        known["epochs"] = len(run.epochs["step"])
        known["steps"] = f"{run.epochs['step'][-1]:,.0f}"
        if "seconds" in run.epochs:
            known["training time"] = f"{run.epochs['seconds'].sum() / 60:.1f} min"
    return command, [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in known.items()
    ]
