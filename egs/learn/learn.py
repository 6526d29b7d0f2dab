"""A keyword that learns: learn.py KEYWORD FOLDER RECORDING... keeps what sets it off; without any, it adapts."""

import sys

from kwskit import Spotter
from kwskit.adapt.adapt_keyword import adapt_keyword
from kwskit.adapt.kept_recordings import kept_recordings
from kwskit.spotting.kept.hit_keeper import kept_hits
from kwskit.spotting.kept.kept_folder import KeptFolder
from kwskit.spotting.sound import blocks_of

text, folder, *recordings = sys.argv[1:]
spotter, kept = Spotter.load(), KeptFolder.create(folder)
spotter.enrol(text, fa_per_hour=2)
for recording in recordings:
    for hit in kept_hits(spotter, kept, blocks_of(recording), 16_000, recording):
        print(f"{hit.keyword}: {hit.start:.2f} to {hit.end:.2f} s, score {hit.score:.2f}")
if not recordings:
    adapt_keyword(spotter, text, kept=kept_recordings(kept, text), tell=print).save("keyword.kw")
