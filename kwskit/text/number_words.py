"""Numbers in English text, spelt as they are read out.

Years and plain numbers follow g2p_en's reading; decimals, leading zeros and very long numbers are read
digit by digit, and decades, fractions, signs and amounts in millions are read at all, which g2p_en does not do (ours).
"""

import re

CURRENCIES = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent"), "¥": ("yen", "sen")}
PLURALS = {"penny": "pence", "yen": "yen", "sen": "sen"}
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

SHORT_SCALES = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion", "tn": "trillion"}

_SCALE = r"\s?(?:hundred|thousand|million|billion|trillion)\b|(?:k|m|mn|bn|b|tn)\b"
_SIGN_BEHIND = re.compile(
    rf"([0-9]+(?:\.[0-9]+)?(?:{_SCALE})?)(?:(?P<close>[$£€¥])(?![0-9])|\s(?P<apart>[$£€¥])(?!\s?[0-9]))"
)
_AMOUNT = re.compile(rf"([$£€¥])\s?([0-9]+)(?:\.([0-9]+))?({_SCALE})?")
_MINUS = re.compile(r"(?<![^\s(,;:])-(?=[$£€¥]?[0-9])")
# 9/11, 24/7 and dates are no fractions: only these parts of one are written so.
_WRITTEN_FRACTION = re.compile(r"(?<![0-9/.,])(?:([0-9]+)\s+)?([0-9]+)/(10|16|32|64|100|[2-9])(?![0-9/]|\.[0-9])")
_FRACTION = re.compile(r"([0-9]{1,3})\u2044([0-9]{1,3})")
_NUMBER = re.compile(
    r"(?P<whole>[0-9]+)(?:\.(?P<decimals>[0-9]+)|(?P<ordinal>st|nd|rd|th)\b|(?P<plural>'?s)\b)?(?P<percent>\s?%)?"
)


def spell_numbers(text: str) -> str:
    """``text`` with its numbers, amounts of money and percentages in words.

    >>> spell_numbers("route 66, 3.14, 2nd, $2.50, 1984").split(", ")
    ['route  sixty-six ', ' three point one four ', ' second ', ' two dollars fifty cents ', ' nineteen eighty-four ']
    >>> " ".join(spell_numbers("the 1980s, 747s, -5, 1/2, $2.5 billion, 20€").split())
    'the nineteen eighties , seven forty-sevens , minus five , one half , two point five billion dollars , twenty euros'
    """
    if not re.search("[0-9]", text):
        return text
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))", "", text)
    text = _MINUS.sub(" minus ", text)
    text = _SIGN_BEHIND.sub(lambda found: f"{found['close'] or found['apart']}{found[1]}", text)
    text = _AMOUNT.sub(_amount, text)
    text = _WRITTEN_FRACTION.sub(_fraction_sign, text)
    text = _FRACTION.sub(_fraction, text)
    return _NUMBER.sub(_number, text)


def _amount(match: re.Match[str]) -> str:
    unit, small = CURRENCIES[match[1]]
    if match[4] or len(match[3] or "") > 2:
        scale = match[4].strip() if match[4] else ""
        point = f" point {_digits(match[3])}" if match[3] else ""
        words = f"{_cardinal(match[2])}{point} {SHORT_SCALES.get(scale, scale)}".strip()
        return f" {words} {_plural(unit)} "
    whole, cents = match[2], int((match[3] or "0").ljust(2, "0"))
    said = []
    if whole.strip("0") or not cents:
        said.append(_counted(whole, unit))
    if cents:
        said.append(_counted(str(cents), small))
    return f" {' '.join(said)} "


def _counted(number: str, unit: str) -> str:
    return f"{_cardinal(number)} {unit if number == '1' else _plural(unit)}"


def _plural(word: str) -> str:
    if word in PLURALS:
        return PLURALS[word]
    return f"{word[:-1]}ies" if word[-1] == "y" else f"{word}{'es' if word[-1] == 'x' else 's'}"


def _number(match: re.Match[str]) -> str:
    whole = match["whole"]
    if match["decimals"] is not None:
        said = f"{_cardinal(whole)} point {_digits(match['decimals'])}"
    elif match["ordinal"] and len(whole) <= LONGEST_NUMBER:
        said = _ordinal(whole)
    elif match["plural"]:
        said = _plural(_in_pairs(whole) if len(whole) == 3 else _year_or_cardinal(whole))
        said = said.removeprefix("one ") if re.fullmatch("10{2,}", whole) else said  # hundreds, not one hundreds
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


def _in_pairs(number: str) -> str:
    """Three digits as the names of engines and aeroplanes are read: 747 as seven forty-seven."""
    if number[0] == "0" or number[1:] == "00":
        return _cardinal(number)
    return f"{_cardinal(number[0])} {'oh ' if number[1] == '0' else ''}{_words(int(number[1:]))}"


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


def _fraction_sign(match: re.Match[str]) -> str:
    """``1/2`` with the slash of fractions, ``2 1/2`` as two and that; ``4/4`` as it is."""
    whole, above, below = match.groups()
    if not 0 < int(above) < int(below):
        return match[0]
    return f"{whole} and {above}\u2044{below}" if whole else f"{above}\u2044{below}"


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
