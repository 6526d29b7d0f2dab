"""What one visitor may ask of the page's server."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on requests; the page's own script is told those that it should know of.

    Attributes
    ----------
    upload_bytes : of a recording, as it is sent
    upload_seconds : in which it must have arrived
    audio_seconds : of a recording, decoded
    most_values : samples times channels of a recording, decoded at its own rate
    work_seconds : that a recording may be worked on, not counting those in between
    waiting : recordings and searches besides the first; they are worked on in turns
    microphones : that are listened to at once
    microphone_seconds : of one of them
    message_bytes : of a message from a microphone
    idle_seconds : without a message, after which a microphone is given up
    still_seconds : in which a visitor must go on with a request, and take an answer
    keywords, characters : number of keywords, and length of each
    results : of a search
    """

    upload_bytes: int = 50_000_000
    upload_seconds: float = 120
    audio_seconds: float = 600
    most_values: int = 250_000_000
    work_seconds: float = 300
    waiting: int = 4
    microphones: int = 2
    microphone_seconds: float = 1800
    message_bytes: int = 65_536
    idle_seconds: float = 20
    still_seconds: float = 20
    keywords: int = 12
    characters: int = 100
    results: int = 50
