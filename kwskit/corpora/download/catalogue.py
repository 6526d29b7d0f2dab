"""What the recipes need and anybody may download.

Checksums are those that the publishers give (OpenSLR's lists, Zenodo, torchaudio's for LibriSpeech and Speech
Commands); where there is none, the first download notes one beside the archive for the next time.
"""

from collections.abc import Iterable

from kwskit.corpora.download.published_file import PublishedFile
from kwskit.errors import CorpusError

_OPENSLR = ("https://www.openslr.org/resources", "https://openslr.trmal.net/resources")
_MSWC = ("https://mswc.mlcommons-storage.org", "https://storage.googleapis.com/public-datasets-mswc")
_SPEECH_COMMANDS = "https://storage.googleapis.com/download.tensorflow.org/data"
# The authors' own place is a folder of Google Drive, which only a browser opens (github.com/gusrud1103/LibriPhrase).
_LIBRIPHRASE = "https://huggingface.co/datasets/charsiu/libriphrase/resolve/main"

_DEMAND = "https://zenodo.org/records/1227121/files"
# fmt: off
_DEMAND_PLACES = (
    "DKITCHEN", "DLIVING", "DWASHING", "NFIELD", "NPARK", "NRIVER", "OHALLWAY", "OMEETING", "OOFFICE", "PCAFETER",
    "PRESTO", "PSTATION", "SCAFE", "SPSQUARE", "STRAFFIC", "TBUS", "TCAR", "TMETRO",
)
# fmt: on

# part: bytes, SHA-256
_LIBRISPEECH = {
    "dev-clean": (337926286, "76f87d090650617fca0cac8f88b9416e0ebf80350acb97b343a85fa903728ab3"),
    "dev-other": (314305928, "12661c48e8c3fe1de2c1caa4c3e135193bfb1811584f11f569dd12645aa84365"),
    "test-clean": (346663984, "39fde525e59672dc6d1551919b1478f724438a95aa55f874b576be21967e6c23"),
    "test-other": (328757843, "d09c181bba5cf717b3dee7d4d592af11a3ee3a09e08ae025c5506f6ebe961c29"),
    "train-clean-100": (6387309499, "d4ddd1d5a6ab303066f14971d768ee43278a5f2a0aa43dc716b0e64ecbbbf6e2"),
    "train-clean-360": (23049477885, "146a56496217e96c14334a160df97fffedd6e0a04e66b9c5af0d40be3c792ecf"),
    "train-other-500": (30593501606, "ddb22f27f96ec163645d53215559df6aa36515f26e01dd70798188350adcb6d2"),
}
# Mini LibriSpeech: part: MD5
_MINI_LIBRISPEECH = {
    "train-clean-5": "5df7d4e78065366204ca6845bb08f490",
    "dev-clean-2": "6d7ab67ac6a1d2c993d050e16d61080d",
}
# Mazumder et al. (2021), table 1.
# fmt: off
MSWC_LANGUAGES = (
    "ar", "as", "br", "ca", "cnh", "cs", "cv", "cy", "de", "dv", "el", "en", "eo", "es", "et", "eu", "fa", "fr",
    "fy-NL", "ga-IE", "gn", "ha", "ia", "id", "it", "ka", "ky", "lt", "lv", "mn", "mt", "nl", "or", "pl", "pt",
    "rm-sursilv", "rm-vallader", "ro", "ru", "rw", "sah", "sk", "sl", "sv-SE", "ta", "tr", "tt", "uk", "vi",
    "zh-CN",
)
# fmt: on


def _openslr(path: str) -> tuple[str, ...]:
    return tuple(f"{place}/{path}" for place in _OPENSLR)


def _mswc(language: str) -> list[PublishedFile]:
    def place(what: str) -> tuple[str, ...]:
        return tuple(f"{host}/{what}/{language}.tar.gz" for host in _MSWC)

    folder = f"mswc/{language}"
    splits = f"{folder}/{language}_splits.csv"
    return [
        PublishedFile(f"mswc-splits-{language}", place("splits"), splits, "CC-BY-4.0", into=folder),
        PublishedFile(f"mswc-audio-{language}", place("audio"), f"{folder}/clips", "CC-BY-4.0", into="mswc"),
    ]


