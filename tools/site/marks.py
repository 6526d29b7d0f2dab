"""MkDocs hook: what a page marks with a comment, which a forge does not show, is filled in on the site.

``<!-- python: kwskit.spotting.hit.Hit -->`` becomes the docstrings of the class, ``<!-- fields: schemas/spot.json -->``
the title of a JSON schema and the table of its fields.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_MARK = re.compile(r"^<!-- (python|fields): (\S+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill in the marks of a page."""
    folder = Path(page.file.abs_src_path or ".").parent
    return _MARK.sub(lambda mark: f"::: {mark[2]}" if mark[1] == "python" else _table(folder / mark[2]), markdown)


def _table(path: Path) -> str:
    schema = json.loads(path.read_text("utf-8"))
    rows = [f"### {schema['title']}", "", "| field | type | meaning |", "|---|---|---|"]
    for name, field in _fields(schema, schema, ""):
        meaning = field.get("description", "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_type(field)} | {meaning} |")
    return "\n".join([*rows, ""])


def _fields(schema: dict[str, Any], whole: dict[str, Any], place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field below ``schema`` by its full name: ``words[].text`` is the text of an item of the list words."""
    for name, field in schema.get("properties", {}).items():
        yield place + name, field
        below, inside = field.get("items", field), "[]." if "items" in field else "."
        if "$ref" in below:
            below = whole["$defs"][below["$ref"].rpartition("/")[2]]
        yield from _fields(below, whole, place + name + inside)


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{json.dumps(value)}`" for value in field["enum"])
    types = field["type"]
    inside = field.get("items", {}).get("type", "object")
    return f"array of {inside}" if types == "array" else " or ".join(types if isinstance(types, list) else [types])
