"""What commands print, held against the schemas that docs/COMMAND_LINE.md shows."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

FOLDER = Path(__file__).parents[2] / "docs/schemas"


def json_lines(command, text):
    """The objects, one a line, that ``kwskit COMMAND`` printed; each is as the command's schema has it."""
    schema = json.loads((FOLDER / f"{command}.json").read_text("utf-8"))
    found = [json.loads(line) for line in text.splitlines()]
    for one in found:
        Draft202012Validator(schema).validate(one)
    return found
