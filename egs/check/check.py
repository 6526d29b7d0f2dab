"""Which of some keywords makes the best wake word: check.py MODEL KEYWORD..."""

import sys

from kwskit import Spotter
from kwskit.check.check_keywords import check_keywords

model, *keywords = sys.argv[1:]
for found in check_keywords(Spotter.load(model), keywords, fa_per_hour=0.5, count=3):
    near = ", ".join(f"{one.text} {one.score:.2f}" for one in found.words)
    print(f"{found.keyword.text}: {found.verdict}; itself {found.own:.2f}, nearest words {near}")
    for remark in found.remarks:
        print(f"    {remark.level}: {remark.text}")
