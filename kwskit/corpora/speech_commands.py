"""Google Speech Commands (Warden 2018): its folders, its test list, its test set, and three readings of a test on it.

As published: ``<word>/<speaker>_nohash_<take>.wav``, ``testing_list.txt`` and ``validation_list.txt`` beside the words,
``_background_noise_``; the test set is an archive of its own with the ten commands, ``_unknown_`` and ``_silence_``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kwskit.corpora.findings import Findings
from kwskit.corpora.keyword_recordings import KeywordRecording
from kwskit.corpora.locate import corpus_root
from kwskit.data.audio_folder import READ
from kwskit.errors import CorpusError
from kwskit.text_file import TextFileError, read_text

NAME = "Speech Commands"
TESTING_LIST, VALIDATION_LIST = "testing_list.txt", "validation_list.txt"
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
UNKNOWN, SILENCE = "_unknown_", "_silence_"
TEST_SET = "test_set"  # begins the utt_ids of the official test set, whose files are copies of others
TAKE = "_nohash_"

PHONMATCHNET = "speech_commands_phonmatchnet"
OFFICIAL = "speech_commands_official"
WORDS = "speech_commands_words"


@dataclass(frozen=True)
class SpeechCommands:
    """Where the corpus is.

    Attributes
    ----------
    root : folder with a folder for each word and the two lists
    test_set : folder of the official test set, None without it
    """

    root: Path
    test_set: Path | None

    @classmethod
    def find(cls, given: Path, test_set: Path | None = None) -> "SpeechCommands":
        """The corpus in ``given``; the test set where it is named, else in ``given`` or beside the corpus.

        Raises
        ------
        CorpusError
            As :func:`corpus_root`, for either.
        """
        root = corpus_root(given, [TESTING_LIST, VALIDATION_LIST], NAME)
        wanted = [*COMMANDS, UNKNOWN, SILENCE]
        if test_set is not None:
            return cls(root, corpus_root(test_set, wanted, f"test set of {NAME}"))
        beside = [*Path(given).iterdir(), *root.absolute().parent.iterdir()]
        found = (folder for folder in sorted(beside) if all((folder / word).is_dir() for word in wanted))
        return cls(root, next(found, None))

    @property
    def words(self) -> list[str]:
        """The words that have a folder, in order of the alphabet: 35 in version 0.02, 30 in version 0.01."""
        return sorted(p.name for p in self.root.iterdir() if p.is_dir() and p.name[0] not in "_.")

    def recordings(self, findings: Findings) -> dict[str, KeywordRecording]:
        """Every recording of every word, by its name in the lists (``yes/0a7c2a8d_nohash_0.wav``), whatever its format.

        Raises
        ------
        CorpusError
            When one of the ten commands has no recordings.
        """
        found = {}
        for word in self.words:
            files = sorted(p for p in (self.root / word).iterdir() if p.suffix.lower() in READ)
            if not files and word in COMMANDS:
                raise CorpusError(f"{NAME}: {self.root / word} holds no recordings (*.wav)")
            for path in files:
                speaker, take, _ = path.stem.partition(TAKE)
                if speaker and take:
                    name = f"{word}/{path.stem}"
                    found[f"{name}.wav"] = KeywordRecording(name, path, word, speaker)
                else:
                    kind = "recordings whose name tells no speaker (SPEAKER_nohash_TAKE.wav)"
                    findings.add(kind, f"{word}/{path.name}")
        return found

    def testing_list(self, recordings: Mapping[str, KeywordRecording], findings: Findings) -> list[KeywordRecording]:
        """Those of the ``recordings`` that ``testing_list.txt`` names, in its order.

        Raises
        ------
        CorpusError
            When the list cannot be read, or names no recording that is there.
        """
        found = self._listed(TESTING_LIST, recordings, findings)
        if not found:
            left_out = f":\n{findings.summary()}" if len(findings) else ""
            raise CorpusError(f"{self.root / TESTING_LIST}: names no recording that is there{left_out}")
        return found

    def training_parts(
        self, recordings: Mapping[str, KeywordRecording], findings: Findings
    ) -> tuple[list[KeywordRecording], list[KeywordRecording]]:
        """Those of the ``recordings`` that no list names, to train on, and those of ``validation_list.txt``, for dev.

        The lists are by speaker; ``findings`` takes lines whose recording is not there. Without both lists, as in a
        copy of the training part alone, all are to be trained on.

        Raises
        ------
        CorpusError
            When a list that is there cannot be read.
        """
        there = [name for name in (TESTING_LIST, VALIDATION_LIST) if (self.root / name).is_file()]
        listed = {name: self._listed(name, recordings, findings) for name in there}
        held = {one.utt_id for own in listed.values() for one in own}
        return [one for one in recordings.values() if one.utt_id not in held], listed.get(VALIDATION_LIST, [])

    def _listed(
        self, name: str, recordings: Mapping[str, KeywordRecording], findings: Findings
    ) -> list[KeywordRecording]:
        path = self.root / name
        try:
            lines = read_text(path).splitlines()
        except (OSError, TextFileError) as error:
            raise CorpusError(f"{path}: cannot be read: {error}") from error
        found: dict[str, KeywordRecording] = {}
        for number, line in enumerate(map(str.strip, lines), start=1):
            if not line:
                continue
            if line in found:
                findings.add(f"lines of {name} that are there twice", f"line {number}: {line}")
            elif line in recordings:
                found[line] = recordings[line]
            else:
                findings.add(f"lines of {name} whose recording is not there", f"line {number}: {line}")
        return list(found.values())

    def official(self) -> list[KeywordRecording]:
        """The official test set: the ten commands, ``_unknown_`` words and ``_silence_``; empty without it."""
        if self.test_set is None:
            return []
        found = []
        for word in (*COMMANDS, UNKNOWN, SILENCE):
            for path in sorted((self.test_set / word).glob("*.wav")):
                # Unknown words and silence may be named otherwise; nothing depends on who speaks.
                speaker = path.stem.partition(TAKE)[0] if TAKE in path.stem else "unknown"
                found.append(KeywordRecording(f"{TEST_SET}/{word}/{path.stem}", path, word, speaker))
        return found
