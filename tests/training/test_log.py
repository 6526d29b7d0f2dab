from kwskit.training.log import TrainingLog


def test_rows_past_the_resumed_step_are_dropped(tmp_path):
    log = TrainingLog(tmp_path)
    for step in (10, 20, 30):
        log.step(step, {"total": step / 3})
    log.epoch(1, 25, {"valid_ap": 0.5})
    log.epoch(2, 50, {"valid_ap": 0.6})
    log.close()
    with (tmp_path / "steps.tsv").open("a") as sink:
        sink.write("4")  # a kill in the middle of a line
    log = TrainingLog(tmp_path, step=20, epoch=1)
    log.step(30, {"total": 1.0})
    log.close()
    assert (tmp_path / "steps.tsv").read_text() == "step\ttotal\n10\t3.33333\n20\t6.66667\n30\t1\n"
    assert (tmp_path / "epochs.tsv").read_text() == "epoch\tstep\tvalid_ap\n1\t25\t0.5\n"
    assert list((tmp_path / "tensorboard").glob("events.*"))
