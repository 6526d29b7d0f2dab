"""The comparison as Markdown."""

from typing import Any

from people.figure import ResampledFigure
from people.tables import markdown

from peers.figures import RATES


def comparison_table(facts: dict[str, Any]) -> str:
    """What was heard, a row a peer, and who was left out and why."""
    machine, sound = facts["machine"], facts["sound"]
    spoken = ", ".join(f"{name} ({count})" for name, count in sound["spoken"].items())
    head = (
        f"{sound['what']}: {spoken}, in {sound['hours']:.2f} h of other speech. One core of {machine['processor']}, "
        f"Python {machine['python']}, chunks of 80 ms."
    )
    heads = ["spotter", *(f"missed at {rate:g}/h, %" for rate in RATES), "at its own threshold: missed, %"]
    heads += ["false alarms of a keyword/h", "told after the word's end, s (9 of 10)", "RTF", "MiB"]
    rows = [_row(name, peer) for name, peer in facts["peers"].items()]
    own = [f"- {name}: {peer['threshold']}" for name, peer in facts["peers"].items() if "own" in peer]
    parts = [head, markdown(heads, rows)]
    if own:
        parts.append("\n".join(["Thresholds of their own:", "", *own]))
    if facts["left_out"]:
        parts.append("\n".join(["Left out:", "", *(f"- {message}" for message in facts["left_out"].values())]))
    return "\n\n".join(parts)


def _row(name: str, peer: dict[str, Any]) -> list[str]:
    label = " ".join(filter(None, (name, peer["version"])))
    cost = [f"{peer['rtf']:.4f}", f"{peer['memory']:.0f}"]
    if "own" not in peer:
        return [f"{label}, cost alone", *["-"] * (len(RATES) + 3), *cost]
    own, misses = peer["own"], peer["curve"]["miss_at"]
    rate, delay, miss = own["fa_per_hour"], own["delay"], own["miss"]
    assert isinstance(miss, ResampledFigure)
    return [
        label,
        *(figure.percent() for figure in misses.values()),
        miss.percent(),
        f"{rate['value']:.2f} ({rate['low']:.2f} to {rate['high']:.2f})",
        f"{delay['p50']:.2f} ({delay['p90']:.2f})" if delay else "-",
        *cost,
    ]
