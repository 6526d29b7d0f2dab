"""Where recipes and the shell tools that run them are, and copies of recipes to work in."""

import re
import shutil
from pathlib import Path

from kwskit.errors import RecipeError

PACKAGE = Path(__file__).parent
MADE = ("data", "exp", "__pycache__")  # what runs leave in a recipe
# A recipe begins with the line that finds its runner, two folders up.
RUNNER, INSTALLED = '$(dirname "${BASH_SOURCE[0]}")/../..', "$(kwskit recipe root)"
SHARED = ("hparams", "tables")  # YAML that recipes share, in folders beside them


def root() -> Path:
    """The folder that holds ``recipes/`` and ``tools/``: the checkout, or what an installed package carries (ours).

    Raises
    ------
    RecipeError
        Where there are none: a package that was put together in another way than by pip.
    """
    for folder in (PACKAGE / "share", PACKAGE.parent):
        if (folder / "tools" / "recipe.sh").is_file():
            return folder
    raise RecipeError(f"{PACKAGE} has come without recipes: install kwskit with pip, or clone the repository")


def summaries() -> dict[str, str]:
    """Name of every recipe -> the first sentence of its README (ours)."""
    found = {}
    for run in sorted((root() / "recipes").glob("*/run.sh")):
        _, text = (run.parent / "README.md").read_text("utf-8").split("\n\n", 1)
        sentence = re.split(r"(?<!et al)[.:;](?:\s|$)", text)[0]
        found[run.parent.name] = " ".join(sentence.split())
    return found


def copy_recipe(name: str, to: Path) -> None:
    """Make a copy of a recipe that runs where it is, by the kwskit that is on PATH (ours).

    It has the YAML that recipes share in its own ``hparams`` and ``tables``, so that all of it can be edited; paths of
    documents and comments are the copy's.

    Parameters
    ----------
    name : name of the recipe
    to : folder of the copy, which is new or empty

    Raises
    ------
    RecipeError
        When there is no such recipe, or ``to`` holds something already.
    """
    recipes = root() / "recipes"
    if name not in summaries():
        raise RecipeError(f"there is no recipe '{name}'; there are: {', '.join(summaries())}")
    shared = {f"recipes/{folder}/": f"{folder}/" for folder in SHARED}
    copy_folder(recipes / name, to, {f"recipes/{name}/": "", **shared})
    for folder in SHARED:
        shutil.copytree(recipes / folder, to / folder, dirs_exist_ok=True)


def copy_folder(source: Path, to: Path, replace: dict[str, str]) -> None:
    """Copy the folder of a recipe, with some texts replaced in its files, and the way to its runner in ``*.sh`` (ours).

    Raises
    ------
    RecipeError
        When ``to`` holds something already.
    """
    if to.exists() and not (to.is_dir() and not any(to.iterdir())):
        raise RecipeError(f"{to} is there already: a recipe is copied into a folder that is new or empty")
    shutil.copytree(source, to, ignore=shutil.ignore_patterns(*MADE), dirs_exist_ok=True)
    for path in filter(Path.is_file, to.rglob("*")):
        if path.suffix == ".safetensors":
            continue
        up = "../" * (len(path.relative_to(to).parts) - 1)
        text = path.read_text("utf-8").replace(f"{up}../hparams", f"{up}hparams")
        if path.suffix == ".sh":
            text = text.replace(RUNNER, INSTALLED)
        for old, new in replace.items():
            text = text.replace(old, new)
        if path.suffix == ".md":  # a link that leaves the folder leads nowhere
            text = re.sub(r"\[([^\]]+)\]\(\.\./[^)]*\)", r"\1", text)
        path.write_text(text, "utf-8")
