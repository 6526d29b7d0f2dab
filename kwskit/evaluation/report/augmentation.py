"""What training makes of its utterances: pictures of the features, with sound."""

from typing import Any

from kwskit.evaluation.report.clips import Clips
from kwskit.evaluation.report.plots import feature_plot
from kwskit.evaluation.report.run_folder import RunFolder

BUDGET = 700_000  # bytes of audio


def augmentation_clips(run: RunFolder) -> list[dict[str, Any]]:
    """One entry an utterance and take: ``title``, ``note``, ``svg`` and, while there is room, ``audio``."""
    arrays = run.augmentation or {}
    clips = Clips(None, BUDGET)
    found = []
    for k, word in enumerate(arrays.get("words", [])):
        takes = sum(name.startswith(f"feats_{k}_") for name in arrays)
        for take in range(takes):
            note = f"augmented, take {take}" if take else "as recorded"
            svg = feature_plot(f"heard{k}-{take}", f"Features of {word}, {note}", arrays[f"feats_{k}_{take}"])
            audio = clips.encoded(arrays[f"wav_{k}_{take}"])
            found.append({"title": str(word), "note": note, "svg": svg, "audio": audio})
    return found
