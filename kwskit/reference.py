"""The reference page: every registered part with its arguments, made from the docstrings."""

import inspect
import re

from kwskit import registry

TITLES = {
    "tokenizer": "Tokenizers",
    "frontend": "Front ends",
    "augment": "Augmentation",
    "encoder": "Acoustic encoders",
    "text_encoder": "Text encoders",
    "pooler": "Poolers",
    "aligner": "Aligners",
    "matcher": "Matchers",
    "loss": "Losses",
    "system": "Systems",
    "voice": "Voices",
    "word_aligner": "Word aligners",
}
_SECTION = re.compile(r"^(\w+)\n-{3,}\n", re.MULTILINE)
_ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
_ENTRY = re.compile(r"^(\w[\w, ]*?) : ", re.MULTILINE)


def reference_page() -> str:
    """Markdown with a chapter for each kind of part and a table of arguments for each part."""
    lines = [
        "# Parts",
        "",
        "What YAML can choose, by tag. Made by `kwskit parts --markdown`; `kwskit parts KIND NAME` shows one part.",
        "",
    ]
    for kind, title in TITLES.items():
        names = [f"[`{part.name}`](#{_anchor(part)})" for part in _built_in(kind)]
        lines += [f"- [{title}](#{title.lower().replace(' ', '-')}): {', '.join(names)}"]
    for kind, title in TITLES.items():
        lines += ["", f"## {title}"]
        for part in _built_in(kind):
            lines += ["", *_chapter(part)]
    return "\n".join(lines) + "\n"


def _built_in(kind: str) -> list[registry.Part]:
    return [part for part in registry.parts(kind) if part.cls.__module__.startswith("kwskit.")]


def _chapter(part: registry.Part) -> list[str]:
    sections = docstring_sections(inspect.getdoc(part.cls) or "")
    lines = [f'<a id="{_anchor(part)}"></a>', f"### `!{part.kind}:{part.name}`", "", sections.pop("")]
    arguments = part.parameters()
    if arguments:
        meanings = entries(sections.pop("Parameters", ""))
        lines += ["", "| argument | default | meaning |", "| --- | --- | --- |"]
        for name, parameter in arguments.items():
            default = "required" if parameter.default is parameter.empty else f"`{parameter.default!r}`"
            lines.append(f"| `{name}` | {_cell(default)} | {_cell(meanings.get(name, ''))} |")
    for section, text in sections.items():
        lines += ["", f"**{section}**", ""]
        lines += [f"- `{name}`: {meaning}" for name, meaning in entries(text).items()] or [text]
    path = f"../{part.cls.__module__.replace('.', '/')}.py"
    return [*lines, "", f"[{part.cls.__module__}]({path})"]


def docstring_sections(text: str) -> dict[str, str]:
    """A numpy-style docstring by section, its reST marks made Markdown; what is before the first has the name ''."""
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    head, *rest = _SECTION.split(text)
    return {"": head.strip()} | {name: body.strip("\n") for name, body in zip(rest[::2], rest[1::2], strict=True)}


def entries(section: str) -> dict[str, str]:
    """The meaning of each name of a section; a line ``a, b : meaning`` gives it to both, as does ``a : x; b : y``."""
    # Entries start a line, or follow a semicolon on one.
    text = re.sub(r"\n {2,}", " ", section)
    text = re.sub(r"; (?=\w[\w, ]* : )", "\n", text)
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _ENTRY.match(line)
        if match:
            for name in match[1].split(","):
                found[name.strip()] = line[match.end() :].strip()
    return found


def _anchor(part: registry.Part) -> str:
    return f"{part.kind}-{part.name}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
