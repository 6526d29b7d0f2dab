"""What an index knows of itself."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kwskit.errors import SpeechIndexError
from kwskit.search.search_settings import SearchSettings
from kwskit.speech_model.open_model import open_model
from kwskit.speech_model.speech_model import SpeechModel

VERSION = 1


@dataclass(frozen=True)
class About:
    """The model that made an index, and how.

    Attributes
    ----------
    model, digest : name of the model, and what tells it from any other
    opened_from : where it was: a directory, a packaged name or a repository of the Hub
    dim : of its embeddings
    settings : facts of :class:`SearchSettings`
    version : of the index's layout
    """

    model: str
    digest: str
    opened_from: str
    dim: int
    settings: dict[str, str]
    version: int = VERSION

    def search_settings(self) -> SearchSettings:
        """How recordings are cut."""
        return SearchSettings.of(self.settings)

    def open_model(self, place: str, given: SpeechModel | str | Path | None, device: str) -> SpeechModel:
        """The model that made the index of ``place``: the one ``given``, opened or not, or from where it was then.

        Raises
        ------
        SpeechIndexError
            When it is another one, or where it was is not known.
        kwskit.errors.ModelError
            When it cannot be opened.
        """
        source = given or self.opened_from
        if not source:
            raise SpeechIndexError(f"{place}: say where the model {self.model} is (--model)")
        model = open_model(source, device) if isinstance(source, str | Path) else source
        if model.digest != self.digest:
            raise SpeechIndexError(
                f"{place} was made with the model {self.model} ({self.digest}), and "
                f"{source if isinstance(source, str | Path) else 'this'} is {model.name} ({model.digest}): their "
                "embeddings cannot be compared. Give the same model (--model), or index the recordings anew"
            )
        return model

    def written(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str, place: str) -> "About":
        """What :meth:`written` made.

        Raises
        ------
        SpeechIndexError
            When it is something else, or of another version.
        """
        try:
            facts: dict[str, Any] = json.loads(text)
            about = cls(**facts)
        except (ValueError, TypeError) as error:
            raise SpeechIndexError(f"{place}: what the index says of itself cannot be read: {error}") from error
        if about.version != VERSION:
            raise SpeechIndexError(
                f"{place}: an index of version {about.version}; this kwskit reads version {VERSION}: index anew"
            )
        return about
