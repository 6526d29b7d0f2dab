"""The stand-in for the Hugging Face Hub that takes uploads, too: repositories, branches, commits and large files."""

import base64
import hashlib
import json
from urllib.parse import unquote, urlsplit

import yaml

from tests.speech_model.hub_server import COMMIT, Handler, HubServer, etag

LARGE = (".safetensors", ".onnx", ".npz")  # by .gitattributes of a new repository
OWNERS = {"Bearer hf_mine": {"me"}, "Bearer hf_reading": set()}  # who may write where, by token
LICENCES = {"apache-2.0", "cc-by-4.0", "other"}


class UploadServer(HubServer):
    """An empty Hub; ``branches`` has the files of (repository, branch), ``commits`` what was told of each commit."""

    def __init__(self):
        super().__init__({}, set(), UploadHandler)
        self.branches: dict[tuple[str, str], dict[str, bytes]] = {}
        self.private: set[str] = set()
        self.large: dict[str, bytes] = {}
        self.commits: list[dict] = []


class UploadHandler(Handler):
    server: UploadServer

    def found(self, name, revision):
        branches = {branch: files for (owner, branch), files in self.server.branches.items() if owner == name}
        for branch, files in branches.items():
            commit = hashlib.sha1(repr((branch, sorted(files.items()))).encode()).hexdigest()
            if revision in (branch, commit):
                return files, commit
        return branches.get("main"), None

    def tell(self, name, rest, files):
        if rest[:1] == ["tree"]:
            super().tell(name, rest, files)
        else:
            self.reply({"id": name, "sha": self.commit_id, "private": name in self.server.private, "siblings": []})

    def do_PUT(self):  # noqa: N802
        """Storage, which the token is not shown to."""
        content, digest = self.body(), self.path.rpartition("/")[2]
        assert "Authorization" not in self.headers
        assert hashlib.sha256(content).hexdigest() == digest
        self.server.large[digest] = content
        self.reply({})

    def do_POST(self):  # noqa: N802
        path = unquote(urlsplit(self.path).path)
        body, parts = self.body(), path.strip("/").split("/")
        self.server.asked.append(f"POST {path}")
        owned = OWNERS.get(self.headers.get("Authorization"))
        if owned is None:
            self.refuse(401, "Invalid username or password.")
        elif path == "/api/validate-yaml":
            self.validate(json.loads(body)["content"])
        elif path == "/api/repos/create":
            self.create(owned, json.loads(body))
        elif (parts[0] if parts[0] != "api" else parts[2]) not in owned:
            self.refuse(403, "You don't have the required permissions.")
        elif path.endswith(".git/info/lfs/objects/batch"):
            self.batch(json.loads(body)["objects"])
        else:
            name, kind, revision = "/".join(parts[2:4]), parts[4], parts[5]
            getattr(self, kind)(name, revision, body)

    def create(self, owned, asked):
        name = f"{asked['organization']}/{asked['name']}"
        if asked["organization"] not in owned:
            self.refuse(403, "You don't have the rights to create a model under this namespace")
        elif (name, "main") in self.server.branches:
            self.reply({"error": "You already created this model repo", "url": f"{self.server.url}/{name}"}, 409)
        else:
            self.server.branches[name, "main"] = {".gitattributes": b"*.onnx filter=lfs\n"}
            if asked.get("visibility") == "private" or asked.get("private"):
                self.server.private.add(name)
            self.reply({"url": f"{self.server.url}/{name}"})

    def validate(self, text):
        """As the Hub does: a licence that it knows, and a model-index with what its specification requires."""
        facts = yaml.safe_load(text.split("---\n")[1])
        errors = [] if facts["license"] in LICENCES else [{"message": '"license" must be one of a list'}]
        for model in facts.get("model-index", []):
            for result in model["results"]:
                assert result["task"]["type"]
                assert result["dataset"]["type"]
                assert result["dataset"]["name"]
                assert all({"type", "value"} <= set(metric) for metric in result["metrics"])
        self.reply({"errors": errors, "warnings": []}, 400 if errors else 200)

    def branch(self, name, branch, body):
        if (name, branch) in self.server.branches:
            self.refuse(409, "Reference already exists")
        else:
            self.server.branches[name, branch] = dict(self.server.branches[name, "main"])
            self.reply({})

    def preupload(self, name, revision, body):
        there = self.server.branches[name, revision]
        self.reply(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                        "shouldIgnore": False,
                        "oid": etag(there[file["path"]]) if file["path"] in there else None,
                    }
                    for file in json.loads(body)["files"]
                ]
            }
        )

    def batch(self, objects):
        def one(facts):
            if facts["oid"] in self.server.large:
                return facts
            return {**facts, "actions": {"upload": {"href": f"{self.server.url}/storage/{facts['oid']}"}}}

        self.reply({"transfer": "basic", "objects": [one(facts) for facts in objects]})

    def commit(self, name, revision, body):
        header, *operations = (json.loads(line) for line in body.splitlines())
        files = dict(self.server.branches[name, revision])
        for operation in operations:
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
            else:
                assert operation["key"] == "deletedFile"
                del files[value["path"]]
        self.server.branches[name, revision] = files
        self.server.commits.append({"repository": name, "revision": revision, **header["value"]})
        self.reply({"commitUrl": f"{self.server.url}/{name}/commit/{COMMIT}", "commitOid": COMMIT})

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, facts, status=200):
        self.answer(status, json.dumps(facts).encode(), {"Content-Type": "application/json"})

    def refuse(self, status, message):
        self.reply({"error": message}, status)
