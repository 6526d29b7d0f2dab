"""What ``pip`` builds of kwskit besides the package: setup.cfg names :class:`BuildPy`.

A wheel carries the recipes, the shell tools that run them and what ``kwskit new`` begins with, in ``kwskit/share``,
laid out as in the repository; :mod:`kwskit.recipe_folder` finds them. A source distribution has all that the repository
has, so that what is built of it is the same, and its tests run.
"""

from pathlib import Path
from typing import Any

from setuptools.command.build_py import build_py

SHARE = Path("kwskit/share")
CARRIED = (
    "recipes",
    "egs/plugin_recipe",
    "tools/templates",
    *(f"tools/{name}.sh" for name in ("recipe", "table", "flags", "env", "venv_stamp")),
    *(f"tools/{name}.py" for name in ("recipe_flags", "check_environment")),
)
SOURCES = ("recipes", "egs", "tools", "tests", "docs", "CONTRIBUTING.md", "CITATION.cff", ".ci")
MADE = ("data", "exp", "__pycache__")  # folders that runs leave in recipes


def files_of(names: tuple[str, ...]) -> list[str]:
    """The files of folders and files of the repository, without what runs have left there, in order (ours)."""
    root = Path()
    found: set[Path] = set()
    for name in names:
        place = root / name
        found |= {place} if place.is_file() else {path for path in place.rglob("*") if path.is_file()}
    return sorted(str(path) for path in found if not _is_made(path))


def _is_made(path: Path) -> bool:
    # recipes/NAME/data, egs/plugin_recipe/exp: of the tests' folders named data only bytecode goes.
    runs = path.parts[0] in ("recipes", "egs") and set(path.parts[2:-1]) & set(MADE)
    return bool(runs) or path.suffix == ".pyc"


class BuildPy(build_py):
    """Setuptools' ``build_py``, which copies ``CARRIED`` into the package that it builds."""

    editable_mode: bool

    def run(self) -> None:
        super().run()
        if not self.editable_mode:  # a checkout has them
            for source, target in self._carried().items():
                self.mkpath(str(Path(target).parent))
                self.copy_file(source, target)

    def get_source_files(self) -> list[str]:
        """For the source distribution."""
        return [*super().get_source_files(), *files_of(SOURCES)]

    def get_outputs(self, include_bytecode: bool = True) -> list[Any]:
        return [*super().get_outputs(include_bytecode), *([] if self.editable_mode else self._carried().values())]

    def _carried(self) -> dict[str, str]:
        return {name: str(Path(self.build_lib) / SHARE / name) for name in files_of(CARRIED)}
