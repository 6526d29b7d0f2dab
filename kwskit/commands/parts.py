"""``kwskit parts``."""

import argparse

from kwskit import registry

HELP = "list the registered parts, or show one with its arguments, defaults and source"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("kind", nargs="?", help=f"kind of part, one of: {', '.join(registry.KINDS)}")
    parser.add_argument("name", nargs="?", help="name of one part of that kind, which is shown in full")
    text = "reference page of all parts in Markdown, as docs/PARTS.md"
    parser.add_argument("--markdown", action="store_true", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    if options.markdown:
        from kwskit.reference import reference_page

        print(reference_page(), end="")
        return
    if options.name:
        print(registry.describe(registry.get(options.kind, options.name)))
        return
    for part in registry.parts(options.kind):
        print(f"{f'!{part.kind}:{part.name}':<32} {part.summary}")
