"""How a keyword is said, by recordings of somebody saying it: pronounce.py MODEL KEYWORD RECORDING..."""

import sys

from kwskit import Spotter
from kwskit.check.example_readings import example_readings

model, typed, *recordings = sys.argv[1:]  # typed: hadouken, "hadouken=HH AA D UW K EH N, HH AH D UW K AH N"
spotter = Spotter.load(model)  # lexicon="mine.dict" goes before the dictionary
found = example_readings(spotter, typed, recordings)
for reading in found.readings:
    print(f"{reading.fit:8.2f}  {reading.phonemes}  ({reading.origin})")
for doubt in found.doubts:
    print(doubt)
print(f"type: {found.typed}")
keyword = spotter.enrol(found.typed)
for recording in recordings:
    print(f"{recording}: score {spotter.score(recording, found.typed):.2f}, threshold {keyword.threshold:.2f}")
