"""tools/recipe.sh, by a recipe whose Python only writes down what it was asked."""

import shutil
import sys

import pytest

from tests.recipes.staged_recipe import PREPARE, Recipe

TWO_NODES = "--nnodes 2 --rdzv_backend c10d --rdzv_id kwskit --rdzv_endpoint node1:29500"


@pytest.fixture
def recipe(tmp_path):
    return Recipe(tmp_path)


def test_all_stages_in_order_with_their_defaults(recipe):
    calls, out, _ = recipe.run("--jobs", "3")
    home, data, exp = str(recipe.home), f"{recipe.home}/data/small", f"{recipe.home}/exp/small"
    yamls = ["--config", f"{recipe.hparams}/adml.yaml", "--overlay", f"{recipe.hparams}/small.yaml"]
    yamls += ["--overlay", f"{home}/hparams/corpus.yaml"]
    assert calls == [
        ["get_data", "--data", data, "--size", "small", "--jobs", "3"],
        [f"{home}/prepare.py", "--data", data, "--size", "small", "--jobs", "3"],
        ["-m", "kwskit", "pack", "--data", data, "--jobs", "3"],
        ["-m", "kwskit", "train", *yamls, "--data", data, "--exp", exp],
        ["-m", "kwskit", "score", "--data", data, "--exp", exp],
        ["-m", "kwskit", "report", "--data", data, "--exp", exp],
    ]
    for stage, name in enumerate(["get data", "prepare manifests and trials", "pack store and pronunciations"]):
        assert f"== stage {stage}: {name}\n== stage {stage} done in " in out
    report = f"All tables: {exp}/report/RESULTS.md\nPictures and sounds: {exp}/report/index.html\n"
    assert out.endswith(f"# Title\n\n| AP |\n|--|\n\n{report}")


def test_some_stages(recipe):
    calls, out, _ = recipe.run("--stage", "2", "--stop_stage=3")
    assert [call[2] for call in calls] == ["pack", "train"]
    assert "report" not in out


def test_flags_reach_the_stages_that_need_them(recipe):
    flags = ["--data", "my data", "--exp", "my exp", "--seed", "5", "--size", "tiny", "--ngpu", "0"]
    flags += ["--plugin", "no mal.yaml", "--plugin", "other.yaml", "--words-dir", "words", "--overlay", "no mal.yaml"]
    plugins = ["--plugin", "no mal.yaml", "--plugin", "other.yaml"]
    overrides = ["--losses.phn.weight", "0.3", "--training.epochs", "-2", "--losses[a]", "a b"]
    calls, _, _ = recipe.run(*flags, "--jobs", "1", *overrides[:4], "--losses[a]=a b", "--executor", "dask://a:1")
    both, cluster = ["--data", "my data", "--exp", "my exp"], ["--executor", "dask://a:1"]
    assert calls[1][1:] == ["--data", "my data", "--size", "tiny", "--jobs", "1", *cluster, "--seed", "5"]
    assert calls[2][3:] == ["--data", "my data", "--jobs", "1", *cluster]
    yamls = ["--config", f"{recipe.hparams}/adml.yaml", "--overlay", f"{recipe.home}/hparams/corpus.yaml"]
    yamls += ["--overlay", "no mal.yaml"]
    assert calls[3][3:] == [*yamls, *both, "--seed", "5", *plugins, "--device", "cpu", *overrides]
    assert calls[4][3:] == [*both, "--words-dir", "words", *plugins, "--device", "cpu"]
    assert calls[5][3:] == [*both, *plugins]


@pytest.mark.parametrize(
    ("flags", "yamls", "name"),
    [
        (["--overlay", "no mal.yaml", "--overlay", "other.yaml"], 5, "small_no mal_other"),
        (["--config", "other.yaml"], 1, "small_other"),
        (["--config", "other.yaml", "--overlay", "no mal.yaml", "--size", "base"], 2, "base_other_no mal"),
    ],
)
def test_every_experiment_has_its_own_folder(recipe, flags, yamls, name):
    calls, _, _ = recipe.run("--stage", "3", "--stop_stage", "3", *flags)
    assert calls[0].count("--config") + calls[0].count("--overlay") == yamls
    assert calls[0][calls[0].index("--exp") + 1] == f"{recipe.home}/exp/{name}"


