# ruff: noqa: RUF001
"""What each ARPAbet phoneme sounds like, for people who do not know the signs."""

from collections.abc import Sequence

# Phoneme: its sign in IPA, and a word with the letters that sound so in capitals.
EXAMPLES = {
    "AA": ("ɑ", "fAther"),
    "AE": ("æ", "cAt"),
    "AH": ("ʌ", "cUp, About"),
    "AO": ("ɔ", "lAw"),
    "AW": ("aʊ", "nOW"),
    "AY": ("aɪ", "tIme"),
    "B": ("b", "Bed"),
    "CH": ("tʃ", "CHair"),
    "D": ("d", "Day"),
    "DH": ("ð", "THis"),
    "EH": ("ɛ", "bEd"),
    "ER": ("ɝ", "bIRd, bettER"),
    "EY": ("eɪ", "dAY"),
    "F": ("f", "Four"),
    "G": ("ɡ", "Get"),
    "HH": ("h", "Hat"),
    "IH": ("ɪ", "sIt"),
    "IY": ("i", "sEE"),
    "JH": ("dʒ", "Job"),
    "K": ("k", "Key"),
    "L": ("l", "Leg"),
    "M": ("m", "Man"),
    "N": ("n", "Nose"),
    "NG": ("ŋ", "siNG"),
    "OW": ("oʊ", "gO"),
    "OY": ("ɔɪ", "bOY"),
    "P": ("p", "Pen"),
    "R": ("ɹ", "Red"),
    "S": ("s", "Sun"),
    "SH": ("ʃ", "SHe"),
    "T": ("t", "Tea"),
    "TH": ("θ", "THin"),
    "UH": ("ʊ", "gOOd"),
    "UW": ("u", "fOOd"),
    "V": ("v", "Voice"),
    "W": ("w", "We"),
    "Y": ("j", "Yes"),
    "Z": ("z", "Zoo"),
    "ZH": ("ʒ", "pleaSure"),
}


def signs_of(readings: Sequence[str]) -> dict[str, str]:
    """The signs in ``readings``, such as ``HH EY1``, without stress, each with the word in which it is said."""
    signs = {sign.rstrip("012") for said in readings for sign in said.split()}
    return {sign: EXAMPLES[sign][1] for sign in sorted(signs & EXAMPLES.keys())}
