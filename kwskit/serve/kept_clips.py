"""Clips that the page keeps: listed, played, judged, deleted."""

from datetime import datetime, timezone
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.refusal import Refusal
from kwskit.serve.upload import received_json
from kwskit.spotting.kept.kept_folder import VERDICTS, Kept, KeptFolder

SHOWN = 200  # clips, the latest


class KeptClips:
    """What visitors may ask of a folder of kept clips.

    Parameters
    ----------
    folder : of the clips
    work : does it
    """

    def __init__(self, folder: KeptFolder, work: HeavyWork):
        self.folder, self.work = folder, work

    def about(self) -> dict[str, float]:
        """What the page says of it."""
        return {"megabytes": self.folder.megabytes, "days": self.folder.days}

    def routes(self) -> list[Route]:
        """Of the page's API."""
        return [
            Route("/api/kept", self.listed),
            Route("/api/kept/{id}", self.sound, methods=["GET"]),
            Route("/api/kept/{id}", self.judge, methods=["POST"]),
            Route("/api/kept/{id}", self.delete, methods=["DELETE"]),
        ]

    async def listed(self, request: Request) -> Response:
        """The latest clips, the last one first, and how many there are."""
        kept = await self.work.piece(self.folder.kept)
        return JSONResponse({"count": len(kept), "clips": [_as_json(one) for one in kept[:SHOWN]]})

    async def sound(self, request: Request) -> Response:
        """A clip to be heard."""
        try:
            data = (await self._asked(request)).path.read_bytes()
        except OSError as error:
            raise _gone() from error
        return Response(data, media_type="audio/flac")

    async def judge(self, request: Request) -> Response:
        """A clip's verdict, given or taken back."""
        verdict = (await received_json(request)).get("verdict")
        if verdict not in VERDICTS:
            raise Refusal(400, f"A verdict is one of {', '.join(VERDICTS)}.")
        one = await self._asked(request)
        try:
            self.folder.mark(one, verdict)
        except OSError as error:
            raise Refusal(500, f"The verdict cannot be written: {error.strerror}.") from error
        return JSONResponse({"verdict": verdict})

    async def delete(self, request: Request) -> Response:
        """A clip deleted for good."""
        one = await self._asked(request)
        try:
            self.folder.remove(one)
        except OSError as error:
            raise Refusal(500, f"It cannot be deleted: {error.strerror}.") from error
        return JSONResponse({})

    async def _asked(self, request: Request) -> Kept:
        name = request.path_params["id"]
        kept = await self.work.piece(self.folder.kept)
        found = next((one for one in kept if one.clip.id == name), None)
        if found is None:
            raise _gone()
        return found


def _gone() -> Refusal:
    return Refusal(404, "This clip is not there any more.")


def _as_json(one: Kept) -> dict[str, Any]:
    clip = one.clip
    facts = {name: getattr(clip, name) for name in ("id", "keyword", "score", "threshold", "start", "stop", "hit")}
    when = datetime.fromtimestamp(clip.heard, timezone.utc).isoformat(timespec="seconds")
    return facts | {"heard": when, "verdict": one.verdict}
