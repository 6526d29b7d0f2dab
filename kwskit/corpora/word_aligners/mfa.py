"""The Montreal Forced Aligner as a word aligner."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from kwskit.corpora.alignments.forced_alignment import Spoken, WordAligner
from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError
from kwskit.registry import register


@register("word_aligner", "mfa")
class MfaAligner(WordAligner):
    """Words placed by the program ``mfa`` (McAuliffe et al. 2017), which conda installs; it writes TextGrids.

    Files of one folder count as one speaker, as in the program itself.

    Parameters
    ----------
    model : acoustic model: a path, or the name of what ``mfa model download`` has fetched
    dictionary : pronunciations, named likewise
    jobs : processes; None is one a core

    Raises
    ------
    CorpusError
        When there is no program ``mfa``.
    """

    def __init__(self, model: str = "english_us_arpa", dictionary: str = "english_us_arpa", jobs: int | None = None):
        program = shutil.which("mfa")
        if program is None:
            raise CorpusError(
                "there is no program 'mfa' on the PATH: conda install -c conda-forge montreal-forced-aligner"
            )
        self._program, self._model, self._dictionary = program, model, dictionary
        self._jobs = max(jobs or os.cpu_count() or 1, 1)

    def aligned(self, to: Path) -> set[str]:
        """Utterances whose TextGrid is there."""
        return {path.stem for path in to.rglob("*.TextGrid") if not path.relative_to(to).parts[0].startswith(".")}

    def align(self, utterances: Sequence[Spoken], to: Path, findings: Findings) -> None:
        """Run ``mfa align`` and put its TextGrids below ``to``; utterances that it leaves out become findings.

        Raises
        ------
        CorpusError
            When it fails; the message has the last of what it said.
        """
        work = to / ".mfa"
        shutil.rmtree(work, ignore_errors=True)  # of a run that was interrupted
        try:
            speakers = {
                folder: f"{i:06d}" for i, folder in enumerate(dict.fromkeys(one.path.parent for one in utterances))
            }
            for one in utterances:
                folder = work / "corpus" / speakers[one.path.parent]
                folder.mkdir(parents=True, exist_ok=True)
                os.symlink(one.path.absolute(), folder / one.path.name)
                (folder / f"{one.utterance}.lab").write_text(" ".join(one.words) + "\n", encoding="utf-8")
            command = [self._program, "align", "--clean", "--num_jobs", str(self._jobs)]
            command += [str(work / "corpus"), self._dictionary, self._model, str(work / "aligned")]
            # What it says while it works is for the terminal; the last of it is kept for the message.
            run = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
            if run.returncode:
                said = "\n".join(run.stderr.strip().splitlines()[-8:])
                raise CorpusError(f"'mfa align' failed with exit status {run.returncode}:\n{said}")
            made = {path.stem: path for path in (work / "aligned").rglob("*.TextGrid")}
            for one in utterances:
                if one.utterance in made:
                    target = to / one.path.parent.name / f"{one.utterance}.TextGrid"
                    target.parent.mkdir(exist_ok=True)
                    made[one.utterance].replace(target)
                else:
                    findings.add("utterances that were not aligned", str(one.path))
        finally:
            shutil.rmtree(work, ignore_errors=True)
