"""Where typed keywords are said in a recording: spot.py MODEL RECORDING KEYWORD..."""

import sys

from kwskit import Spotter

model, recording, *keywords = sys.argv[1:]
spotter = Spotter.load(model)
for text in keywords:
    keyword = spotter.enrol(text, fa_per_hour=0.5)
    print(f"{text}: said {' or '.join(keyword.pronunciations)}; threshold {keyword.threshold:.2f}")
for hit in spotter.spot(recording):
    print(f"{hit.start:8.2f} to {hit.end:.2f} s: {hit.keyword} (score {hit.score:.2f})")
for text in keywords:
    print(f"{text}: highest score {spotter.score(recording, text):.2f}")
