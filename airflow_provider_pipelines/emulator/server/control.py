"""The control routes: look into the world, move it, break it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from airflow_provider_pipelines.emulator.server.faults import FaultError, Faults
from airflow_provider_pipelines.emulator.settings import SettingError
from airflow_provider_pipelines.emulator.world import SERVICES, World

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from airflow_provider_pipelines.emulator.server.journal import Journal


_Body = Any


class Invalid(ValueError):
    """A request that asks for something that cannot be."""


class Control:
    """
    Answers below ``/_emulator``.

    :param seed: what a reset goes back to
    """

    def __init__(self, world: World, seed: Mapping[str, Any], faults: Faults, journal: Journal) -> None:
        self.world = world
        self.seed = seed
        self.faults = faults
        self.journal = journal
        self.first_settings = world.settings.dump()
        self.app: ASGIApp = _Guard(
            Router(
                [
                    self._route("/state", GET=self.state),
                    self._route("/reset", POST=self.reset),
                    self._route("/faults", GET=self.waiting_faults, POST=self.add_faults, DELETE=self.clear_faults),
                    self._route("/journal", GET=self.calls),
                    self._route("/advance", POST=self.advance),
                    self._route("/clock", GET=self.time),
                    self._route("/things", POST=self.change_thing),
                    self._route("/settings", GET=self.settings, POST=self.change_settings),
                ]
            )
        )

    def _route(self, path: str, **by_method: Callable[[Request, _Body], Any]) -> Route:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            try:
                body = json.loads(raw) if raw else None
            except ValueError:
                return _error(400, "the body is not JSON")
            self.world.settle()
            try:
                answer = by_method[request.method](request, body)
            except (Invalid, FaultError, SettingError) as error:
                return _error(422, str(error))
            return Response(status_code=204) if answer is None else JSONResponse(answer)

        return Route(path, endpoint, methods=list(by_method))

    def state(self, request: Request, body: _Body) -> Any:
        """Return the state, which may be used as a seed."""
        return self.world.dump()

    def reset(self, request: Request, body: _Body) -> Any:
        """Go back to the seed and the settings of the start; forget faults and calls. The world's time goes on."""
        self.world.settings.update(self.first_settings)
        self.world.reload(self.seed)
        self.faults.clear()
        self.journal.clear()

    def waiting_faults(self, request: Request, body: _Body) -> Any:
        """Return the faults that wait to be met."""
        return self.faults.dump()

    def add_faults(self, request: Request, body: _Body) -> Any:
        """Add a fault or a list of them."""
        return {"added": self.faults.add(body)}

    def clear_faults(self, request: Request, body: _Body) -> Any:
        """Forget all faults."""
        self.faults.clear()

    def calls(self, request: Request, body: _Body) -> Any:
        """Return the calls after a number."""
        try:
            after = int(request.query_params.get("after", 0))
        except ValueError:
            raise Invalid("'after' must be a whole number") from None
        return self.journal.after(after)

    def advance(self, request: Request, body: _Body) -> Any:
        """Move the world's time forward."""
        seconds = body.get("seconds") if isinstance(body, dict) else None
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise Invalid("'seconds' must be a number from 0 up")
        self.world.clock.advance(seconds)
        self.world.settle()
        return {"now": self.world.now}

    def time(self, request: Request, body: _Body) -> Any:
        """Return the world's time."""
        clock = self.world.clock
        return {"now": clock.now(), "mode": clock.mode, "speed": clock.speed}

    def change_thing(self, request: Request, body: _Body) -> Any:
        """Change the status of a thing as somebody else would."""
        given = body if isinstance(body, dict) else {}
        service, id, status = given.get("service"), given.get("id"), given.get("status")
        if set(given) - {"service", "id", "status"} or service not in SERVICES or not isinstance(status, str):
            raise Invalid("needed are 'service', 'id' and 'status', the service being one of " + ", ".join(SERVICES))
        if not self.world.interfere(service, str(id), status):
            raise Invalid(f"{service} has nothing with the id {id!r}")
        return {"service": service, "id": str(id), "status": status}

    def settings(self, request: Request, body: _Body) -> Any:
        """Return all settings."""
        return self.world.settings.dump()

    def change_settings(self, request: Request, body: _Body) -> Any:
        """Change some settings."""
        if not isinstance(body, dict):
            raise Invalid("settings are an object of names and values")
        self.world.settings.update(body)
        return self.world.settings.dump()


class _Guard:
    """Keeps web pages out, and gives every refusal the same shape."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if any(name.lower() == b"origin" for name, _ in scope["headers"]):
            answer = _error(403, "the control routes are not for web pages")
            return await answer(scope, receive, send)
        try:
            return await self.app(scope, receive, send)
        except HTTPException as error:
            return await _error(error.status_code, error.detail)(scope, receive, send)


def _error(status: int, text: str) -> Response:
    return JSONResponse({"error": text}, status)
