"""Typed keywords at the microphone, as they are said: listen.py MODEL KEYWORD..."""

import sys
from contextlib import suppress

from kwskit import Spotter
from kwskit.spotting.microphone import Microphone

model, *keywords = sys.argv[1:]
microphone = Microphone()
spotter = Spotter.load(model)
for text in keywords:
    spotter.enrol(text)
print(f"listening for {', '.join(keywords)}; Ctrl-C ends", flush=True)
with suppress(KeyboardInterrupt):
    for hit in spotter.stream(microphone, microphone.rate):
        print(f"{hit.start:8.2f} s: {hit.keyword} (score {hit.score:.2f}, threshold {hit.threshold:.2f})", flush=True)
