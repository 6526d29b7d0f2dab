"""``kwskit new``."""

import argparse
import re
from pathlib import Path

HELP = "begin a part or a recipe of one's own: a file that works, and a test that passes"
PARTS = ("loss", "encoder", "aligner", "pooler")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("kind", choices=(*PARTS, "recipe"), help="kind of what is begun")
    parser.add_argument("name", metavar="NAME", help="name in YAML and of the file, such as my_margin")
    text = "folder that it is written to (default ., where you are)"
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.commands.usage import UsageError

    kind, name, folder = options.kind, options.name, options.to
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"'{name}': a name has lower-case letters, digits and _, and begins with a letter")
    if kind == "recipe":
        _begin_recipe(name, folder / name)
    else:
        _begin_part(kind, name, folder)


def _begin_part(kind: str, name: str, folder: Path) -> None:
    from kwskit import recipe_folder, registry
    from kwskit.errors import RecipeError

    if name in [part.name for part in registry.parts(kind)]:
        raise RecipeError(f"there is a {kind} '{name}' already: kwskit parts {kind} {name}")
    texts = {folder / f"{name}.py": f"{kind}.py", folder / f"test_{name}.py": f"test_{kind}.py"}
    for path in texts:
        if path.exists():
            raise RecipeError(f"{path} is there already, and is left as it is")
    folder.mkdir(parents=True, exist_ok=True)
    for path, template in texts.items():
        path.write_text(_named(recipe_folder.root(), template, name), "utf-8")
    part, test = texts
    home = registry.KINDS[kind].replace(".", "/")
    print(f"{part}: !{kind}:{name} with --plugin {part}; as a part of kwskit it goes to {home}")
    print(f"{test}: python -m pytest {test}")


def _begin_recipe(name: str, folder: Path) -> None:
    from kwskit import recipe_folder

    ours = {"two folders up, or what": "that of the kwskit on PATH, or what"}
    root = recipe_folder.root()
    recipe_folder.copy_folder(root / "egs" / "plugin_recipe", folder, ours)
    readme = folder / "README.md"
    text = re.sub(r"## Copy it\n.*?(?=^## )", "", readme.read_text("utf-8"), flags=re.S | re.M)
    readme.write_text(text, "utf-8")
    test = folder / f"test_{name}.py"
    test.write_text(_named(root, "test_recipe.py", name), "utf-8")
    print(f"{folder}: cd {folder}, and bash run.sh; README.md says what to make yours")
    print(f"{test}: python -m pytest {test}")


def _named(root: Path, template: str, name: str) -> str:
    """A file of tools/templates with the name in the place of ``my_part``."""
    camel = "".join(word.capitalize() for word in name.split("_"))
    return (
        (root / "tools" / "templates" / template).read_text("utf-8").replace("my_part", name).replace("MyPart", camel)
    )
