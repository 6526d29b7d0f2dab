"""A trained model as ONNX, in float and 8-bit numbers: export.py MODEL RECORDINGS TARGET"""

import sys
from pathlib import Path

from kwskit.export.clips import Clips
from kwskit.export.export_model import export_model

model, recordings, target = map(Path, sys.argv[1:])
report = export_model(model, target, Clips.of_folder(recordings), int8=True)
for made in report.exported:
    worst = min(agreement.worst for agreement in made.agreements.values())
    print(f"{made.directory}: {made.size / 1e6:.2f} MB in {made.precision}, worst cosine {worst:.5f}")
