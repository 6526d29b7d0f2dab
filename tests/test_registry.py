import hashlib
import importlib.metadata
import re
import sys

import pytest

from kwskit import registry
from kwskit.registry import RegistryError


@pytest.fixture(autouse=True)
def _scratch_modules(scratch_registry):
    """The modules of plugins are forgotten, too."""
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith("kwskit_plugin_") or name == "scratch_plugin":
            del sys.modules[name]


PLUGIN = '''
from kwskit.losses.base import PairwiseLoss
from kwskit.registry import register

@register("loss", "{name}")
class {cls}(PairwiseLoss):
    """A margin of one's own."""

    def __init__(self, margin: float = {margin}, level: str = "utt", weight: float = 1.0):
        super().__init__(level, weight)
        self.margin = margin

    def pair_loss(self, audio, text, labels):
        return ((audio - text).norm(dim=1) - self.margin).clamp(min=0).mean()
'''


def write_plugin(path, name="my_margin", cls="MyMargin", margin=0.3):
    path.parent.mkdir(exist_ok=True)
    path.write_text(PLUGIN.format(name=name, cls=cls, margin=margin))
    return path


def test_unknown_kind_lists_kinds_and_the_nearest():
    for call in (registry.register, registry.get):
        with pytest.raises(
            RegistryError, match=r"unknown kind 'los' \(did you mean 'loss'\?\); known: tokenizer, .*loss"
        ):
            call("los", "asyp")


def test_unknown_name_lists_names_and_the_nearest():
    with pytest.raises(RegistryError) as error:
        registry.get("loss", "asyp_adam")
    assert str(error.value).startswith(
        "unknown loss 'asyp_adam' (did you mean 'asyp_adams'?); known: aam_softmax, acoustic_contrastive, asyp, "
    )
    with pytest.raises(RegistryError, match="unknown loss 'qqq'; known: "):
        registry.get("loss", "qqq")


def test_unknown_argument_lists_arguments_and_the_nearest():
    with pytest.raises(RegistryError) as error:
        registry.build("loss", "asyp", aplha=0.1)
    assert str(error.value) == (
        "loss 'asyp' has no argument 'aplha' (did you mean 'alpha'?); "
        "it takes: alpha, beta, lam, positive_prefactor, negative_prefactor, level, weight"
    )


def test_missing_arguments_are_named():
    with pytest.raises(RegistryError, match="loss 'sphereface2' needs num_classes"):
        registry.build("loss", "sphereface2", dim=4)


def test_build_passes_arguments_on():
    loss = registry.build("loss", "asyp", alpha=2.0, level="phn", weight=0.1)
    assert (type(loss).__name__, loss.alpha, loss.beta, loss.level, loss.weight) == ("AsyP", 2.0, 1.5, "phn", 0.1)


def test_a_name_is_taken_once():
    with pytest.raises(RegistryError, match=r"loss 'asyp' is already registered by kwskit\.losses\.asyp:\d+; choose"):

        @registry.register("loss", "asyp")
        class Another:
            """Not AsyP."""

    assert registry.get("loss", "asyp").cls.__name__ == "AsyP"


def test_arguments_of_bases_count_where_they_can_be_given():
    class Base:
        def __init__(self, size, depth=1):
            pass

    @registry.register("encoder", "scratch")
    class Child(Base):
        def __init__(self, width=2, **rest):
            super().__init__(**rest)

    @registry.register("encoder", "scratch_closed")
    class Closed(Base):
        def __init__(self, width=2):
            super().__init__(1)

    assert list(registry.get("encoder", "scratch").parameters()) == ["width", "size", "depth"]
    assert list(registry.get("encoder", "scratch_closed").parameters()) == ["width"]
    assert registry.get("encoder", "scratch").cls is Child
    with pytest.raises(RegistryError, match="encoder 'scratch' needs size"):
        registry.build("encoder", "scratch")
    with pytest.raises(RegistryError, match=r"has no argument 'depth' .*; it takes: width$"):
        registry.build("encoder", "scratch_closed", depth=3)


def test_parts_are_sorted_by_kind_and_name():
    everything = registry.parts()
    order = [(list(registry.KINDS).index(part.kind), part.name) for part in everything]
    assert order == sorted(order)
    assert {"loss", "encoder"} <= {part.kind for part in everything}
    losses = registry.parts("loss")
    assert losses == [part for part in everything if part.kind == "loss"]
    assert {"asyp", "asyp_adams", "relational_proxy", "sphereface2", "monotonic_matching", "modality_adversarial"} <= {
        part.name for part in losses
    }
    with pytest.raises(RegistryError, match="unknown kind 'voise'"):
        registry.parts("voise")


@pytest.mark.parametrize("part", registry.parts("loss"), ids=lambda part: part.name)
def test_every_argument_of_a_loss_is_documented_and_every_part_has_a_summary(part):
    documentation = part.cls.__doc__
    assert part.summary
    assert "Parameters\n" in documentation
    section = documentation.split("Parameters\n", 1)[1]
    undocumented = [name for name in part.parameters() if name not in section]
    assert undocumented == []


