"""``kwskit recipe``."""

import argparse
from pathlib import Path

HELP = "list the recipes, or copy one to a folder of one's own, where it runs and can be edited"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION", help="action to take")
    actions.add_parser("list", help="names of the recipes, and what each is for")
    copy = actions.add_parser("copy", help="copy of a recipe with all of its YAML")
    copy.add_argument("name", metavar="NAME", help="recipe to copy, as kwskit recipe list names it")
    copy.add_argument("to", type=Path, metavar="DIR", help="folder of the copy, new or empty")
    actions.add_parser("root", help="folder that holds recipes/ and tools/, which copies of recipes ask for")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit import recipe_folder

    if options.action == "list":
        summaries = recipe_folder.summaries()
        width = max(map(len, summaries))
        for name, summary in summaries.items():
            print(f"{name:<{width}}  {summary}")
    elif options.action == "copy":
        recipe_folder.copy_recipe(options.name, options.to)
        print(f"{options.to}: cd {options.to}, and bash run.sh --help")
    else:
        print(recipe_folder.root())
