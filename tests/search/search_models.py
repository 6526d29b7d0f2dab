"""What searches tests run."""

from kwskit.search.search import StreamSearch
from kwskit.search.system_queries import window_encoder
from kwskit.spotting.windows.window_listener import WindowListener

RATE = 16_000


def listening(system, settings):
    return WindowListener(window_encoder(system), settings.windows, settings.overlap)


def searching(system, queries, settings):
    return StreamSearch(listening(system, settings), queries, settings.refractory)