def test_a_plugin_file_is_loaded_once_and_remembered_with_its_hash(tmp_path):
    path = write_plugin(tmp_path / "my_losses.py")
    plugin = registry.load_plugin(path)
    assert plugin == registry.Plugin("my_losses", str(path), hashlib.sha256(path.read_bytes()).hexdigest())
    assert plugin in registry.plugins()
    part = registry.get("loss", "my_margin")
    assert (part.plugin, part.summary) == ("my_losses", "A margin of one's own.")
    assert part in registry.parts("loss")
    assert re.search(r"my_losses\w*:5$", part.source)
    assert registry.load_plugin(str(path)) is not None
    assert registry.get("loss", "my_margin").cls is part.cls
    assert registry.build("loss", "my_margin", margin=0.5).margin == 0.5


def test_a_plugin_that_changed_is_loaded_again(tmp_path):
    path = tmp_path / "my_losses.py"
    first = registry.load_plugin(write_plugin(path))
    second = registry.load_plugin(write_plugin(path, margin=0.7))
    assert first.sha256 != second.sha256
    assert registry.plugins().count(second) == 1
    assert first not in registry.plugins()
    assert registry.build("loss", "my_margin").margin == 0.7


def test_a_plugin_may_not_take_a_built_in_name(tmp_path):
    path = write_plugin(tmp_path / "thief.py", name="asyp")
    with pytest.raises(
        RegistryError, match=r"plugin .*thief\.py failed to import: RegistryError: loss 'asyp' is already"
    ):
        registry.load_plugin(path)
    assert registry.get("loss", "asyp").cls.__name__ == "AsyP"
    assert registry.plugins() == []


def test_a_broken_home_is_reported_every_time(monkeypatch):
    monkeypatch.setitem(registry.KINDS, "loss", "kwskit.no_such_home")
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_home"):
            registry.get("loss", "asyp")


def test_a_built_in_part_that_a_plugin_imports_first_stays_built_in(tmp_path):
    path = write_plugin(tmp_path / "first.py", name="built_in")
    path.write_text(
        path.read_text().replace("    def __init__", '    __module__ = "kwskit.losses.later"\n\n    def __init__')
    )
    registry.load_plugin(path)
    assert registry.get("loss", "built_in").plugin is None


def test_two_plugins_of_one_file_name_may_not_take_each_others_names(tmp_path):
    registry.load_plugin(write_plugin(tmp_path / "one" / "losses.py"))
    registry.load_plugin(write_plugin(tmp_path / "two" / "losses.py", name="other", margin=0.9))
    with pytest.raises(RegistryError, match="loss 'my_margin' is already registered"):
        registry.load_plugin(write_plugin(tmp_path / "three" / "losses.py", margin=0.9))
    assert registry.build("loss", "my_margin").margin == 0.3


def test_a_plugin_that_fails_leaves_nothing_behind(tmp_path):
    path = write_plugin(tmp_path / "half.py")
    path.write_text(path.read_text() + "\n1 / 0\n")
    with pytest.raises(RegistryError, match=r"plugin .*half\.py failed to import: ZeroDivisionError: division by zero"):
        registry.load_plugin(path)
    assert registry.plugins() == []
    with pytest.raises(RegistryError, match="unknown loss 'my_margin'"):
        registry.get("loss", "my_margin")


def test_a_missing_plugin_is_named(tmp_path):
    with pytest.raises(RegistryError, match=r"plugin .*nothing\.py does not exist"):
        registry.load_plugin(tmp_path / "nothing.py")


def test_installed_plugins_come_from_entry_points(tmp_path, monkeypatch):
    path = write_plugin(tmp_path / "scratch_plugin.py", name="from_package")
    monkeypatch.syspath_prepend(tmp_path)
    entry = importlib.metadata.EntryPoint("scratch", "scratch_plugin", registry.PLUGIN_GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry] if group == entry.group else [])
    for _ in range(2):
        loaded = registry.load_entry_points()
        assert loaded == [registry.Plugin("scratch", str(path), hashlib.sha256(path.read_bytes()).hexdigest())]
    assert registry.get("loss", "from_package").plugin == "scratch"


def test_an_entry_point_without_its_module_is_named(monkeypatch):
    entry = importlib.metadata.EntryPoint("lost", "no_such_module_anywhere", registry.PLUGIN_GROUP)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry])
    with pytest.raises(RegistryError, match="plugin 'lost': module no_such_module_anywhere is not installed"):
        registry.load_entry_points()


def test_description_shows_the_tag_the_defaults_and_the_source(tmp_path):
    text = registry.describe(registry.get("loss", "asyp"))
    assert text.startswith("!loss:asyp {alpha: 0.01, beta: 1.5, lam: 0.01, ")
    assert "source: kwskit.losses.asyp:" in text
    assert text.endswith("(built in)")
    registry.load_plugin(write_plugin(tmp_path / "my_losses.py"))
    assert registry.describe(registry.get("loss", "my_margin")).endswith("(plugin my_losses)")
