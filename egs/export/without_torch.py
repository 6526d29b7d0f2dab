"""Keywords in a recording where there is no torch: without_torch.py EXPORTED_MODEL RECORDING KEYWORD..."""

import sys

sys.modules["torch"] = None  # type: ignore[assignment]  # as where it is not installed: importing it fails

from kwskit import Spotter  # noqa: E402

model, recording, *keywords = sys.argv[1:]
spotter = Spotter.load(model)
for text in keywords:
    spotter.enrol(text)
    print(f"{text}: highest score {spotter.score(recording, text):.2f}")
for hit in spotter.spot(recording):
    print(f"{hit.start:8.2f} to {hit.end:.2f} s: {hit.keyword} (score {hit.score:.2f})")
