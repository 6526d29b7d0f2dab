import pytest

from kwskit.losses.clat import Clat


@pytest.mark.parametrize("level", ["utt", "phn"])
@pytest.mark.parametrize(
    ("denominator", "audio", "text"),
    [
        ("diag", 1.983847508714116, 1.9838475087141154),
        ("masked", 0.08545723151654923, 0.7151526425656547),
        ("multi_out", 1.0505141753807827, 1.050514175380782),
        ("multi_in", 0.04983061911206654, 0.0658858073637217),
    ],
)
def test_stated_values(embed, fixture_a, level, denominator, audio, text):
    for direction, value in {"audio": audio, "text": text, "symmetric": (audio + text) / 2}.items():
        loss = Clat(denominator, 0.1, direction, level)
        assert loss(embed(*fixture_a, lengths=[2, 1])).item() == pytest.approx(value, abs=1e-9)


def test_no_negatives_give_exactly_zero(embed, random_rows):
    assert Clat()(embed(*random_rows(5, labels=[3] * 5))).item() == 0


@pytest.mark.parametrize(
    "arguments", [{"denominator": "views"}, {"direction": "both"}, {"temperature": 0.0}, {"level": "word"}]
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=rf"{next(iter(arguments))} must be"):
        Clat(**arguments)
