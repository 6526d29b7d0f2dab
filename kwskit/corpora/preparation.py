"""Stage 1 of a recipe: its manifests, trials and searches, written together at the end, or none."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.atomic_write import atomic_write
from kwskit.corpora.findings import Findings
from kwskit.data.normal_column import with_normal_form
from kwskit.data.records import MANIFEST, write_records
from kwskit.errors import CorpusError
from kwskit.text.normal_form import merged_message

DONE = "prepared.json"
LEFT_OUT = "left_out.tsv"
EVALUATION = "evaluation.txt"


class Preparation:
    """Collects what stage 1 makes, checks it, and writes it when all of it is there.

    Parameters
    ----------
    data : folder of the corpus' manifests and trials
    settings : what the files depend on (seed, parts, paths); the same settings again have nothing to do
    strict : stop at anything that had to be left out, instead of reporting it
    """

    def __init__(self, data: Path, settings: Mapping[str, object], strict: bool = False):
        self.data, self.strict = Path(data), strict
        self.settings = json.loads(json.dumps(dict(settings), default=str))
        self.findings = Findings()
        self._files: dict[str, tuple[str, pa.Table, dict[str, object]]] = {}
        self._evaluation: list[str] = []

    def is_done(self) -> bool:
        """Whether ``data`` has been prepared with these settings and its files are all there; says so if it is."""
        stored = self._stored()
        if stored is None or stored.get("settings") != self.settings:
            return False
        if not all((self.data / file).is_file() for file in stored["files"]):
            return False
        if self.strict and stored["left_out"]:
            return False
        print(f"prepare: {', '.join(stored['files'])} there already in {self.data}")
        return True

    def manifest(self, split: str, table: pa.Table) -> pa.Table:
        """Take the manifest of ``split``; returns its usable segments, whose trials may be drawn.

        A second segment of the same utt_id, and segments without a word, name, path or proper times are left out and
        noted. The column ``split`` is set to ``split``, words are in their normal form.

        Raises
        ------
        CorpusError
            When no segment is left.
        """
        if "split" in table.column_names:
            table = table.drop_columns(["split"])
        table = table.append_column("split", pa.repeat(pa.scalar(split, pa.string()), len(table)))
        table = table.select(list(MANIFEST)).cast(pa.schema(MANIFEST))
        for name, kind in (
            ("word", "empty words"),
            ("utt_id", "segments without a name"),
            ("path", "segments without a path"),
        ):
            empty = pc.equal(pc.utf8_trim_whitespace(pc.fill_null(table[name], "")), "")
            table = self._without(table, empty, kind, split)
        for name in ("utt_id", "path", "word", "speaker"):
            odd = pc.match_substring_regex(table[name], r"[\t\r\n\"]")
            table = self._without(table, odd, f"segments whose {name} has a tab, line break or quotation mark", split)
        table, merged = with_normal_form(table, "word")
        if merged:
            print(f"{split}: {merged_message(merged)}")
        start, stop = table["start"].to_numpy(), table["stop"].to_numpy()
        wrong = pa.array(~(np.isfinite(start) & np.isfinite(stop) & (start >= 0) & (start < stop)))
        table = self._without(table, wrong, "segments whose times are no stretch", split)
        codes = table["utt_id"].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
        again = np.ones(len(codes), dtype=bool)
        again[np.unique(codes, return_index=True)[1]] = False
        table = self._without(table, pa.array(again), "segments whose utt_id is there twice", split)
        if not len(table):
            left_out = f":\n{self.findings.summary()}" if len(self.findings) else ""
            raise CorpusError(f"no segment is left for {split}{left_out}")
        self._files[f"manifests/{split}.tsv"] = ("manifest", table, {})
        return table

    def words(self, split: str, table: pa.Table) -> None:
        """Take when the words of the utterances of ``split`` are said; those of utterances left out go with them."""
        there = pc.is_in(table["utt_id"], self._files[f"manifests/{split}.tsv"][1]["utt_id"].combine_chunks())
        spelt = with_normal_form(table.filter(there), "word")[0]
        self._files[f"words/{split}.tsv"] = ("words", spelt, {})

    def trials(self, name: str, table: pa.Table, facts: Mapping[str, object]) -> None:
        """Take the trial list ``name`` (``<split>_<protocol>``); trials of segments that were left out go with them.

        Raises
        ------
        CorpusError
            When no trial is left, or one that is a target is none in another spelling of its text.
        """
        spelt, merged = with_normal_form(table, "enrol_text")
        if merged:
            pairs = spelt.group_by(["enrol_text", "utt_id"]).aggregate([("target", "min"), ("target", "max")])
            odd = pairs.filter(pc.not_equal(pairs["target_min"], pairs["target_max"])).to_pylist()
            if odd:
                raise CorpusError(
                    f"trials {name}: '{odd[0]['enrol_text']}' is a target of {odd[0]['utt_id']} in one spelling "
                    "and none in another: draw trials of the words of the manifest that Preparation.manifest returned"
                )
        table = spelt
        manifest = self._files.get(f"manifests/{name.rpartition('_')[0]}.tsv")
        if manifest:
            there = pc.is_in(table["utt_id"], manifest[1]["utt_id"].combine_chunks())
            orphans = table.filter(pc.invert(there))["utt_id"].unique().to_pylist()
            self.findings.add_all(f"segments of trials {name} that its manifest lacks", orphans)
            table = table.filter(there)
        if not len(table):
            raise CorpusError(f"no trial is left for {name}:\n{self.findings.summary()}")
        self._files[f"trials/{name}.tsv"] = ("trials", table, dict(facts))

    def search(
        self, name: str, recordings: pa.Table, queries: pa.Table, occurrences: pa.Table, facts: Mapping[str, object]
    ) -> None:
        """Take the search ``name``: what is searched, for what, and where it is."""
        queries = with_normal_form(queries, "text")[0]
        for kind, table in {"recordings": recordings, "queries": queries, "occurrences": occurrences}.items():
            self._files[f"search/{name}/{kind}.tsv"] = (kind, table, dict(facts))

    def evaluate(self, *tasks: str) -> None:
        """Have stage 4 score these tasks, in this order, after those named before."""
        self._evaluation += tasks

    def finish(self) -> None:
        """Report what was left out, and write everything.

        Files that an earlier preparation made and this one does not are removed.

        Raises
        ------
        CorpusError
            When something was left out and this is strict; nothing is written then.
        OSError
            When the files cannot be written (a full disk, no permission); what was there stays as it was.
        """
        count = len(self.findings)
        if count and self.strict:
            raise CorpusError(f"{count:,} things cannot be used, and this is --strict:\n{self.findings.summary()}")
        partial = self.data / ".prepared.partial"
        try:
            shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
            self._write(partial)
            self._put(partial)
        except OSError as error:
            reason = error.strerror or error
            raise OSError(error.errno, f"the prepared files cannot be written: {reason}", str(self.data)) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        for file, (kind, table, facts) in self._files.items():
            named = "".join(f", {key} {value}" for key, value in facts.items() if key in ("protocol", "seed"))
            print(f"{file.removesuffix('.tsv')}: {len(table):,} {'segments' if kind == 'manifest' else kind}{named}")
        if count:
            summary = self.findings.summary().replace("\n", "\n  ")
            print(f"left out (all of it in {self.data / LEFT_OUT}):\n  {summary}")

    def _write(self, folder: Path) -> None:
        for file, (kind, table, facts) in self._files.items():
            write_records(folder / file, kind, table, facts)
        pairs = ((kind, " ".join(which.split())) for kind, which in self.findings)
        lines = ["kind\twhich", *(f"{kind}\t{which}" for kind, which in pairs)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / LEFT_OUT).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if self._evaluation:
            (folder / EVALUATION).write_text("".join(f"{task}\n" for task in self._evaluation), encoding="utf-8")

    def _put(self, partial: Path) -> None:
        """Move the written files to their places; ``prepared.json`` is away while they are not all there."""
        earlier = (self._stored() or {}).get("files", [])
        (self.data / DONE).unlink(missing_ok=True)
        files: Sequence[str] = sorted(p.relative_to(partial).as_posix() for p in partial.rglob("*") if p.is_file())
        for file in files:
            (self.data / file).parent.mkdir(parents=True, exist_ok=True)
            (partial / file).replace(self.data / file)
        for file in set(earlier) - set(files):
            (self.data / file).unlink(missing_ok=True)
        done = {"settings": self.settings, "files": files, "left_out": self.findings.counts}
        with atomic_write(self.data / DONE) as path:
            path.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")

    def _stored(self) -> dict | None:
        try:
            return json.loads((self.data / DONE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _without(self, table: pa.Table, wrong: pa.Array | pa.ChunkedArray, kind: str, split: str) -> pa.Table:
        refused = table.filter(wrong)
        if not len(refused):
            return table
        rows = refused.select(["utt_id", "path"]).to_pylist()
        self.findings.add_all(kind, (f"{split}: {row['utt_id']} ({row['path']})" for row in rows))
        return table.filter(pc.invert(wrong))
