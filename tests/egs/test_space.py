"""The folder of a Space: what it says to the Hub, and its page, started as its container starts it."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "egs/space"
DOCKERFILE = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text("utf-8"), flags=re.M)
SITE = "me-kwskit.hf.space"


def command():
    return json.loads(re.search(r"^CMD (.+)$", DOCKERFILE, re.M)[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """Of the page, served by the container's command; the port is one that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    kwskit = home / "kwskit"
    kwskit.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kwskit "$@"\n')
    kwskit.chmod(0o755)
    words = [word.replace("7860", str(number)) for word in command()]
    environment = {**os.environ, "PATH": f"{home}:{os.environ['PATH']}", "SPACE_HOST": SITE, "PYTHONPATH": str(ROOT)}
    environment["MODEL"] = re.search(r"^ENV MODEL=(\S+)$", DOCKERFILE, re.M)[1]
    running = subprocess.Popen(words, cwd=home, env=environment, stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline().startswith(f"http://0.0.0.0:{number}/")
    yield number
    running.terminate()
    running.wait(20)


def asked(port, method, path, host, origin=None, body=None):
    """Status, policy and facts of an answer; the server may still be beginning to listen."""
    for _ in range(50):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body, {"Host": host, **({"Origin": origin} if origin else {})})
            answer = connection.getresponse()
            return answer.status, answer.headers["content-security-policy"], answer.read()
        except ConnectionRefusedError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise AssertionError("nobody listens")


def test_the_hub_is_told_the_port_that_is_served():
    facts = yaml.safe_load((FOLDER / "README.md").read_text("utf-8").split("---\n")[1])
    assert (facts["sdk"], facts["app_port"]) == ("docker", 7860)
    assert re.findall(r"^EXPOSE (.+)$", DOCKERFILE, re.M) == ["7860"]
    assert "--host 0.0.0.0 --port 7860" in command()[-1]
    assert DOCKERFILE.index("USER 1000") > DOCKERFILE.rindex("\nRUN ")
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    assert all(f"\n{extra} =\n" in setup for extra in re.findall(r"\[(\w+)\]", DOCKERFILE))


def test_the_page_is_shown_by_the_hub_and_asked_by_itself_alone(port):
    status, policy, page = asked(port, "GET", "/", SITE)
    assert status == 200
    assert b"<title>" in page
    assert "frame-ancestors https://huggingface.co" in policy.split("; ")
    typed = json.dumps({"text": "hey nova", "fa_per_hour": 1})
    for host in (SITE, "10.0.0.7:7860"):  # as the proxy passes it on, or as it reaches the container
        status, _, answer = asked(port, "POST", "/api/keyword", host, f"https://{SITE}", typed)
        assert (status, "threshold" in json.loads(answer)) == (200, True)
    for origin in (None, "https://evil.example", f"https://{SITE}.evil.example"):
        assert asked(port, "POST", "/api/keyword", SITE, origin, typed)[0] == 403
    assert asked(port, "GET", "/", "evil.example")[0] == 403


@pytest.mark.parametrize("words", [["--frame", "https://a.example; script-src *"], ["--proxy", "https://a.example"]])
def test_what_is_no_origin_and_no_host_is_refused(words, capsys):
    from kwskit.cli import main

    assert main(["serve", *words]) == 2
    assert f"'{words[1]}' is no " in capsys.readouterr().err
