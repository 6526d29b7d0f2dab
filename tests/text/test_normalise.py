# ruff: noqa: RUF001
import pytest

from kwskit.text.normalise import normalise


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café Naïve", "cafe naive"),
        ("STRAẞE, Łódź; Ærø", "strasse lodz aero"),
        ("ＡＢＣ ﬁve ２３", "abc five twenty-three"),
        ("“rock’n’roll”", "rock'n'roll"),
        ("AC/DC q&a", "ac dc q and a"),
        ("route 66", "route sixty-six"),
        ("1984", "nineteen eighty-four"),
        ("1905", "nineteen oh five"),
        ("1900", "nineteen hundred"),
        ("2000", "two thousand"),
        ("2005", "two thousand five"),
        ("2024", "twenty twenty-four"),
        ("3.14", "three point one four"),
        ("007", "zero zero seven"),
        ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("12345678901234567", "one two three four five six seven eight nine zero one two three four five six seven"),
        ("1st 22nd", "first twenty-second"),
        ("50 %", "fifty percent"),
        ("$2.50", "two dollars fifty cents"),
        ("£1", "one pound"),
        ("€0.01", "one cent"),
        ("$0", "zero dollars"),
        ("4x4", "four x four"),
        ("٣", "three"),
        ("½ 2½ ⅜ 1⁄4 2⁄2", "one half two and one half three eighths one quarter two halves"),
        ("Ⅳ World War Ⅱ", "four world war two"),
        ("x² m³ H₂O", "x squared m cubed h two o"),
        ("𝐇𝐞𝐥𝐥𝐨 ℡ Ⓗ Foo™", "hello tel h foo"),
        ("hel\u00adlo \ufeffna\u200dme \u202eabc a\u200bb", "hello name abc a b"),
        ("1,000,000,000,000 15 40", "one trillion fifteen forty"),
        ("0th 12th 20th 1100th", "zeroth twelfth twentieth one thousand one hundredth"),
    ],
)
def test_tokens(text, expected):
    assert normalise(text) == expected.split()