_FILES = [
    *(
        PublishedFile(
            f"librispeech-{part}",
            _openslr(f"12/{part}.tar.gz"),
            f"LibriSpeech/{part}",
            "CC-BY-4.0",
            size,
            f"sha256:{digest}",
        )
        for part, (size, digest) in _LIBRISPEECH.items()
    ),
    *(
        PublishedFile(
            f"librispeech-{part}",
            _openslr(f"31/{part}.tar.gz"),
            f"LibriSpeech/{part}",
            "CC-BY-4.0",
            checksum=f"md5:{digest}",
        )
        for part, digest in _MINI_LIBRISPEECH.items()
    ),
    PublishedFile(
        "librispeech-alignments",  # by the Montreal Forced Aligner; Lugosch et al. (2019)
        ("https://zenodo.org/records/2619474/files/librispeech_alignments.zip",),
        "librispeech_alignments",
        "CC-BY-4.0",
        623023332,
        "md5:2bab567d0ace651a4ba254e813629f46",
        into="librispeech_alignments",
    ),
    *(
        PublishedFile(
            f"libriphrase-{words}word", (f"{_LIBRIPHRASE}/{name}",), f"libriphrase/{name}", "MIT", archive=False
        )
        for words in range(1, 5)
        for name in [f"libriphrase_diffspk_all_{words}word.csv"]
    ),
    PublishedFile(
        "musan",
        _openslr("17/musan.tar.gz"),
        "musan",
        "CC-BY-4.0",
        11086114085,
        "md5:0c472d4fc0c5141eca47ad1ffeb2a7df",
    ),
    PublishedFile(
        "rirs-noises",
        _openslr("28/rirs_noises.zip"),
        "RIRS_NOISES",
        "Apache-2.0",
        1311166223,
        "md5:e6f48e257286e05de56413b4779d8ffb",
    ),
    PublishedFile(
        "speech-commands",
        (f"{_SPEECH_COMMANDS}/speech_commands_v0.02.tar.gz",),
        "speech_commands_v0.02",
        "CC-BY-4.0",
        2428923189,
        "sha256:af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        into="speech_commands_v0.02",
    ),
    PublishedFile(
        "speech-commands-test",  # the checksum is that of many downloads, not the publisher's
        (f"{_SPEECH_COMMANDS}/speech_commands_test_set_v0.02.tar.gz",),
        "speech_commands_test_set_v0.02",
        "CC-BY-4.0",
        112563277,
        "sha256:cc2a00c1147c2254e9be3fa0f779d8c17421dc349b86366567a8edfa9acd51df",
        into="speech_commands_test_set_v0.02",
    ),
    PublishedFile(
        "speechocean762",  # free for commercial and non-commercial use, as its README says
        _openslr("101/speechocean762.tar.gz"),
        "speechocean762",
        "free use",
    ),
    PublishedFile(
        "wake-word-benchmark",
        ("https://github.com/Picovoice/wake-word-benchmark/archive/refs/heads/master.tar.gz",),
        "wake-word-benchmark",
        "Apache-2.0",
        top="wake-word-benchmark-master",
    ),
    PublishedFile(
        "kokoro-voices",  # of the network in the extra voices-kokoro; the checksum is that of a download
        ("https://registry.npmjs.org/kokoro-js/-/kokoro-js-1.2.1.tgz",),
        "kokoro-js/package/voices",
        "Apache-2.0",
        26887218,
        "sha256:1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
        into="kokoro-js",
    ),
    *(
        PublishedFile(
            f"demand-{place.lower()}",  # Thiemann, Ito and Vincent (2013); the café is published at 48 kHz alone
            (f"{_DEMAND}/{place}_{'48k' if place == 'SCAFE' else '16k'}.zip",),
            f"demand/{place}",
            "CC-BY-4.0",
            into="demand",
        )
        for place in _DEMAND_PLACES
    ),
    *(file for language in MSWC_LANGUAGES for file in _mswc(language)),
]
CATALOGUE = {file.name: file for file in _FILES}
# Names that stand for several files.
GROUPS = {
    "librispeech": [f"librispeech-{part}" for part in _LIBRISPEECH],
    "mini-librispeech": [f"librispeech-{part}" for part in _MINI_LIBRISPEECH],
    "demand": [f"demand-{place.lower()}" for place in _DEMAND_PLACES],
    "libriphrase": [f"libriphrase-{words}word" for words in range(1, 5)],
    **{f"mswc-{language}": [f"mswc-splits-{language}", f"mswc-audio-{language}"] for language in MSWC_LANGUAGES},
}


def published_files(names: Iterable[str]) -> list[PublishedFile]:
    """The files of the catalogue that ``names`` (of files and groups) stand for, each once.

    Raises
    ------
    CorpusError
        When a name is not in the catalogue.
    """
    found: dict[str, PublishedFile] = {}
    for name in names:
        for member in GROUPS.get(name, [name]):
            if member not in CATALOGUE:
                raise CorpusError(f"'{name}' is nothing that can be fetched; `kwskit fetch --list` names what can")
            found[member] = CATALOGUE[member]
    return list(found.values())
