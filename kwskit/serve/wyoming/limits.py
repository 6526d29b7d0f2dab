"""What one satellite may ask of the wake-word service."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SatelliteLimits:
    """Bounds on connections and events; a satellite may be silent between two events for as long as it likes.

    Attributes
    ----------
    connections : open at once
    event_bytes : of the JSON of an event, and of its sound; a line has 64 KiB at most
    event_seconds : from the first byte of an event to its last
    send_seconds : in which a satellite must take what it is told
    names, name_characters : of wake words to detect, and of each
    """

    connections: int = 64
    event_bytes: int = 1 << 20
    event_seconds: float = 30
    send_seconds: float = 30
    names: int = 1000
    name_characters: int = 200
