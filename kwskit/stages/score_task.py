"""One thing to score: a list of trials, streams in windows of one length, or segments against each other."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from kwskit.batch import Encoded
from kwskit.data.records import RecordError, read_records, write_records
from kwskit.data.store.layout import REJECTED
from kwskit.data.store.packed_store import PackedStore
from kwskit.evaluation.trials import without_utterances
from kwskit.evaluation.word_discrimination import SHORTEST_WORD, Segments
from kwskit.search.stream_scorer import StreamScorer
from kwskit.search.system_queries import keeps_one_embedding
from kwskit.systems.enrolment import Enrolment
from kwskit.systems.model_directory import Model
from kwskit.systems.scoring import TrialScorer

STREAMS, SEGMENTS, WINDOW = "streams_", "segments_", "@"


@dataclass(frozen=True)
class ScoreTask:
    """What to score, and in which store its utterances are.

    Attributes
    ----------
    name : of the score file
    source : the trial list or, for segments, the manifest
    store : packed store
    window : of streams, in seconds
    """

    name: str
    source: Path
    store: Path
    window: float | None = None

    @classmethod
    def named(cls, data: Path, name: str) -> "ScoreTask":
        """The task ``name`` on the corpus ``data``.

        ``test_wsj`` is ``trials/test_wsj.tsv`` over ``store/test``; ``streams_test@0.3`` is
        ``trials/streams_test.tsv`` in windows of 0.3 s; ``segments_test`` are all segments and words of
        ``manifests/test.tsv``, embedded.

        Raises
        ------
        FileNotFoundError
            When the corpus lacks the file.
        ValueError
            For streams without a window, or a window that is no number.
        """
        listed, at, seconds = name.partition(WINDOW)
        if listed.startswith(SEGMENTS):
            split = listed.removeprefix(SEGMENTS)
            source = data / "manifests" / f"{split}.tsv"
        else:
            split = listed.removeprefix(STREAMS) if listed.startswith(STREAMS) else listed.rpartition("_")[0]
            source = data / "trials" / f"{listed}.tsv"
        if listed.startswith(STREAMS) != bool(at) or (at and not seconds.replace(".", "", 1).isdigit()):
            raise ValueError(f"'{name}': streams are scored in windows of so many seconds, as in streams_test@0.3")
        if not source.exists():
            raise FileNotFoundError(f"there is no {source}: make the corpus with stages 1 and 2")
        return cls(name, source, data / "store" / split, float(seconds) if at else None)

    @property
    def needs_embeddings(self) -> bool:
        """Whether segments are compared with each other, which takes a system with an embedding of speech."""
        return self.name.startswith(SEGMENTS)

    def refusal(self, model: Model) -> str:
        """Why ``model`` cannot do it; empty when it can."""
        if self.needs_embeddings and not keeps_one_embedding(model.system):
            return f"{type(model.system).__name__} judges speech against text: segments have no embedding to compare"
        return ""

    def path(self, exp: Path, model: str) -> Path:
        """Where the scores of ``model`` are."""
        return exp / "scores" / model / f"{self.name}.{'npz' if self.needs_embeddings else 'tsv'}"

    def is_done(self, path: Path, model_id: str) -> bool:
        """Whether the score file is of ``model_id`` (name and digest of the model) and of the present trials."""
        try:
            facts = Segments.read(path)[1] if self.needs_embeddings else read_records(path, "scores")[1]
        except (RecordError, OSError, ValueError, KeyError):
            return False
        return all(facts.get(key) == value for key, value in self._facts(model_id).items())

    def score(self, path: Path, model_id: str, model: Model, store: PackedStore, audio: Encoded) -> None:
        """Write the score file.

        Parameters
        ----------
        path : file to write; model_id : name and digest of the model
        store : the opened store; audio : the whole store, encoded

        Raises
        ------
        ValueError
            When segments are wanted of a system without embeddings.
        """
        if self.needs_embeddings:
            segments = embedded_segments(model, store, audio)
            segments.write(path, self._facts(model_id))
            print(f"{len(segments.words):,} segments embedded: {path}")
            return
        listed, facts = read_records(self.source, "trials")
        trials = without_utterances(listed, store.rejected)
        if len(trials) < len(listed):
            left_out = f"{len(listed) - len(trials):,} of {len(listed):,} trials are left out"
            print(f"{self.name}: {left_out}: stage 2 could not read their recordings ({store.path / REJECTED})")
        if self.window is None:
            scores = TrialScorer(store, trials, model.tokenizer).scores(model.system, audio)
        else:
            windows = StreamScorer(store, trials, model.tokenizer, self.window, float(facts["pause"]))
            scores = windows.scores(model.system)
        facts = {**facts, **self._facts(model_id)}
        write_records(path, "scores", trials.append_column("score", pa.array(scores)), facts)
        print(f"{len(trials):,} trials scored: {path}")

    def _facts(self, model_id: str) -> dict[str, str]:
        return {"model": model_id, "trials": digest(self.source)}


def embedded_segments(model: Model, store: PackedStore, audio: Encoded) -> Segments:
    """The segments and words of ``store`` of at least three letters, for word discrimination.

    Raises
    ------
    ValueError
        When the system keeps more than one embedding of an utterance, or none.
    """
    if audio.frames.shape[1] != 1:
        raise ValueError(
            f"{type(model.system).__name__} compares sequences: there is no embedding of a segment to compare with "
            "another segment's"
        )
    words = sorted(word for word in set(store.words) if len(word) >= SHORTEST_WORD)
    places = {word: place for place, word in enumerate(words)}
    place = np.array([places.get(word, -1) for word in store.words], np.int32)[store.word_ids]
    enrolment = Enrolment(model.system, model.tokenizer, words)
    return Segments(
        words,
        audio.frames[:, 0].numpy()[place >= 0],
        place[place >= 0],
        enrolment.encoded.frames[:, 0].cpu().numpy(),
        enrolment.owner.numpy().astype(np.int32),
    )


def digest(path: Path) -> str:
    """Sixteen hexadecimal digits of a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
