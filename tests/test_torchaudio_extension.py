import subprocess
import sys
import textwrap

import pytest


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("error", ["OSError('libc10_cuda.so')", "RuntimeError('CUDA versions differ')"])
def test_torchaudio_imports_when_its_extension_does_not_load(error):
    # torchaudio loads its library through torch.ops.load_library: let that fail as on an unfit torch.
    assert "16000" in run(
        f"""
        import kwskit, torch
        def fail(path):
            raise {error}
        torch.ops.load_library = fail
        import torchaudio
        assert not torchaudio._extension._IS_TORCHAUDIO_EXT_AVAILABLE
        print(torchaudio.functional.resample(torch.zeros(8000), 8000, 16000).shape[-1])
        """
    )


def test_what_needs_the_extension_says_so():
    assert "compiled extension" in run(
        """
        import kwskit, torch
        def fail(path):
            raise OSError("libc10_cuda.so")
        torch.ops.load_library = fail
        import torchaudio
        try:
            torchaudio.functional.forced_align(torch.zeros(1, 5, 3), torch.ones(1, 2, dtype=torch.int32))
        except RuntimeError as error:
            print(error)
        """
    )


def test_importing_kwskit_imports_no_torch():
    assert run("import sys, kwskit; print('torch' in sys.modules)").strip() == "False"
