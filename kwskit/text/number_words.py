"""Numbers in English text, spelt as they are read out.

Years and plain numbers follow g2p_en's reading; decimals, leading zeros and very long numbers are read
digit by digit, which g2p_en does not do (ours).
"""

import re

CURRENCIES = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
PLURALS = {"penny": "pence"}
LONGEST_NUMBER = 15  # digits; more are read one by one, as a telephone number is
SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
ORDINALS = {
    **{"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"},
    "twelve": "twelfth",
}
PARTS = {"second": "half", "fourth": "quarter"}

_AMOUNT = re.compile(r"([$£€])\s?([0-9]+)(?:\.([0-9]{1,2})(?![0-9]))?")
_FRACTION = re.compile(r"([0-9]{1,3})\u2044([0-9]{1,3})")
_NUMBER = re.compile(r"(?P<whole>[0-9]+)(?:\.(?P<decimals>[0-9]+)|(?P<ordinal>st|nd|rd|th)\b)?(?P<percent>\s?%)?")


def spell_numbers(text: str) -> str:
    """``text`` with its numbers, amounts of money and percentages in words.

    >>> spell_numbers("route 66, 3.14, 2nd, $2.50, 1984").split(", ")
    ['route  sixty-six ', ' three point one four ', ' second ', ' two dollars fifty cents ', ' nineteen eighty-four ']
    """
    if not re.search("[0-9]", text):
        return text
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", text)
    text = _AMOUNT.sub(_amount, text)
    text = _FRACTION.sub(_fraction, text)
    return _NUMBER.sub(_number, text)


def _amount(match: re.Match[str]) -> str:
    unit, small = CURRENCIES[match[1]]
    whole, cents = match[2], int((match[3] or "0").ljust(2, "0"))
    said = []
    if whole.strip("0") or not cents:
        said.append(_counted(whole, unit))
    if cents:
        said.append(_counted(str(cents), small))
    return f" {' '.join(said)} "


def _counted(number: str, unit: str) -> str:
    return f"{_cardinal(number)} {unit if number == '1' else PLURALS.get(unit, unit + 's')}"


def _number(match: re.Match[str]) -> str:
    whole = match["whole"]
    if match["decimals"] is not None:
        said = f"{_cardinal(whole)} point {_digits(match['decimals'])}"
    elif match["ordinal"] and len(whole) <= LONGEST_NUMBER:
        said = _ordinal(whole)
    elif match["percent"]:
        said = _cardinal(whole)
    else:
        said = _year_or_cardinal(whole)
    return f" {said}{' percent' if match['percent'] else ''} "


def _year_or_cardinal(number: str) -> str:
    value = int(number) if len(number) == 4 else 0
    if not 1000 < value < 3000 or value % 1000 == 0:
        return _cardinal(number)
    if value % 100 == 0:
        return f"{_cardinal(number[:2])} hundred"
    if 2000 < value < 2010:
        return f"two thousand {_cardinal(number[3:])}"
    return f"{_words(value // 100)} {'oh ' if value % 100 < 10 else ''}{_words(value % 100)}"


def _cardinal(number: str) -> str:
    if len(number) > LONGEST_NUMBER or (number[0] == "0" and len(number) > 1):
        return _digits(number)
    return _words(int(number))


def _digits(number: str) -> str:
    return " ".join(SMALL[int(digit)] for digit in number)


def _ordinal(number: str) -> str:
    before, last = re.fullmatch("(.*?)([a-z]+)", _words(int(number))).groups()  # type: ignore[union-attr]
    return before + ORDINALS.get(
        last, f"{last.removesuffix('y')}ieth" if last[-1] == "y" else f"{last.removesuffix('t')}th"
    )


def _fraction(match: re.Match[str]) -> str:
    """``1\u20442`` as one half, ``3\u20448`` as three eighths."""
    part = _ordinal(match[2])
    part = PARTS.get(part, part)
    if match[1] != "1":
        part = "halves" if part == "half" else f"{part}s"
    return f" {_words(int(match[1]))} {part} "


def _words(number: int) -> str:
    """A whole number below 10**15."""
    if number < len(SMALL):
        return SMALL[number]
    for scale, name in SCALES:
        if number >= scale:
            return f"{_words(number // scale)} {name}{f' {_words(number % scale)}' if number % scale else ''}"
    return TENS[number // 10] + (f"-{SMALL[number % 10]}" if number % 10 else "")
