"""A keyword made to fit a place and a voice: calibrate.py MODEL KEYWORD BACKGROUND_FOLDER BACKGROUND_FILE EXAMPLE..."""

import sys
from pathlib import Path

from kwskit import Spotter

model, text, folder, file, *examples = sys.argv[1:]
spotter = Spotter.load(model)
before = spotter.enrol(text).threshold
background = spotter.calibrate(sorted(Path(folder).glob("*.wav")))
background.save(file)
print(f"threshold {before:.2f}; by {background.seconds:.0f} s of this place {spotter.keywords[text].threshold:.2f}")
both = spotter.enrol(text, examples=examples[1:], name="both")
print(f"typed and spoken: threshold {both.threshold:.2f}, {background.false_alarms(both, both.threshold):.2f} alarms/h")
for name in (text, "both"):
    above = spotter.score(examples[0], name) - spotter.keywords[name].threshold
    print(f"{examples[0]} scores {above:+.2f} above the threshold of '{name}'")
