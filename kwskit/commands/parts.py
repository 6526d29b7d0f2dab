"""``kwskit parts``."""

import argparse

from kwskit import registry

HELP = "list the registered parts, with arguments, defaults and source"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("kind", nargs="?", help=f"one of: {', '.join(registry.KINDS)}")
    parser.add_argument("name", nargs="?", help="one part of that kind")
    parser.add_argument("--markdown", action="store_true", help="the whole reference page, as docs/PARTS.md")


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
