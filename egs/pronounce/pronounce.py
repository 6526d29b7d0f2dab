"""How a keyword is said, and what a spotter makes of each way: pronounce.py MODEL RECORDING KEYWORD..."""

import sys

from kwskit import Spotter

model, recording, *keywords = sys.argv[1:]
for typed in keywords:  # such as hadouken, "hadouken=HH AA D UW K EH N", "hadouken~ha doo ken"
    spotter = Spotter.load(model)  # lexicon="mine.dict" goes before the dictionary
    keyword = spotter.enrol(typed)
    print(f"{typed}: score {spotter.score(recording, typed):.2f}, threshold {keyword.threshold:.2f}")
    for word, origin in keyword.readings.origins:
        print(f"    {word}: {origin}")
    for said in keyword.pronunciations:
        print(f"    {said}: score {spotter.score(recording, f'{keyword.text}={said}'):.2f}")
