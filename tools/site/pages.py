"""MkDocs hook: the pages of the navigation, taken where they lie in the repository, and what they link to.

Pages keep their paths, so that links between them hold on the site as they do on a forge. Source files and folders that
a page links to become pages, too: the site needs no forge, and shows the version that it was built of.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {".py": "python", ".sh": "bash", ".sbatch": "bash", ".yaml": "yaml", ".yml": "yaml", ".json": "json"}
# A source page is left out of the search, which would find words of the code before those of the text about it.
SHOWN = "---\nsearch:\n  exclude: true\n---\n# {path}\n\n{content}\n"
FENCE = "~" * 8  # docstrings have backticks
GITHUB = "https://github.com/"
COLAB = "https://colab.research.google.com/github/{repository}/blob/main/{path}"
_FENCED = re.compile(rf"(^ *```.*?^ *``` *$|^{FENCE}.*?^{FENCE}$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)\s#]+)(?=[)#])")
# A forge begins a list or a table right below a line of text, Python-Markdown after an empty line only.
_BELOW_TEXT = re.compile(r"^(?![-|]|\s)(.+\n)(?=- |\|)", re.MULTILINE)
_shown_by: dict[str, str] = {}  # path in the repository: path of the site's file that shows it
_path_of: dict[str, str] = {}  # the other way round


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Make anchors as forges make them."""
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Gather the pages of the navigation, and all that can be reached from them."""
    _shown_by.clear()
    _path_of.clear()
    waiting = [(path, "tools/site/mkdocs.yml") for path in _listed(config.nav)]
    while waiting:
        path, linked_by = waiting.pop()
        if path in _shown_by:
            continue
        if path.startswith("..") or not (ROOT / path).exists():
            raise PluginError(f"{linked_by}: it links to {path}, and the repository has no such file")
        file = _file(path, config)
        _shown_by[path] = file.src_uri
        if file.src_uri in _path_of:  # a folder and its README
            continue
        _path_of[file.src_uri] = path
        files.append(file)
        if file.is_documentation_page():
            prose = "".join(_FENCED.split(file.content_string)[::2])
            waiting += [(_joined(_folder(file), link), path) for link in _LINK.findall(prose)]
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to sources and folders to the pages that show them."""
    here = _folder(page.file)
    pieces = _FENCED.split(markdown)
    for place in range(0, len(pieces), 2):
        linked = _LINK.sub(lambda link: _moved(link[1], here), pieces[place])
        spaced = _BELOW_TEXT.sub(r"\1\n", linked)
        pieces[place] = spaced.replace("<details>", '<details markdown="1">')  # what is folded away is Markdown, too
    return "".join(pieces)


def _listed(nav: Any) -> Iterator[str]:
    for entry in nav:
        for below in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [below] if isinstance(below, str) else _listed(below)


def _moved(link: str, here: str) -> str:
    return posixpath.relpath(_shown_by[_joined(here, link)], here or ".")


def _folder(file: File) -> str:
    return posixpath.dirname(file.src_uri)


def _joined(folder: str, link: str) -> str:
    return posixpath.normpath(posixpath.join(folder, link))


def _file(path: str, config: MkDocsConfig) -> File:
    """What shows ``path`` on the site: itself, if it is Markdown or no text, else a page made for it."""
    place = ROOT / path
    if place.is_dir() and not (place / "README.md").is_file():
        names = sorted(one.name for one in place.iterdir() if one.name[0] not in "._")
        content = SHOWN.format(path=path, content="\n".join(f"- [{name}]({name})" for name in names))
        return File.generated(config, f"{path}/README.md", content=content)
    if place.is_dir():
        path, place = posixpath.join(path, "README.md"), place / "README.md"
    try:
        text = place.read_text("utf-8").rstrip("\n")
    except UnicodeDecodeError:
        return File.generated(config, path, abs_src_path=str(place))
    if place.suffix == ".md":
        return File.generated(config, path, abs_src_path=str(place))
    if place.suffix == ".ipynb":
        return File.generated(config, f"{path}.md", content=_notebook(text, path, config.repo_url or ""))
    content = SHOWN.format(path=path, content=_fenced(text, LANGUAGES.get(place.suffix, "text")))
    return File.generated(config, f"{path}.md", content=content)


def _notebook(text: str, path: str, repo_url: str) -> str:
    """The cells of a notebook, below its title a link that opens it in Colab, which knows what is on GitHub."""
    shown = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        shown.append(source if cell["cell_type"] == "markdown" else _fenced(source, "python"))
    if repo_url.startswith(GITHUB):
        title, _, rest = shown[0].partition("\n")
        repository = repo_url.removeprefix(GITHUB).strip("/").removesuffix(".git")
        link = COLAB.format(repository=repository, path=path)
        shown[0] = f'{title}\n\n<a class="md-button" href="{link}">Open in Colab</a>\n{rest}'
    return "\n\n".join(shown)


def _fenced(text: str, language: str) -> str:
    return f"{FENCE} {language}\n{text}\n{FENCE}"
