import inspect
from pathlib import Path

import pytest

from kwskit import registry
from kwskit.reference import docstring_sections, entries, reference_page

PAGE = Path(__file__).parents[1] / "docs/PARTS.md"


@pytest.mark.parametrize("part", registry.parts(), ids=lambda part: f"{part.kind}-{part.name}")
def test_every_argument_is_explained(part):
    meanings = entries(docstring_sections(inspect.getdoc(part.cls) or "").get("Parameters", ""))
    assert not [name for name in part.parameters() if not meanings.get(name)]


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == reference_page(), "run: kwskit parts --markdown > docs/PARTS.md"


def test_entries_of_several_names_and_several_entries_of_a_line():
    text = "a, b : two\n    lines; not an entry\nscale : s; balance : lam"
    assert entries(text) == {
        "a": "two lines; not an entry",
        "b": "two lines; not an entry",
        "scale": "s",
        "balance": "lam",
    }
