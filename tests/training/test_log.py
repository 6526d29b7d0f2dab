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


def test_columns_come_and_stay(tmp_path):
    log = TrainingLog(tmp_path)
    log.step(1, {"lr": 0.1})
    log.step(2, {"lr": 0.2, "norm": 3.0})
    log.step(3, {"norm": 4.0, "mean": 5.0})
    log.close()
    table = "step\tlr\tnorm\tmean\n1\t0.1\tnan\tnan\n2\t0.2\t3\tnan\n3\tnan\t4\t5\n"
    assert (tmp_path / "steps.tsv").read_text() == table
    assert [path.name for path in tmp_path.glob("*.tsv*")] == ["steps.tsv"]
