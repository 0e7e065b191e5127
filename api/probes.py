"""For load balancers and supervisors: is the process alive, and can it answer?"""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from db.engines import Engines


def routes(engines: Engines) -> APIRouter:
    router = APIRouter(tags=["probes"])

    @router.get("/livez", summary="200 while the process runs.")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz", summary="200 when a database node can answer, 503 otherwise.")
    async def readyz() -> JSONResponse:
        nodes = {node.name: "up" if node.standing.serving else "down" for node in engines.nodes}
        ready = "up" in nodes.values()
        return JSONResponse(
            {"status": "ready" if ready else "no database node answers", "nodes": nodes},
            status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
        )

    return router
