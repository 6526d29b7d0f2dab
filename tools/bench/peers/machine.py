"""The machine and the versions that figures are of."""

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def machine_facts() -> dict[str, str | int | None]:
    """Processor, cores, operating system and Python."""
    model = platform.processor() or platform.machine()
    if CPUINFO.is_file():
        named = [line for line in CPUINFO.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        model = named[0].partition(":")[2].strip() if named else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def versions(distributions: Iterable[str]) -> dict[str, str | None]:
    """Of installed packages; None of what is not installed, such as a checkout."""
    found: dict[str, str | None] = {}
    for name in distributions:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found
