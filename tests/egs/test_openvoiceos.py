"""The configuration of OpenVoiceOS names the plugin that setup.cfg does."""

import configparser
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_wake_word_is_of_the_plugin():
    configuration = json.loads((ROOT / "egs/openvoiceos/mycroft.conf").read_text("utf-8"))
    setup = configparser.ConfigParser(delimiters="=")
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    names = [line.partition("=")[0].strip() for line in setup["options.entry_points"]["opm.wake_word"].split("\n")]
    wake_word = configuration["hotwords"][configuration["listener"]["wake_word"]]
    assert wake_word["module"] in names
    assert wake_word["listen"] is True
