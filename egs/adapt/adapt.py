"""A keyword adapted, and spotted by its file: adapt.py KEYWORD RECORDING."""

import sys

from kwskit import Spotter
from kwskit.adapt.adapt_keyword import adapt_keyword

text, recording = sys.argv[1:]
spotter = Spotter.load()
adapted = adapt_keyword(spotter, text, tell=print)
print("\n".join(adapted.card.lines()))
adapted.save("keyword.kw")
spotter.enrol(file="keyword.kw", fa_per_hour=0.5)
for hit in spotter.spot(recording):
    print(f"{hit.keyword}: {hit.start:.2f} to {hit.end:.2f} s, score {hit.score:.2f}")