@pytest.mark.parametrize(
    ("flags", "launcher"),
    [
        (["--ngpu", "1"], ""),
        (["--ngpu", "0"], ""),
        (["--ngpu", "4"], "-m torch.distributed.run --nproc_per_node 4 --standalone"),
        (["--ngpu", "0", "--nproc", "3"], "-m torch.distributed.run --nproc_per_node 3 --standalone"),
        (["--ngpu", "8", "--nnodes", "2"], "-m torch.distributed.run --nproc_per_node 8 " + TWO_NODES),
        (["--ngpu", "0", "--nnodes", "2"], "-m torch.distributed.run --nproc_per_node 1 " + TWO_NODES),
    ],
)
def test_several_processes_are_started_by_torchrun(recipe, flags, launcher):
    calls, _, _ = recipe.run("--stage", "3", "--stop_stage", "4", *flags, MASTER_ADDR="node1")
    assert " ".join(calls[0]).startswith(f"{launcher} -m kwskit train --config ".lstrip())
    assert " ".join(calls[1]).startswith(f"{launcher} -m kwskit score --data ".lstrip())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--stage"], "--stage needs a value"),
        (["--stage", "--ngpu", "1"], "--stage needs a value"),
        (["--exp="], "--exp needs a value"),
        (["--losses.phn.weight"], "--losses.phn.weight needs a value"),
        (["--stage", "6"], "--stage takes a whole number from 0 to 5, not '6'"),
        (["--stop_stage", "three"], "not 'three'"),
        (["--seed", "-1"], "--seed takes"),
        (["--jobs", "0"], "from 1 to"),
        (["--stage", "4", "--stop_stage", "2"], "--stage 4 comes after --stop_stage 2"),
        (["small"], "unexpected 'small'"),
        (["--stop-stage", "3"], "--stop-stage is no flag of this script"),
        (["--loses.phn.weight", "3"], "--loses.phn.weight is no flag of this script (see --help) and no key of"),
        (["--size", "tiyn"], "--size: there is no size 'tiyn'; there are: tiny small base full"),
        (["--config", "."], "--config: '.' is a folder, not a file"),
        (["--overlay", "."], "--overlay: '.' is a folder"),
        (["--plugin", "."], "--plugin: '.' is a folder"),
        (["--exp", "run.sh", "--data", "/bin/sh"], "--data: '/bin/sh' is a file, not a folder"),
        (["--overlay", "nowhere.yaml"], "--overlay: 'nowhere.yaml' does not exist"),
        (["--words-dir", "nowhere"], "--words-dir: 'nowhere' does not exist"),
        (["--nnodes", "2"], "--stage 3 --stop_stage 4 on each machine"),
        (["--nproc", "2"], "--nproc 2 goes with --ngpu 0"),
        (["--nproc", "2", "--ngpu", "2"], "--nproc 2 goes with --ngpu 0"),
        (["--nnodes", "2", "--stage", "3", "--stop_stage", "4"], "set MASTER_ADDR"),
        (["--model", "some where"], "--model: 'some where/model.safetensors' does not exist"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(recipe, flags, message):
    assert message in recipe.refusal(*flags)


def test_flags_of_a_recipe_s_own_and_strictness(recipe):
    flags = ["--corpus", "/big/corpus", "--strict", "--alignments=ctm files", "--jobs", "1", "--stop_stage", "2"]
    calls, _, _ = recipe.run(*flags)
    own = ["--jobs", "1", "--strict", "--corpus", "/big/corpus", "--alignments", "ctm files"]
    assert [call[-7:] for call in calls[:2]] == [own, own]
    assert calls[2][3:] == ["--data", f"{recipe.home}/data/small", "--jobs", "1", "--strict"]
    assert recipe.run("--help")[1].endswith(
        """

Of this corpus:
  --corpus DIR      folder of the corpus, 100 % as it was published
  --alignments PATH  alignments of the corpus, which are a long story, told here in more than one line (default ctm)
"""
    )
    assert "--parts is no flag of this script" in recipe.refusal("--parts", "1")
    assert "--corp is no flag of this script" in recipe.refusal("--corp", "1")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('parser.add_argument(f"--{split}", metavar="N", help="words")', "write out the name, metavar and help"),
        ('parser.add_argument("--words", metavar="N", help="words: " + WORDS)', "write out the name, metavar and help"),
        (
            'parser.add_argument("--words", default=WORDS, metavar="N", help="words (%(default)s)")',
            "write out the name",
        ),
        ('parser.add_argument("--words", help="words")', "--words needs a metavar and a help"),
        (
            'parser.add_argument("--words", metavar="N", help="50 % of the words")',
            "the help of --words: argparse takes",
        ),
        ('parser.add_argument("--words"', "'(' was never closed"),
    ],
)
def test_flags_that_are_not_written_out_are_refused(recipe, line, message):
    (recipe.home / "prepare.py").write_text(f"{PREPARE}{line}\n")
    place = f"{recipe.home}/prepare.py:{len(PREPARE.splitlines()) + 1}: "
    assert place + message in recipe.refusal("--help")


