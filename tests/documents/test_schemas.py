"""The schemas of docs/schemas are schemas, tell of every field, and fit what they are of."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from kwskit.cli import main
from kwskit.data.records import COLUMNS
from kwskit.speech_model.packaged_models import FOLDER as MODELS
from kwskit.speech_model.packaged_models import names
from tests.documents.json_lines import FOLDER, json_lines

ROOT = Path(__file__).parents[2]
SCHEMAS = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.iterdir()}


def objects(schema):
    """Every part of a schema that lists fields."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema
        for below in schema.values():
            yield from objects(below)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_tells_of_every_field_and_lets_no_other_pass(name):
    Draft202012Validator.check_schema(SCHEMAS[name])
    for one in objects(SCHEMAS[name]):
        assert not [field for field, facts in one["properties"].items() if not facts.get("description")]
        assert one["additionalProperties"] is False
        assert set(one["required"]) <= set(one["properties"])


def test_every_command_that_prints_json_has_a_schema():
    commands = (ROOT / "kwskit/commands").glob("*.py")
    printing = {path.stem for path in commands if re.search(r"json\.dumps|HitWriter\(", path.read_text("utf-8"))}
    page = (ROOT / "docs/COMMAND_LINE.md").read_text("utf-8")
    assert printing == set(re.findall(r"<!-- fields: schemas/(\w+)\.json -->", page)) == set(SCHEMAS) - {"card"}


def test_cards_of_packaged_models():
    validator = Draft202012Validator(SCHEMAS["card"])
    for name in names():
        card = json.loads((MODELS / name / "card.json").read_text("utf-8"))
        validator.validate(card)
        for field in SCHEMAS["card"]["required"]:
            with pytest.raises(ValidationError):
                validator.validate({other: value for other, value in card.items() if other != field})
    assert names()


def test_models_as_they_are_packaged(capsys):
    assert main(["models", "--json"]) == 0
    assert [one["name"] for one in json_lines("models", capsys.readouterr().out)] == list(names())


def test_columns_of_tables():
    """docs/FILES.md lists the columns of every kind of table."""
    page = (ROOT / "docs/FILES.md").read_text("utf-8").split("| KIND | columns |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+)", page, re.M)
    assert {kind: re.findall(r"\w+", columns) for kind, columns in rows} == {
        kind: list(columns) for kind, columns in COLUMNS.items()
    }
