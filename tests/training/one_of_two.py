"""One of the two processes of test_distributed: ``python one_of_two.py begin|go_on FOLDER CORPUS PORT...``.

``begin`` computes gradients, trains ``whole``, and trains ``killed`` until the second process is killed; ``go_on`` ends
that training and scores. Whoever writes below FOLDER/exp is written down; the second process cannot.
"""

import os
import signal
import sys
from pathlib import Path

import share_of_a_batch
import torch

from kwskit.processes import Processes
from kwskit.stages.score import score
from kwskit.stages.train import train
from kwskit.systems import pair_matcher
from kwskit.training.trainer import Trainer

RANK = int(os.environ["RANK"])
KILLED_AT = (1, 2)  # epochs done, batch


def watch_writing(folder: Path) -> None:
    """Note in ``folder``/writers.RANK what this process writes below ``folder``/exp; refuse it to the second one."""
    writers = (folder / f"writers.{RANK}").open("a", buffering=1)
    changes = {"os.mkdir": 0, "os.rename": 1, "os.remove": 0, "os.rmdir": 0, "shutil.rmtree": 0}

    def hook(event: str, arguments: tuple) -> None:
        if event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            path = arguments[0]
        elif event in changes:
            path = arguments[changes[event]]
        else:
            return
        if str(path).startswith(str(folder / "exp")):
            writers.write(f"{path}\n")
            if RANK:
                raise PermissionError(13, "only the first process writes", str(path))

    sys.addaudithook(hook)


def kill_the_second(trainer: Trainer, *batch) -> None:
    if RANK == 1 and (trainer.epoch, trainer.step) == KILLED_AT:
        os.kill(os.getpid(), signal.SIGKILL)
    return start_batch(trainer, *batch)


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, data, ports = Path(sys.argv[2]), Path(sys.argv[3]), iter(sys.argv[4:])
    os.environ["MASTER_PORT"] = next(ports)
    watch_writing(folder)
    if sys.argv[1] == "begin":
        pair_matcher.other_words = share_of_a_batch.others_of_the_half
        with Processes.join("cpu"):
            found = {name: share_of_a_batch.losses_and_gradients(name) for name in share_of_a_batch.CASES}
        torch.save(found, folder / f"gradients.{RANK}")
        os.environ["MASTER_PORT"] = next(ports)
        train(folder / "config.yaml", data, folder / "exp/whole", device="cpu")
        start_batch, Trainer.on_fit_batch_start = Trainer.on_fit_batch_start, kill_the_second
        os.environ["MASTER_PORT"] = next(ports)
        train(folder / "config.yaml", data, folder / "exp/killed", device="cpu")
    else:
        train(folder / "config.yaml", data, folder / "exp/killed", device="cpu")
        os.environ["MASTER_PORT"] = next(ports)
        score(data, folder / "exp/killed", device="cpu")
