"""What an index knows of itself."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from kwskit.errors import SpeechIndexError
from kwskit.search.search_settings import SearchSettings

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
