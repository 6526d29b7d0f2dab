"""``kwskit publish``."""

import argparse
import sys

HELP = "put a released model on the Hugging Face Hub, from where owner/name opens it"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = "directory of a released model, which kwskit models --write-card has given its card, or a packaged name"
    parser.add_argument("model", metavar="DIR", help=text)
    text = "repository, owner/name, or a branch of it, owner/name@branch; made where there is none"
    parser.add_argument("repository", metavar="OWNER/NAME", help=text)
    text = "repository that only its owner can see, where it is made; one that others see is refused"
    parser.add_argument("--private", action="store_true", help=text)
    parser.add_argument("--dry-run", action="store_true", help="list of what would be published; nothing is sent")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.commands.usage import UsageError
    from kwskit.publish.publication import Publication
    from kwskit.publish.upload import upload
    from kwskit.speech_model.model_source import HUB

    place = HUB.fullmatch(options.repository)
    if place is None:
        raise UsageError(f"'{options.repository}' is no repository of the Hub: owner/name, or owner/name@branch")
    publication = Publication.of(options.model)
    for caution in publication.cautions():
        print(f"kwskit publish: {options.model}: {caution}", file=sys.stderr)
    if options.dry_run:
        print("\n".join(publication.lines()))
        return
    print("\n".join(publication.lines()), file=sys.stderr)
    print(upload(publication, place["repository"], place["revision"], options.private))
