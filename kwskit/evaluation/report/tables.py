"""The result tables, once as rows and then as Markdown, LaTeX (booktabs) or, in the page, HTML."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MISSING = "-"
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}


@dataclass
class Table:
    """Rows of text under a caption; ``text_columns`` counts the columns, from the left, that are no numbers."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    text_columns: int = 1

    def markdown(self) -> str:
        """The table as GitHub Markdown, its caption above."""
        rule = ["---"] * self.text_columns + ["---:"] * (len(self.columns) - self.text_columns)
        lines = [self.columns, rule, *self.rows]
        body = ["| " + " | ".join(line if line is rule else map(_markdown_cell, line)) + " |" for line in lines]
        return f"**{escape_markdown(self.caption)}**\n\n" + "\n".join(body) + "\n"

    def latex(self, label: str) -> str:
        """The table as a LaTeX float that needs the package booktabs."""
        numbers = len(self.columns) - self.text_columns
        lines = [" & ".join(map(latex_escape, line)) + r" \\" for line in [self.columns, *self.rows]]
        return "\n".join(
            [
                r"\begin{table}",
                r"  \centering",
                f"  \\caption{{{latex_escape(self.caption)}}}",
                f"  \\label{{{label}}}",
                f"  \\begin{{tabular}}{{{'l' * self.text_columns}{'r' * numbers}}}",
                r"    \toprule",
                "    " + lines[0],
                r"    \midrule",
                *("    " + line for line in lines[1:]),
                r"    \bottomrule",
                r"  \end{tabular}",
                r"\end{table}",
                "",
            ]
        )


def percent(metric: Any, digits: int = 1) -> str:
    """A fraction, or ``{value, low, high}`` of fractions, in percent: ``86.3 [84.9, 87.6]``."""
    value, low, high = interval(metric)
    if value is None:
        return MISSING
    shown = f"{value * 100:.{digits}f}"
    return shown if low is None or high is None else f"{shown} [{low * 100:.{digits}f}, {high * 100:.{digits}f}]"


def interval(metric: Any) -> tuple[float | None, float | None, float | None]:
    """(value, low, high) of a number or of ``{value, low, high}``; None where there is none, or no finite one."""
    found = (
        [metric.get(key) for key in ("value", "low", "high")] if isinstance(metric, Mapping) else [metric, None, None]
    )
    value, low, high = (None if x is None or not math.isfinite(x) else float(x) for x in found)
    return value, low, high


def count(number: Any) -> str:
    """An integer with its thousands apart: ``918,000``."""
    return MISSING if number is None else f"{number:,}"


def latex_escape(text: str) -> str:
    """``text`` with every character that LaTeX would read as a command made plain."""
    return "".join(_LATEX.get(character, character) for character in text)


def escape_markdown(text: str) -> str:
    """``text`` with every character that Markdown or HTML would read as a mark made plain."""
    return re.sub(r"([\\`*_|<>#&\[\]])", r"\\\1", text)


def _markdown_cell(text: str) -> str:
    return text if re.fullmatch(r"[\d., %\[\]-]+", text) else escape_markdown(text)
