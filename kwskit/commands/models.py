"""``kwskit models``."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kwskit.commands.usage import UsageError

if TYPE_CHECKING:
    from kwskit.speech_model.model_card import ModelCard

HELP = "list the packaged models, or show the card of one and verify its files"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = "model whose card is shown and whose files are verified: packaged name, directory, or owner/name of the Hub"
    parser.add_argument("name", nargs="?", metavar="MODEL", help=text)
    parser.add_argument("--json", action="store_true", help="JSON in the place of a table, a line a model")
    text = "directory of a model that is to be released, into which card.json is written, with the SHA-256 of its files"
    parser.add_argument("--write-card", type=Path, metavar="DIR", help=text)
    text = "JSON file of the fields of that card (default: those of the card that is there)"
    parser.add_argument("--facts", type=Path, metavar="FILE", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    if options.write_card is not None:
        from kwskit.speech_model.write_card import read_facts, write_card

        card = write_card(options.write_card, read_facts(options.facts) if options.facts else None)
        print(f"{options.write_card / 'card.json'}: {card.name} {card.version}, {len(card.files)} files")
    elif options.facts is not None:
        raise UsageError("--facts goes with --write-card DIR")
    elif options.name is None:
        _list(options.json)
    else:
        _show(options.name, options.json)


def _list(as_json: bool) -> None:
    from kwskit.errors import ModelError
    from kwskit.speech_model import packaged_models
    from kwskit.speech_model.model_card import ModelCard

    cards, refused = [], 0
    for name in packaged_models.names():
        directory = packaged_models.FOLDER / name
        try:
            cards.append(_facts(ModelCard.read(directory), directory))
        except ModelError as error:
            print(f"kwskit models: {error}", file=sys.stderr)
            refused += 1
    if as_json:
        for facts in cards:
            print(json.dumps(facts, ensure_ascii=False))
    elif cards:
        print("\n".join(_table(cards)))
    elif not refused:
        print(f"no models are packaged with this kwskit ({packaged_models.FOLDER})", file=sys.stderr)
    if refused:
        raise ModelError(f"{refused} of {refused + len(cards)} packaged models have no usable card")


def _show(model: str, as_json: bool) -> None:
    from kwskit.errors import ModelError
    from kwskit.publish.hub_readme import without_front_matter
    from kwskit.speech_model.model_card import ModelCard
    from kwskit.speech_model.model_source import ModelSource
    from kwskit.speech_model.released_files import differences

    directory = ModelSource.find(model).directory
    readme = directory / "README.md"
    if not as_json and readme.is_file():
        text = without_front_matter(readme.read_text("utf-8", errors="replace"))
        print(_printable(text).rstrip("\n"))
        sys.stdout.flush()
    card = ModelCard.read(directory)
    found = differences(directory, card)
    if as_json:
        print(json.dumps(_facts(card, directory) | {"differences": found}, ensure_ascii=False))
    if found:
        raise ModelError(f"{directory} is not as it was released: {'; '.join(found)}")
    if not as_json:
        print(f"\n{directory}: all {len(card.files)} files are as released")


def _facts(card: "ModelCard", directory: Path) -> dict[str, Any]:
    from kwskit.speech_model.released_files import size

    facts = card.as_json()
    del facts["files"]
    return facts | {"bytes": size(directory), "path": str(directory)}


def _table(cards: list[dict[str, Any]]) -> list[str]:
    """Lines of columns, those of numbers to the right."""
    rows = [("name", "version", "language", "audio", "text", "MB", "licence", "figure", "path")]
    for facts in cards:
        parameters = (f"{facts['parameters'][side] / 1e6:.2f} M" for side in ("audio", "text"))
        size = f"{facts['bytes'] / 1e6:.1f}"
        figure = _figure(facts["figures"][0]) if facts["figures"] else ""
        rows.append(
            (
                facts["name"],
                facts["version"],
                facts["language"],
                *parameters,
                size,
                facts["licence"],
                figure,
                facts["path"],
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = ("<", "<", "<", ">", ">", ">", "<", "<", "<")
    return ["  ".join(map("{:{}{}}".format, row, sides, widths)).rstrip() for row in rows]


def _figure(values: dict[str, Any]) -> str:
    from kwskit.speech_model.model_card import Figure

    return Figure(**values).text()


def _printable(text: str) -> str:
    """What a terminal shows without being moved by it: the card may be a stranger's."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )
