"""Jobs of a table: one may fail, all may be interrupted."""

import subprocess
import sys
from pathlib import Path

from kwskit.stages.table_jobs import Job, JobRunner


def test_a_failing_job_is_told_and_the_others_go_on(tmp_path, capsys):
    jobs = [
        Job(name, tmp_path / name, (("parts", kind), ("parts", "loss"))) for name, kind in (("a", "-x"), ("b", "loss"))
    ]
    assert JobRunner(2).run(jobs) == jobs[:1]
    out, message = capsys.readouterr()
    assert "a: FAILED" in out
    assert "b: done" in out
    assert "[2/2]" in out
    assert "unknown argument -x" in message or "unrecognized" in message or "-x" in message
    assert "!loss:asyp" in (tmp_path / "b/log.txt").read_text()


def test_interrupting_ends_the_running_jobs(tmp_path):
    """SIGTERM to the runner's process reaches its children; checkpoints are theirs to keep."""
    script = f"""
import os, signal, sys, threading, time
from pathlib import Path
from kwskit.stages import table_jobs
started = Path({str(tmp_path / "started")!r})
table_jobs.sys = type("S", (), {{"executable": {str(tmp_path / "child.sh")!r}, "stderr": sys.stderr}})
def stop():
    while not started.exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=stop).start()
try:
    table_jobs.JobRunner(1).run([table_jobs.Job("a", Path({str(tmp_path / "a")!r}), (("train",),))])
except KeyboardInterrupt:
    print("interrupted")
"""
    child = tmp_path / "child.sh"
    child.write_text(f"#!/bin/bash\ncd '{tmp_path}'\necho $$ > started.new\nmv started.new started\nexec sleep 60\n")
    child.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50)
    assert done.stdout == "interrupted\n", done.stderr
    pid = int((tmp_path / "started").read_text())
    assert not Path(f"/proc/{pid}").exists()