def test_any_python_reads_the_flags(recipe):
    """Neither the environment nor ``python3`` need to be there; KWSKIT_PYTHON names one for both."""
    programs = recipe.cwd / "programs"
    programs.mkdir()
    for name in ("bash", "basename", "cat", "dirname", "getconf", "grep"):
        (programs / name).symlink_to(shutil.which(name))
    assert "no Python >= 3.10 was found" in recipe.refusal(PATH=str(programs))
    assert "--corpus DIR" in recipe.run("--help", PATH=str(programs), KWSKIT_PYTHON=sys.executable)[1]
    (recipe.home / "prepare.py").unlink()
    assert "No such file" in recipe.refusal("--help")


def test_a_model_trained_elsewhere(recipe):
    calls, _, _ = recipe.run("--model", "trained/model", "--stage", "3", "--plugin", "other.yaml")
    exp = f"{recipe.home}/exp/small_trained"
    assert calls[0][2:] == ["adopt", "--model", "trained/model", "--exp", exp, "--plugin", "other.yaml"]
    assert calls[1][2] == "score"
    script = recipe.home / "run.sh"
    script.write_text(script.read_text().replace("run_recipe", "zero_shot=1\nrun_recipe"))
    assert "--model is missing" in recipe.refusal()
    assert recipe.run("--stage", "4")[0]


@pytest.mark.parametrize("size", ["small", "tiny"])
def test_overrides_may_name_keys_of_the_overlays_in_use(recipe, size):
    flags = ["--dim", "3", "--size", size, "--stage", "3", "--stop_stage", "3"]
    if size == "small":
        assert recipe.run(*flags)[0][0][-2:] == ["--dim", "3"]
    else:
        assert "--dim is no flag" in recipe.refusal(*flags)


def test_leading_zeros_are_decimal(recipe):
    assert recipe.run("--stage", "5", "--seed", "08")[0]


def test_a_failed_stage_stops_the_rest_and_says_how_to_go_on(recipe):
    calls, out, message = recipe.run(status=3, FAIL="kwskit train")
    assert calls[-1][2] == "train"
    assert "== stage 3 done" not in out
    assert message == "run.sh: stage 3 (train) did not finish; what is done is kept: go on with --stage 3\n"
    assert "stage 1 (prepare manifests and trials)" in recipe.run(status=3, FAIL="prepare")[2]


def test_help(recipe):
    calls, out, _ = recipe.run("--stage", "3", "--help")
    assert calls == []
    flags = ["stage", "stop_stage", "config", "overlay", "plugin", "ngpu", "nnodes", "data", "exp", "seed", "size"]
    for flag in [*flags, "words-dir", "jobs"]:
        assert f"\n  --{flag} " in out
    assert str(recipe.home) in out
