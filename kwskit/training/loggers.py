"""Loggers of whole epochs besides TensorBoard: what ``logger:`` of an experiment names, by SpeechBrain's interface."""

from collections.abc import Mapping
from typing import Any

from speechbrain.utils.distributed import if_main_process, main_process_only
from speechbrain.utils.train_logger import TrainLogger, WandBLogger

from kwskit.extras import missing_extra

Stats = Mapping[str, float]


def weights_and_biases(project: str = "kwskit", **arguments: Any) -> TrainLogger:
    """SpeechBrain's logger for Weights & Biases.

    Parameters
    ----------
    project : project that the run belongs to
    arguments : arguments of ``wandb.init``, such as ``name``, ``mode: offline``, ``dir``; the same ``id`` with
        ``resume: allow`` goes on with a run that was stopped

    Raises
    ------
    ImportError
        Where wandb is not installed; the message names the extra.
    """
    try:
        import wandb
    except ImportError as error:
        raise missing_extra("wandb", "logging to Weights & Biases needs wandb", error) from error
    run = wandb.init(project=project, **arguments) if if_main_process() else None
    return WandBLogger(lambda: run)  # what init refuses is told as it is


class MLflow(TrainLogger):
    """Metrics in MLflow, a run a training (ours; SpeechBrain has none).

    ``log_stats`` is called by all processes, as of SpeechBrain's loggers, and the first one writes.

    Parameters
    ----------
    experiment : name of MLflow's experiment, which is made where there is none
    uri : server, or a database of this machine, such as ``sqlite:///runs.db`` (MLflow refuses folders by now); by
        default what ``MLFLOW_TRACKING_URI`` says
    run : id of a run to go on with; by default a new one

    Raises
    ------
    ImportError
        Where mlflow is not installed; the message names the extra.
    """

    def __init__(self, experiment: str = "kwskit", uri: str | None = None, run: str | None = None):
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise missing_extra("mlflow", "logging to MLflow needs mlflow", error) from error
        if not if_main_process():
            return
        self.client = MlflowClient(uri)
        found = self.client.get_experiment_by_name(experiment)
        place = found.experiment_id if found else self.client.create_experiment(experiment)
        self.run_id = run or self.client.create_run(place).info.run_id

    @main_process_only
    def log_stats(
        self,
        stats_meta: Stats,
        train_stats: Stats | None = None,
        valid_stats: Stats | None = None,
        test_stats: Stats | None = None,
        verbose: bool = False,
    ) -> None:
        parts = {"": stats_meta, "train/": train_stats, "valid/": valid_stats, "test/": test_stats}
        for prefix, stats in parts.items():
            for name, value in (stats or {}).items():
                if name != "epoch":
                    self.client.log_metric(self.run_id, f"{prefix}{name}", value, step=int(stats_meta["epoch"]))

    @main_process_only
    def close(self) -> None:
        """Mark the run as finished."""
        self.client.set_terminated(self.run_id)


def close(logger: Any) -> None:
    """End what a logger has begun, by its own ``close``, or by ``finish`` of the ``run`` that a WandBLogger has."""
    end = getattr(logger, "close", None) or getattr(getattr(logger, "run", None), "finish", None)
    if end is not None:
        end()
