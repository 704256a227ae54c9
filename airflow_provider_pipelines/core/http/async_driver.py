"""The driver of the triggerer and of notebooks: ``aiohttp`` on the running event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http import delivery
from airflow_provider_pipelines.core.http.calls import (
    GATE_CHECK,
    Acquire,
    Await,
    Call,
    MaskSecret,
    Reply,
    SignedRequest,
    Sleep,
)
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.errors import PipelinesError

if TYPE_CHECKING:
    import aiohttp

    from airflow_provider_pipelines.core.http.calls import Gate
    from airflow_provider_pipelines.core.http.route import Route
    from airflow_provider_pipelines.core.http.sync_driver import T


class AsyncTransport:
    """
    Runs calls with ``aiohttp`` on the running event loop.

    :param route: how the service is reached
    :param sleep: waits for so many seconds, awaitable
    :param mask: keeps a derived secret out of the logs, awaitable
    """

    def __init__(
        self,
        route: Route,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        mask: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self.route = route
        self._sleep = sleep
        self._mask = mask or _no_mask
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()

    async def run(self, call: Call[T]) -> T:
        """Run a call to its end."""
        return await drive(call, self._perform)

    async def _perform(self, effect: Any) -> Any:
        match effect:
            case SignedRequest():
                return await self._send(effect)
            case Sleep(seconds):
                return await self._sleep(seconds)
            case MaskSecret(secret):
                return await self._mask(secret)
            case Await(answer):
                return await answer()
            case Acquire(gate):
                return await _enter(gate)
        raise TypeError(f"an async driver cannot carry out {effect!r}")

    async def _send(self, signed: SignedRequest) -> Reply:
        import aiohttp
        import yarl

        proxy = self.route.proxy_to(signed.url)
        async with self._opening:
            session = self._session = self._session or await self._open()
        try:
            url = yarl.URL(signed.url, encoded=True)
            async with session.request(
                signed.method,
                url,
                data=signed.body,
                headers=signed.headers,
                allow_redirects=False,
                proxy=proxy,
            ) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_chunked(64 * 1024):
                    body += chunk
                    if len(body) > delivery.LARGEST_ANSWER:
                        break
                return delivery.to_reply(answer.status, answer.headers, bytes(body), proxy)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            lost = _undelivered_by_aiohttp(error)
        # outside of the handler: the library's error holds the request, credentials included
        raise lost

    async def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        route = self.route
        try:
            context = await asyncio.to_thread(route.tls_context)
        except OSError:
            raise Undelivered(delivery.NO_CERTIFICATES, sent=False, hint=delivery.TLS_HINT) from None
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=20),
            timeout=aiohttp.ClientTimeout(total=route.total, sock_connect=route.timeout, sock_read=route.timeout),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            max_line_size=delivery.LARGEST_HEADER,
            max_field_size=delivery.LARGEST_HEADER,
        )  # fmt: skip
        # there is no public way: it sends a PUT or DELETE again by itself when a kept connection is lost
        session._retry_connection = False
        return session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()


async def _answer(effect: Any) -> Any:
    return await effect.answer()


async def drive(call: Call[T], perform: Callable[[Any], Awaitable[Any]] = _answer) -> T:
    """
    Run a call to its end on the running event loop.

    :param perform: carries out an effect; the usual one knows ``Await`` only, all that a watch on a poller yields
    """
    try:
        effect = next(call)
        while True:
            try:
                came = await perform(effect)
            except (Undelivered, PipelinesError) as error:
                effect = call.throw(error)
            else:
                effect = call.send(came)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        call.close()


async def _no_mask(_: str) -> None:
    return None


async def _enter(gate: Gate) -> asyncio.AbstractEventLoop:
    loop = asyncio.get_running_loop()
    turn: asyncio.Future[None] = loop.create_future()

    def let_in() -> None:
        if not turn.done():
            turn.set_result(None)

    def wake() -> None:
        loop.call_soon_threadsafe(let_in)

    if gate.enter(wake, loop):
        return loop
    try:
        while not turn.done():
            await asyncio.wait({turn}, timeout=GATE_CHECK)
            gate.recover(loop)
    except BaseException:  # cancelled, or the loop ends: whatever it is, the place goes to the next one
        gate.withdraw(wake, loop)
        raise
    return loop


def _undelivered_by_aiohttp(error: Exception) -> Undelivered:
    import aiohttp

    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Undelivered(delivery.TLS, sent=False, hint=delivery.TLS_HINT)
        case aiohttp.ClientConnectorDNSError():
            return Undelivered("the host name could not be resolved", sent=False, hint=delivery.HOST_HINT)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Undelivered("the proxy could not be used", sent=False, hint=delivery.PROXY_HINT)
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            return Undelivered(delivery.UNREACHABLE, sent=False, hint=delivery.HOST_HINT)
        case ValueError():
            return Undelivered("the address is no URL that can be called", sent=False, hint=delivery.HOST_HINT)
        case TimeoutError():
            return Undelivered(delivery.TIMED_OUT, sent=True)
    return Undelivered(delivery.CUT, sent=True)
