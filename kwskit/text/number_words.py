"""Numbers in English text, spelt as they are read out.

Years and plain numbers follow g2p_en's reading; decimals, leading zeros and very long numbers are read
digit by digit, which g2p_en does not do (ours).
"""

import functools
import re

CURRENCIES = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
PLURALS = {"penny": "pence"}
LONGEST_NUMBER = 15  # digits; more are read one by one, as a telephone number is

_AMOUNT = re.compile(r"([$£€])\s?([0-9]+)(?:\.([0-9]{1,2})(?![0-9]))?")
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
    return _NUMBER.sub(_number, text)


@functools.cache
def _inflect():
    import inflect  # slow to import, and most keywords hold no digit

    return inflect.engine()


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
        said = str(_inflect().number_to_words(_inflect().ordinal(int(whole)), andword="")).replace(",", "")
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
    return str(_inflect().number_to_words(value, andword="", zero="oh", group=2)).replace(",", "")


def _cardinal(number: str) -> str:
    if len(number) > LONGEST_NUMBER or (number[0] == "0" and len(number) > 1):
        return _digits(number)
    return str(_inflect().number_to_words(int(number), andword="")).replace(",", "")


def _digits(number: str) -> str:
    return " ".join(str(_inflect().number_to_words(int(digit))) for digit in number)
