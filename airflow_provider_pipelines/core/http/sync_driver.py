"""
The two drivers: ``requests`` for workers, ``aiohttp`` for the triggerer.

Both take the same :class:`Route` (proxy, TLS, time-outs), send a :class:`Wire` byte for byte, follow no redirect
and tell their libraries' failures apart by one table: whether the service may have got the request.
"""

from __future__ import annotations

import asyncio
import functools
import os
import ssl
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from airflow_provider_pipelines.core.http.calls import Ask, Call, Derived, Enter, Reply, Sleep, Wire
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.errors import PipelinesError

if TYPE_CHECKING:
    import aiohttp
    import requests
    import urllib3

T = TypeVar("T")

#: the largest answer that is read, in bytes; a list page or a log page has a few hundred kilobytes at most
LARGEST_ANSWER = 32 * 1024 * 1024
#: the largest header that is read, in bytes: the standard library's bound, for both drivers; a token of IAM is a header
#: of several kilobytes, and the other library's own bound is 8,190
LARGEST_HEADER = 65536


@dataclass(frozen=True, slots=True)
class Route:
    """
    How a service is reached.

    :param verify: whether TLS certificates are checked
    :param ca_bundle: path of a file with the certificates to trust, or None for the usual ones
    :param timeout: seconds, for connecting and for each read
    :param proxy: the proxy's URL for every address, or None to let ``environment`` decide
    :param environment: proxies by scheme and exceptions, as ``getproxies_environment`` gives them; {} for none
    """

    verify: bool = True
    ca_bundle: str | None = None
    timeout: float = 15.0
    proxy: str | None = field(default=None, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def proxy_to(self, url: str) -> str | None:
        """Give the proxy for an address, with its scheme; None for a direct way."""
        if self.proxy is not None or not self.environment:
            return self.proxy
        parts = urlsplit(url)
        if (parts.hostname or "") in {"localhost", "127.0.0.1", "::1"}:
            return None
        # the type stubs have the variants of some platforms only
        if urllib.request.proxy_bypass_environment(parts.netloc, dict(self.environment)):  # type: ignore[attr-defined]
            return None
        proxy = self.environment.get(parts.scheme) or self.environment.get("all")
        return f"http://{proxy}" if proxy and "://" not in proxy else proxy or None

    def tls_context(self) -> ssl.SSLContext:
        """Make the context that checks certificates as this route says."""
        import certifi

        if self.verify:
            return certificates(self.ca_bundle or certifi.where())
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


def certificates(path: str) -> ssl.SSLContext:
    """
    Make a context that trusts the authorities of a file, or of the files of a folder.

    :raises OSError: it cannot be read, or holds no certificates (``ssl.SSLError``)
    """
    known = os.stat(path)
    return _read_certificates(path, os.path.isdir(path), known.st_mtime_ns, known.st_size)


@functools.lru_cache(maxsize=8)
def _read_certificates(path: str, folder: bool, *_: int) -> ssl.SSLContext:
    """Read them once while the file stays as it is: a usual bundle takes 50 ms."""
    return ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)


def environment_proxies() -> Mapping[str, str]:
    """Give the proxies that the environment names, ``no_proxy`` among them."""
    return urllib.request.getproxies_environment()


# the order in which requests looks for them
_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def environment_bundle() -> tuple[str, str] | None:
    """Give the variable of the environment that names a certificate file, and the file, if any."""
    return next(((name, path) for name in _BUNDLE_VARIABLES if (path := os.environ.get(name))), None)


_TIMED_OUT = "no answer within the time-out"
_CUT = "the connection was lost before the answer was complete"
_UNREACHABLE = "no connection could be made"
_TLS = "the TLS certificate of the service could not be verified"
_TLS_HINT = (
    "Give the certificate authority in the connection's field ca_bundle; verify=false would switch the check off."
)
_HOST_HINT = "Check the host (or endpoint) in the connection, and that it can be reached from this machine."
_PROXY_HINT = "Check the field proxy of the connection, or https_proxy and no_proxy in the environment of this machine."
_PROXY_LOGIN = "the proxy wants a user and a password, or others"
_NO_CERTIFICATES = "the file with the certificate authorities cannot be read"
_TOO_LARGE = f"the answer is larger than {LARGEST_ANSWER // 1024 // 1024} MiB"


