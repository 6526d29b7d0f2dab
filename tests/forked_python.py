"""A ``python`` for tests that start many processes: forks of one process that has imported what is slow to import.

Recipes start a process for each of their stages, and most of what such a tiny run computes is the import of torch and
SpeechBrain. The program has the arguments, environment, folder and streams of whoever starts it, the kwskit that it
would import, and ends as Python does; ``-m NAME`` and scripts run in forks, anything else is executed by Python itself.
It is ``sys.executable`` of the forks, so that what these start are forks, too.
"""

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SLOW = ("kwskit.stages.train", "kwskit.stages.score", "kwskit.evaluation.report", "torch._dynamo", "sklearn.metrics")
CLIENT = """#!{python} -ISE
import json, os, signal, socket, sys
arguments = sys.argv[1:]
if arguments[:1] == ["-u"]:  # as torchrun has it
    del arguments[0]
if not (arguments[:1] == ["-m"] or arguments[:1] and arguments[0].endswith(".py")):
    os.execv({python!r}, [{python!r}, *arguments])
server = socket.socket(socket.AF_UNIX)
server.connect({place!r})
request = json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(8, "big")], [0, 1, 2])
server.sendall(request)
status = int(server.recv(16) or b"-9")
if status < 0:  # as the fork was killed
    signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


class ForkedPython:
    """The environment, as tools/env.sh takes one, whose ``python`` is that program."""

    def __init__(self, folder: Path):
        self.folder, self.program = folder, folder / "bin/python"

    def environ(self, *programs: Path, **more: str) -> dict[str, str]:
        """Variables of a process that is to find it; what it finds first lies in the folders ``programs``."""
        path = [*map(str, programs), str(self.program.parent), f"{sys.prefix}/bin", os.environ["PATH"]]
        return {**os.environ, "VIRTUAL_ENV": str(self.folder), "PATH": os.pathsep.join(path), **more}


@pytest.fixture(scope="session")
def forked_python(tmp_path_factory):
    """A :class:`ForkedPython`; this interpreter's environment where the system has no ``pidfd_open``."""
    if not hasattr(os, "pidfd_open"):
        yield ForkedPython(Path(sys.prefix))
        return
    forked = ForkedPython(tmp_path_factory.mktemp("forked"))
    place = str(forked.folder / "socket")
    forked.program.parent.mkdir()
    forked.program.write_text(CLIENT.format(python=sys.executable, place=place))
    forked.program.chmod(0o755)
    command = [sys.executable, __file__, place, str(forked.program)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    assert server.stdout.readline() == b"ready\n"
    yield forked
    server.kill()
    server.wait()


def serve(place):
    """Fork for every request; returns in the forks, with the arguments of each."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(place)
    listener.listen(64)
    waiting = selectors.DefaultSelector()
    waiting.register(listener, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is listener:
                client, _ = listener.accept()
                (arguments, folder, environment), streams = received(client)
                child = os.fork()
                if not child:
                    for number, stream in enumerate(streams):
                        os.dup2(stream, number)
                        os.close(stream)
                    waiting.close()
                    listener.close()
                    client.close()
                    os.chdir(folder)
                    os.environ.clear()
                    os.environ.update(environment)
                    return arguments
                for stream in streams:
                    os.close(stream)
                handle = os.pidfd_open(child)
                waiting.register(handle, selectors.EVENT_READ, (child, client))
                waiting.register(client, selectors.EVENT_READ, (child, handle))
            elif isinstance(key.fileobj, int):  # a fork has ended
                child, client = key.data
                _, status = os.waitpid(child, 0)
                waiting.unregister(key.fileobj)
                os.close(key.fileobj)
                if client.fileno() >= 0:
                    waiting.unregister(client)
                    client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
                    client.close()
            else:  # who waited has gone
                os.kill(key.data[0], signal.SIGKILL)
                waiting.unregister(key.fileobj)
                key.fileobj.close()


def received(client):
    header, streams, _, _ = socket.recv_fds(client, 8, 3)
    left, request = int.from_bytes(header, "big"), b""
    while len(request) < left:
        request += client.recv(left - len(request))
    return json.loads(request), streams


def end_at_once(code):
    """End as sys.exit(code) does, but take nothing apart: that copies the pages of all that was imported."""
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit((code or 0) & 255)


if __name__ == "__main__":
    import gc
    import importlib.util
    import runpy

    outside = [one for one in sys.path[1:] if one not in os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    sys.path = [str(ROOT), *outside]
    for name in SLOW:
        importlib.import_module(name)
    sys.path = outside
    gc.collect()
    gc.freeze()  # or else looking through it all copies its pages for every fork
    place, program = sys.argv[1:]
    sys.argv, sys.executable = serve(place), program
    sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    module = sys.argv[0] == "-m"
    sys.path.insert(0, os.getcwd() if module else str(Path(sys.argv[0]).resolve().parent))
    own = {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "kwskit"}
    found = importlib.util.find_spec("kwskit")
    if found is not None and found.origin == own["kwskit"].__file__:  # and no other kwskit
        sys.modules |= own
    try:
        if module:
            sys.argv = sys.argv[1:]
            runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as end:
        end_at_once(end.code)
    end_at_once(None)
