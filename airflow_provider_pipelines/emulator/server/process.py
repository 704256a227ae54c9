"""The server process: one port, a ready file, and an end within two seconds."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.server.app import create_app

if TYPE_CHECKING:
    from starlette.types import Scope

    from airflow_provider_pipelines.emulator.world import World


class Server(uvicorn.Server):
    """
    Serves a world.

    :param host: address to listen on
    :param port: 0 for any free one
    :param announce: is called with :meth:`ready` as soon as requests are taken
    """

    def __init__(
        self,
        world: World,
        seed: Mapping[str, Any],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        announce: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.world = world
        self.announce = announce
        self.socket = _listening(host, port)
        self.transports: dict[tuple[str, int], asyncio.Transport] = {}
        config = uvicorn.Config(
            create_app(world, seed, self.drop),
            # h11 hands the request target on as it came; signatures are checked over those bytes.
            http=_protocol(self.transports),
            ws="none",
            lifespan="off",
            loop="asyncio",
            access_log=False,
            log_level="error",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        super().__init__(config)

    @property
    def url(self) -> str:
        """Where the emulator is reached."""
        host, port = self.socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def ready(self) -> dict[str, Any]:
        """Return what the ready file holds: the address, and connections for Airflow's environment."""
        enos = {
            "conn_type": "enos",
            "host": self.url,
            "login": credentials.ENOS_ACCESS_KEY,
            "password": credentials.ENOS_SECRET_KEY,
            "extra": {"org_id": self.world.org_id},
        }
        huaweicloud = {
            "conn_type": "huaweicloud",
            "login": credentials.HUAWEI_ACCESS_KEY,
            "password": credentials.HUAWEI_SECRET_KEY,
            "extra": {
                "region": credentials.REGION,
                "project_id": self.world.iam_projects[credentials.REGION],
                "codearts_project_id": self.world.codearts_project_id,
                "iam_endpoint": self.url,
                "codearts_endpoint": self.url,
                "dli_endpoint": self.url,
            },
        }
        return {
            "url": self.url,
            "env": {
                "AIRFLOW_CONN_ENOS_DEFAULT": json.dumps(enos),
                "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT": json.dumps(huaweicloud),
            },
        }

    def drop(self, scope: Scope) -> None:
        """Close the connection of a request at once."""
        transport = self.transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.abort()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Take requests, and say so."""
        await super().startup(sockets)
        if self.announce is not None:
            self.announce(self.ready())

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop."""
        super().run(sockets=[self.socket])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle off only for sockets that say they are TCP
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, OverflowError):
        listening.close()
        raise
    return listening


def _protocol(transports: dict[tuple[str, int], asyncio.Transport]) -> type[asyncio.Protocol]:
    class Protocol(H11Protocol):
        """Remembers the transport of each connection, so that it can be closed without an answer."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in h11_impl
            super().connection_made(transport)
            transports[transport.get_extra_info("peername")[:2]] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            transports.pop(self.transport.get_extra_info("peername")[:2], None)
            super().connection_lost(exc)

    return Protocol


def write_ready_file(path: Path, ready: Mapping[str, Any]) -> None:
    """Write the ready file, whole and readable for its owner only."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(ready, file)
    unfinished.replace(path)