def _reply(status: int, headers: Mapping[str, str], body: bytes, proxy: str | None) -> Reply:
    if status == 407 and proxy:
        raise Undelivered(_PROXY_LOGIN, sent=False, hint=_PROXY_HINT)
    if len(body) > LARGEST_ANSWER:
        raise Undelivered(_TOO_LARGE, sent=True)
    return Reply(status, {name.lower(): value for name, value in headers.items()}, body)


class SyncTransport:
    """
    Runs calls with the connections of ``requests``, for one thread at a time.

    :param route: how the service is reached
    :param sleep: waits for so many seconds
    :param mask: keeps a derived secret out of the logs
    """

    def __init__(
        self,
        route: Route,
        sleep: Callable[[float], None] = time.sleep,
        mask: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.route = route
        self._sleep = sleep
        self._mask = mask
        self._adapter: requests.adapters.HTTPAdapter | None = None
        self._pools: dict[tuple[Any, ...], urllib3.HTTPConnectionPool] = {}

    def run(self, call: Call[T]) -> T:
        """Run a call to its end."""
        try:
            effect = next(call)
            while True:
                try:
                    came = self.perform(effect)
                except (Undelivered, PipelinesError) as error:
                    effect = call.throw(error)
                else:
                    effect = call.send(came)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            call.close()

    def perform(self, effect: Any) -> Any:
        """Carry out one effect of a call."""
        match effect:
            case Wire():
                return self._send(effect)
            case Sleep(seconds):
                return self._sleep(seconds)
            case Derived(secret):
                return self._mask(secret)
            case Enter(gate):
                turn = threading.Event()
                if not gate.enter(turn.set):
                    try:
                        turn.wait()
                    except BaseException:
                        gate.withdraw(turn.set)
                        raise
                return None
        raise TypeError(f"a sync driver cannot carry out {effect!r}")

    def _send(self, wire: Wire) -> Reply:
        import urllib3

        headers = dict(wire.headers)
        length = len(wire.body or b"")
        if length or wire.method not in {"GET", "HEAD"}:
            headers["Content-Length"] = str(length)
        route = self.route
        proxy = route.proxy_to(wire.url)
        scheme, _, rest = wire.url.partition("://")
        host, _, target = rest.partition("/")
        try:
            # the pool alone: all that a session and an adapter would add is time, and a look at the environment
            answer = self._pool(f"{scheme}://{host}", proxy).urlopen(
                wire.method,
                # a proxy is told the whole address, unless it only makes a tunnel
                wire.url if proxy and scheme == "http" else f"/{target}",
                body=wire.body,
                headers=headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=urllib3.Timeout(connect=route.timeout, read=route.timeout),
                preload_content=False,
                decode_content=False,
            )
            with answer:
                body = answer.read(LARGEST_ANSWER + 1, decode_content=True)
            return _reply(answer.status, dict(answer.headers), body, proxy)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            lost = _undelivered_by_urllib3(error)
        # outside of the handler: the library's error may hold the request, credentials included
        raise lost

    def _pool(self, address: str, proxy: str | None) -> urllib3.HTTPConnectionPool:
        """Give the connections to an address, with proxy and certificates as ``requests`` sets them up."""
        import requests

        route = self.route
        known = (address, proxy, route.verify, route.ca_bundle)
        if known not in self._pools:
            adapter = self._adapter = self._adapter or requests.adapters.HTTPAdapter()
            prepared = requests.PreparedRequest()
            prepared.url = f"{address}/"
            proxies = {"http": proxy, "https": proxy} if proxy else {}
            verify = (route.ca_bundle or True) if route.verify else False
            pool: Any = adapter.get_connection_with_tls_context(prepared, verify, proxies)
            adapter.cert_verify(pool, prepared.url, verify, None)  # type: ignore[no-untyped-call]  # has no types
            self._pools[known] = pool
        return self._pools[known]

    def close(self) -> None:
        """Close the connections."""
        if self._adapter is not None:
            self._adapter.close()
            self._adapter = None
            self._pools.clear()


def _undelivered_by_urllib3(error: Exception) -> Undelivered:
    import urllib3

    reason = error
    while True:
        inner = getattr(reason, "reason", None) or next(
            (arg for arg in reason.args if isinstance(arg, Exception)), None
        )
        if inner is None or not isinstance(inner, Exception):
            break
        reason = inner
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Undelivered(_TLS, sent=False, hint=_TLS_HINT)
    if isinstance(reason, ssl.SSLError):
        # an alert may come in the handshake or after the request: only the certificate tells that nothing was sent
        return Undelivered(f"TLS failed ({reason.reason or 'no reason given'})", sent=True, hint=_TLS_HINT)
    if "TLS CA certificate bundle" in str(error):
        return Undelivered(_NO_CERTIFICATES, sent=False, hint=_TLS_HINT)
    if isinstance(error, urllib3.exceptions.ProxyError):
        return Undelivered("the proxy could not be used", sent=False, hint=_PROXY_HINT)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return Undelivered("the host name could not be resolved", sent=False, hint=_HOST_HINT)
    refused = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, ConnectionRefusedError)
    if isinstance(error, refused) or isinstance(reason, refused):
        return Undelivered(_UNREACHABLE, sent=False, hint=_HOST_HINT)
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return Undelivered(_TIMED_OUT, sent=True)
    if isinstance(error, ValueError):
        return Undelivered("the address is no URL that can be called", sent=False, hint=_HOST_HINT)
    return Undelivered(_CUT, sent=True)


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
            case Wire():
                return await self._send(effect)
            case Sleep(seconds):
                return await self._sleep(seconds)
            case Derived(secret):
                return await self._mask(secret)
            case Ask(answer):
                return await answer()
            case Enter(gate):
                return await _enter(gate)
        raise TypeError(f"an async driver cannot carry out {effect!r}")

    async def _send(self, wire: Wire) -> Reply:
        import aiohttp
        import yarl

        proxy = self.route.proxy_to(wire.url)
        async with self._opening:
            session = self._session = self._session or await self._open()
        try:
            url = yarl.URL(wire.url, encoded=True)
            async with session.request(
                wire.method,
                url,
                data=wire.body,
                headers=wire.headers,
                allow_redirects=False,
                proxy=proxy,
            ) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_chunked(64 * 1024):
                    body += chunk
                    if len(body) > LARGEST_ANSWER:
                        break
                return _reply(answer.status, answer.headers, bytes(body), proxy)
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
            raise Undelivered(_NO_CERTIFICATES, sent=False, hint=_TLS_HINT) from None
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=20),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=route.timeout, sock_read=route.timeout),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            max_line_size=LARGEST_HEADER,
            max_field_size=LARGEST_HEADER,
        )  # fmt: skip

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

    :param perform: carries out an effect; the usual one knows ``Ask`` only, all that a watch on a poller yields
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


async def _enter(gate: Any) -> None:
    loop = asyncio.get_running_loop()
    turn: asyncio.Future[None] = loop.create_future()

    def let_in() -> None:
        if not turn.done():
            turn.set_result(None)

    def wake() -> None:
        loop.call_soon_threadsafe(let_in)

    if gate.enter(wake):
        return
    try:
        await turn
    except asyncio.CancelledError:
        gate.withdraw(wake)
        raise


def _undelivered_by_aiohttp(error: Exception) -> Undelivered:
    import aiohttp

    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Undelivered(_TLS, sent=False, hint=_TLS_HINT)
        case aiohttp.ClientConnectorDNSError():
            return Undelivered("the host name could not be resolved", sent=False, hint=_HOST_HINT)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return Undelivered("the proxy could not be used", sent=False, hint=_PROXY_HINT)
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientConnectorError():
            return Undelivered(_UNREACHABLE, sent=False, hint=_HOST_HINT)
        case ValueError():
            return Undelivered("the address is no URL that can be called", sent=False, hint=_HOST_HINT)
        case TimeoutError():
            return Undelivered(_TIMED_OUT, sent=True)
    return Undelivered(_CUT, sent=True)
