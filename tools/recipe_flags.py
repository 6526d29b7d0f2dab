#!/usr/bin/env python3
"""The usage of a recipe's own flags, which its prepare.py declares: recipe_flags.py PREPARE. Used by tools/recipe.sh.

``add_argument`` is read in prepare.py and in what that imports from ``kwskit.corpora``; nothing is run, so any
Python >= 3.10 does, without an environment. Name, ``metavar`` and ``help`` have to be written out for that, and
``default`` where the help says ``%(default)s``. Left out are what the runner hands over by itself, and flags with an
``action``. Exit status 3: something cannot be read, and the output says what.
"""

import ast
import sys
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "kwskit" if (ROOT / "kwskit").is_dir() else ROOT.parent  # installed, ROOT is kwskit/share
HANDED_OVER = ("--data", "--size", "--jobs", "--executor", "--seed", "--strict")  # by tools/recipe.sh
INDENT, WIDTH = 20, 118  # of its usage


class Unreadable(Exception):
    """A flag that is not written out."""


def usage(prepare: Path) -> str:
    """A paragraph ``  --name METAVAR  help`` for each flag of a prepare.py, in the order of declaration.

    Raises
    ------
    Unreadable
        When a flag is not written out, or a file is no Python.
    """
    tree = parsed(prepare)
    paragraphs = []
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("kwskit.corpora."):
            path = PACKAGE.joinpath(*str(statement.module).split(".")[1:]).with_suffix(".py")
            names = {alias.name for alias in statement.names}
            for definition in parsed(path).body if path.exists() else []:
                if isinstance(definition, (ast.FunctionDef, ast.ClassDef)) and definition.name in names:
                    paragraphs += declared(definition, path)
    return "\n".join([*paragraphs, *declared(tree, prepare)])


def declared(scope: ast.AST, path: Path) -> list[str]:
    """The paragraphs of all flags that are added within ``scope``, a node of the file ``path``."""
    calls = [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"
    ]
    paragraphs = []
    for call in sorted(calls, key=lambda call: call.lineno):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        name = literal(call.args[0] if call.args else call, path)
        if "action" in given or name in HANDED_OVER:
            continue
        if not {"metavar", "help"} <= given.keys():
            raise Unreadable(f"{path}:{call.lineno}: {name} needs a metavar and a help")
        message = literal(given["help"], path)
        default = literal(given.get("default", ast.Constant(None)), path) if "%(default)" in message else None
        try:
            message %= {"default": default}
        except (KeyError, TypeError, ValueError):
            raise Unreadable(f"{path}:{call.lineno}: the help of {name}: argparse takes % as %%") from None
        head = f"  {name} {literal(given['metavar'], path)} ".ljust(INDENT - 1) + " "
        lines = textwrap.wrap(
            head + message, WIDTH, subsequent_indent=INDENT * " ", break_long_words=False, break_on_hyphens=False
        )
        paragraphs.append("\n".join(lines))
    return paragraphs


def literal(node: ast.expr, path: Path) -> Any:
    """The value that is written out at ``node``."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise Unreadable(
            f"{path}:{node.lineno}: write out the name, metavar and help of a flag, and a default that its help shows: "
            "run.sh --help reads them without running the file"
        ) from None


def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise Unreadable(f"{path}:{error.lineno}: {error.msg}") from None


if __name__ == "__main__":
    if sys.hexversion < 0x030A0000:
        sys.exit(1)
    try:
        print(usage(Path(sys.argv[1])))
    except (Unreadable, OSError) as error:
        print(error)
        sys.exit(3)
