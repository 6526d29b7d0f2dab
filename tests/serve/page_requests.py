"""Requests to the page as a browser makes them."""

import http.client
import io
import json
from urllib.parse import quote

import soundfile


def asked(port, method, path, body=None, **headers):
    """Status, headers and body of an answer; the request comes from the page itself, where nothing else is said."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {"Host": f"127.0.0.1:{port}", "Origin": f"http://127.0.0.1:{port}"} | headers
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, {name: value for name, value in headers.items() if value is not None})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def refusal(port, method, path, body=None, **headers):
    """Status and told reason of a refused request, which is a sentence."""
    status, _, message = asked(port, method, path, body, **headers)
    reason = json.loads(message)["error"]
    assert status >= 400
    assert reason[0].isupper() or not reason[0].isalpha()
    assert reason.endswith(".") or reason.endswith("?")
    return status, reason


def wav(samples, rate=16_000, **options):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", **options)
    return file.getvalue()


def spot(port, body, names):
    path = "/api/spot?" + "&".join(f"keyword={quote(name)}" for name in names)
    status, _, answer = asked(port, "POST", path, body)
    assert status == 200, answer
    return [json.loads(line) for line in answer.splitlines()]
