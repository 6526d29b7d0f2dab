"""Dotted overrides of a YAML on the command line."""

from kwskit.commands.usage import UsageError


def overrides(rest: list[str]) -> dict[str, str]:
    """``["--losses.phn.weight", "0.3"]`` or ``["--losses.phn.weight=0.3"]`` as a mapping."""
    found: dict[str, str] = {}
    words = iter(rest)
    for word in words:
        if not word.startswith("--"):
            raise UsageError(f"unexpected argument '{word}'; overrides look like --losses.phn.weight 0.3")
        key, equals, value = word[2:].partition("=")
        if not equals:
            following = next(words, None)
            if following is None:
                raise UsageError(f"--{key} needs a value")
            value = following
        found[key] = value
    return found
