"""onnxruntime for browsers, of one version, from npm."""

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from kwskit.errors import ExportError

VERSION = "1.23.2"
# Of its package the files for one thread, WebAssembly with SIMD, and their SHA-256.
BINARY = "ort-wasm-simd-threaded.wasm"
HASHES = {
    "ort.wasm.min.mjs": "69751720f611e37d1ce2fa3c6ebaa80f949014752636c5f8887a63d40feadcc7",
    "ort-wasm-simd-threaded.mjs": "90a557d15c02bac4504d95b67f431d8594635ed2a0a62a7f2cd83d090ff91d3e",
    BINARY: "45eaee27761ad883742a8d4b8fce1538d60ce43b51adf1726fafccc59b8c1a15",
}
SECONDS = 600  # that npm may take


def onnxruntime_web(folder: Path | None = None) -> dict[str, bytes]:
    """The files of ``HASHES`` by their names, from npm's registry.

    Parameters
    ----------
    folder : where the package has been unpacked, or its ``dist``; None fetches it

    Raises
    ------
    ExportError
        When there is no npm, the registry cannot be reached, or the files are not those of ``VERSION``.
    """
    if folder is not None:
        dist = folder / "dist" if (folder / "dist").is_dir() else folder
        return {name: _checked(name, _read(dist / name), str(dist / name)) for name in HASHES}
    with tempfile.TemporaryDirectory() as scratch:
        archive = _fetched(Path(scratch))
        with tarfile.open(archive) as package:
            found = {}
            for name in HASHES:
                member = package.extractfile(f"package/dist/{name}")
                found[name] = _checked(name, member.read() if member else b"", f"npm's onnxruntime-web {VERSION}")
    return found


def _fetched(folder: Path) -> Path:
    npm = shutil.which("npm")
    otherwise = f"or have onnxruntime-web {VERSION} in a folder: --ort DIR"
    if npm is None:
        raise ExportError(f"npm is needed to fetch onnxruntime-web {VERSION}, and is not installed; {otherwise}")
    command = [npm, "pack", f"onnxruntime-web@{VERSION}", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=folder)
    except subprocess.TimeoutExpired:
        raise ExportError(f"npm did not fetch onnxruntime-web {VERSION} within {SECONDS} s; {otherwise}") from None
    archive = next(folder.glob("*.tgz"), None)
    if done.returncode or archive is None:
        said = " ".join((done.stderr or done.stdout).split())[:300] or f"status {done.returncode}"
        raise ExportError(f"npm could not fetch onnxruntime-web {VERSION}: {said}; {otherwise}")
    return archive


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        needed = f"--ort is the folder of npm's package onnxruntime-web {VERSION}, unpacked"
        raise ExportError(f"{path}: cannot be read: {error.strerror}; {needed}") from error


def _checked(name: str, content: bytes, where: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != HASHES[name]:
        raise ExportError(f"{where}: {name} is not that of onnxruntime-web {VERSION}: its SHA-256 is another")
    return content
