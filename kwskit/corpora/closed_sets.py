"""Stage 1 of a corpus of single keywords: one manifest, and a closed set of trials for each protocol."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kwskit.corpora.keyword_recordings import SPLIT, KeywordRecording, keyword_manifest
from kwskit.corpora.preparation import Preparation
from kwskit.errors import CorpusError
from kwskit.evaluation.closed_set_trials import closed_set_trials


@dataclass(frozen=True)
class ClosedSet:
    """Recordings that are all tried with the same keywords.

    Attributes
    ----------
    name : the trial list becomes ``test_<name>``
    protocol : as tables call it
    recordings : those of other words are non-targets of every keyword
    typed : the keywords
    facts : what else is told at the head of the list
    """

    name: str
    protocol: str
    recordings: Sequence[KeywordRecording]
    typed: Sequence[str]
    facts: Mapping[str, object] = field(default_factory=dict)


def prepare_closed_sets(preparation: Preparation, sets: Sequence[ClosedSet], jobs: int) -> None:
    """Hand ``preparation`` the manifest of all recordings, a trial list for each set, and what to score.

    Raises
    ------
    CorpusError
        When no recording can be read, or a keyword has none that can.
    """
    everything = {recording.utt_id: recording for one in sets for recording in one.recordings}
    table = preparation.manifest(SPLIT, keyword_manifest(list(everything.values()), jobs, preparation.findings))
    usable = set(table["utt_id"].to_pylist())
    for one in sets:
        there = [recording for recording in one.recordings if recording.utt_id in usable]
        try:
            trials = closed_set_trials([r.utt_id for r in there], [r.word for r in there], one.typed)
        except ValueError as error:
            left_out = f"; left out:\n{preparation.findings.summary()}" if len(preparation.findings) else ""
            raise CorpusError(f"{one.protocol}: {error}{left_out}") from error
        name = f"{SPLIT}_{one.name}"
        preparation.trials(name, trials, {"protocol": one.protocol, **one.facts})
        preparation.evaluate(name)
