"""What all satellites share: the model, the keywords, and the thread that listens."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from wyoming.event import Event
from wyoming.info import Attribution, Info, WakeModel, WakeProgram

from kwskit import __version__
from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.refusal import Refusal
from kwskit.serve.wyoming.limits import SatelliteLimits
from kwskit.serve.wyoming.peers import Peers
from kwskit.serve.wyoming.satellite_connection import SatelliteConnection
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.spotter import Spotter
from kwskit.text.normal_form import normal_form
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer

MAKER = Attribution("kwskit", "")


class WakeService:
    """Wake words of one spotter, for any number of satellites: one model in memory, and one thread that hears them all.

    Parameters
    ----------
    spotter : with its keywords; nobody else listens with it
    limits : on satellites
    peers : that may connect; None is everybody who can

    Attributes
    ----------
    work : pieces of it, those of all satellites in turns
    info : what ``describe`` is answered with; every keyword is a model of the program ``kwskit``
    """

    def __init__(self, spotter: Spotter, limits: SatelliteLimits | None = None, peers: Peers | None = None):
        self.spotter, self.limits, self.peers = spotter, limits or SatelliteLimits(), peers
        self.work = HeavyWork(0)
        self.info = _info(spotter)
        self._by_form = {normal_form(one.name): one for one in self.keywords()}
        self._open = 0

    def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> SatelliteConnection:
        """What answers one satellite."""
        return SatelliteConnection(self, reader, writer)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Be counted as a connection.

        Raises
        ------
        Refusal
            When too many are open already.
        """
        if self._open >= self.limits.connections:
            raise Refusal(503, f"{self.limits.connections} connections are open, which are the most.")
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    def keywords(self) -> list[Keyword]:
        """All of them."""
        return list(self.spotter.keywords.values())

    def chosen(self, names: Sequence[str] | None) -> tuple[list[Keyword], list[str]]:
        """The keywords of ``names``, however they are spelt, and the names that none has; all for no names.

        Raises
        ------
        Refusal
            For more names than a satellite can mean, or too long ones: to find their forms takes time.
        """
        if not names:
            return self.keywords(), []
        most, long = self.limits.names, self.limits.name_characters
        if len(names) > most or max(map(len, names)) > long:
            raise Refusal(413, f"{most} names of wake words are the most, of {long} characters.")
        forms = {name: normal_form(name) for name in names}
        known = {form: self._by_form[form] for form in forms.values() if form in self._by_form}
        return list(known.values()), [name for name, form in forms.items() if form not in known]


def _info(spotter: Spotter) -> Event:
    model = spotter.model
    languages = ["en"] if isinstance(model.tokenizer, PhonemeTokenizer) else []  # whose dictionary is English
    models = [
        WakeModel(
            name=one.name,
            description=one.name,  # Home Assistant shows it in the place of the name
            phrase=one.text or one.name,
            attribution=MAKER,
            installed=True,
            languages=languages,
            version=f"{model.name} {model.digest[:12]}",
        )
        for one in spotter.keywords.values()
    ]
    program = WakeProgram(
        name="kwskit",
        description="Wake words that are typed",
        attribution=MAKER,
        installed=True,
        version=__version__,
        models=models,
    )
    return Info(wake=[program]).event()
