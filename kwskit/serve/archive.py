"""An index that visitors search."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kwskit.data.audio import AudioError, probe, read_segment
from kwskit.errors import ModelError, SpeechIndexError, UnpronounceableText
from kwskit.index.tables import Found
from kwskit.serve.limits import Limits
from kwskit.serve.refusal import Refusal
from kwskit.serve.upload import Upload, wav
from kwskit.spotting.spoken_example import trimmed

if TYPE_CHECKING:
    from kwskit.index.speech_index import SpeechIndex

AROUND = 0.35  # s of a snippet before and after what was found
LONGEST = 10.0


class Archive:
    """Searches an index; of its recordings, only what has been found may be heard.

    Parameters
    ----------
    index : that is searched
    limits : on results
    """

    def __init__(self, index: "SpeechIndex", limits: Limits):
        self.index, self.limits = index, limits
        self._found: dict[str, int] = {}  # number of a recording that has been found

    def about(self) -> dict[str, Any]:
        """What the page says of it."""
        return {"recordings": len(self.index.files), "hours": self.index.seconds / 3600}

    def search(self, text: str) -> list[dict[str, Any]]:
        """What the page shows of the places where ``text`` is said, the likeliest first.

        Raises
        ------
        Refusal
            When it cannot be read out, or the index cannot be used.
        """
        try:
            return self._as_json(self.index.search(text, top=self.limits.results))
        except UnpronounceableText as error:
            raise Refusal(400, f"This cannot be read out: {error.reason}.") from error
        except (SpeechIndexError, ModelError) as error:
            raise Refusal(500, str(error)) from error

    def search_example(self, upload: Upload) -> list[dict[str, Any]]:
        """The same for what is said in a recording.

        Raises
        ------
        Refusal
            When it cannot be decoded, or is silent or too long, or the index cannot be used.
        """
        if upload.check(self.limits) > LONGEST:
            raise Refusal(413, f"An example is one word or phrase: {LONGEST:g} s are the most.")
        pcm = np.concatenate(list(upload.blocks()))
        try:
            return self._as_json(self.index.search_example(trimmed(pcm), top=self.limits.results))
        except (SpeechIndexError, ModelError) as error:
            raise Refusal(500, str(error)) from error
        except ValueError as error:
            raise Refusal(400, f"This example cannot be searched for: {error}.") from error

    def snippet(self, number: int, start: float, stop: float) -> bytes:
        """A WAV file of what was found, and a little around it.

        Parameters
        ----------
        number : of the recording, as a search told it
        start, stop : in seconds

        Raises
        ------
        Refusal
            When no search has told of this recording, or it cannot be read any more.
        """
        path = next((path for path, known in self._found.items() if known == number), None)
        if path is None:
            raise Refusal(404, "No search has found this recording.")
        if not 0 <= start < stop <= start + LONGEST:
            raise Refusal(400, f"A snippet has a start, and a stop at most {LONGEST:g} s later.")
        try:
            seconds = probe(path)[1]
            return wav(read_segment(path, max(0.0, start - AROUND), min(seconds, stop + AROUND)))
        except AudioError as error:
            name = Path(path).name
            raise Refusal(404, f"{name} cannot be read any more: has it been moved since it was indexed?") from error

    def _as_json(self, found: list[Found]) -> list[dict[str, Any]]:
        return [
            {
                "recording": self._found.setdefault(one.path, len(self._found)),
                "name": Path(one.path).name,
                "start": one.start,
                "stop": one.stop,
                "score": one.score,
            }
            for one in found
        ]
