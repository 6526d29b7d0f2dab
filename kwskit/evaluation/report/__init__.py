"""Stage 5: one self-contained page, Markdown and LaTeX tables from the files of a run."""

from kwskit.evaluation.report.report import write_report

__all__ = ["write_report"]
