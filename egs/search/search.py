"""Typed and spoken words in a folder of recordings: search.py MODEL RECORDINGS INDEX TEXT EXAMPLE"""

import sys

from kwskit.index.speech_index import SpeechIndex

model, recordings, place, text, example = sys.argv[1:]
index = SpeechIndex.open_or_create(place, model)
index.add([recordings])
print(f"{len(index.files)} recordings, {index.seconds / 60:.1f} minutes")
for query, hits in ((text, index.search(text, top=5)), (example, index.search_example(example, top=5))):
    print(query)
    for hit in hits:
        print(f"{hit.score:8.2f}  {hit.path} at {hit.start:.2f} to {hit.stop:.2f} s")
