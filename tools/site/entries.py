"""Extension of Griffe: entries ``name : meaning`` of docstrings, made such as numpydoc has: there a type follows."""

from typing import Any

from griffe import Extension, GriffeLoader, Object

from kwskit.reference import docstring_sections, entries

LISTED = ("Parameters", "Attributes")


class Entries(Extension):
    """Rewrites the entries of every docstring; their types are in the annotations."""

    def on_object(self, *, obj: Object, loader: GriffeLoader, **kwargs: Any) -> None:
        """Rewrite those of ``obj``."""
        if obj.docstring is None:
            return
        sections = docstring_sections(obj.docstring.value)
        text = [sections.pop("")]
        for name, body in sections.items():
            if name in LISTED:
                body = "\n".join(f"{entry}\n    {meaning}" for entry, meaning in entries(body).items())
            text.append(f"{name}\n{'-' * len(name)}\n{body}")
        obj.docstring.value = "\n\n".join(text)
