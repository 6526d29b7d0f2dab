"""The errors of the main result, with recordings to listen to."""

from typing import Any

from kwskit.data.records import read_records
from kwskit.evaluation.confusions import confusions
from kwskit.evaluation.report.page_audio import PageAudio
from kwskit.evaluation.report.result_tables import pairs_table
from kwskit.evaluation.report.run_folder import RunFolder

PAIRS, CLIPS = 12, 8


def mistakes(run: RunFolder) -> dict[str, Any] | None:
    """``protocol``, ``model``, ``pairs`` (a table), ``misses`` and ``false_alarms`` of the first trial list.

    None without one, or without its score file.

    Raises
    ------
    RecordError
        When the score file or the manifest is broken.
    StoreError
        When there is a store that cannot be read.
    """
    model = run.main["model"]
    main = next((one for one in run.results if one["model"] == model and not one.get("kind")), None)
    if main is None:
        return None
    split = main["trials_name"].split("_")[0]
    path, manifest = run.scores_path(main["model"], main["trials_name"]), run.data / "manifests" / f"{split}.tsv"
    if not path.is_file() or not manifest.is_file():
        return None
    table, _ = read_records(manifest, "manifest")
    spoken = dict(zip(table["utt_id"].to_pylist(), table["word"].to_pylist(), strict=True))
    found = confusions(path, spoken, count=max(PAIRS, CLIPS))
    clips = PageAudio(run.data / "store" / split)
    counts = {
        kind: [
            trial
            | {key: f"{trial[key]:.3f}" for key in ("score", "best_score") if trial.get(key) is not None}
            | {"audio": clips.address(trial["utt_id"])}
            for trial in found[kind][:CLIPS]
        ]
        for kind in ("misses", "false_alarms")
    }
    pairs = pairs_table(found["pairs"][:PAIRS], main["protocol"])
    return {"protocol": main["protocol"], "model": main["model"], "pairs": pairs, **counts}
