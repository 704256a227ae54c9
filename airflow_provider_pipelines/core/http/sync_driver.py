"""
The driver of workers: ``requests`` and the pools that it sets up.

It sends a ``SignedRequest`` byte for byte, follows no redirect, and tells the library's failures apart by whether the
service may have got the request. :mod:`.async_driver` is its twin.
"""

from __future__ import annotations

import math
import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_pipelines.core.http import delivery
from airflow_provider_pipelines.core.http.calls import (
    GATE_CHECK,
    Acquire,
    Call,
    MaskSecret,
    Reply,
    SignedRequest,
    Sleep,
)
from airflow_provider_pipelines.core.http.forks import leave_to_parent, renewed_in_children
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.errors import PipelinesError

if TYPE_CHECKING:
    import requests
    import urllib3

    from airflow_provider_pipelines.core.http.connections import Limit
    from airflow_provider_pipelines.core.http.route import Route

T = TypeVar("T")


class SyncTransport:
    """
    Runs calls with the connections of ``requests``, for one thread at a time.

    :param route: how the service is reached
    :param sleep: waits for so many seconds
    :param mask: keeps a derived secret out of the logs
    :param left: gives the seconds that an exchange has at most, beside what the route allows
    """

    def __init__(
        self,
        route: Route,
        sleep: Callable[[float], None] = time.sleep,
        mask: Callable[[str], None] = lambda _: None,
        left: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self.route = route
        self.left = left
        self._sleep = sleep
        self._mask = mask
        self._limit: Limit | None = None
        self._adapter: requests.adapters.HTTPAdapter | None = None
        self._pools: dict[tuple[Any, ...], urllib3.HTTPConnectionPool] = {}
        renewed_in_children(self)

    def renew(self) -> None:
        """Leave the connections to the parent: in a forked child, which makes its own."""
        if self._pools:
            from airflow_provider_pipelines.core.http.connections import close_here

            for pool in self._pools.values():
                close_here(pool)
            leave_to_parent(self._adapter, self._pools)
        self._adapter, self._pools = None, {}

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
            case SignedRequest():
                return self._send(effect)
            case Sleep(seconds):
                return self._sleep(seconds)
            case MaskSecret(secret):
                return self._mask(secret)
            case Acquire(gate):
                turn = threading.Event()
                if not gate.enter(turn.set):
                    try:
                        while not turn.wait(GATE_CHECK):
                            gate.recover()
                    except BaseException:
                        gate.withdraw(turn.set)
                        raise
                return None
        raise TypeError(f"a sync driver cannot carry out {effect!r}")

    def _send(self, signed: SignedRequest) -> Reply:
        import urllib3

        from airflow_provider_pipelines.core.http.connections import Limit

        headers = dict(signed.headers)
        length = len(signed.body or b"")
        if length or signed.method not in {"GET", "HEAD"}:
            headers["Content-Length"] = str(length)
        route = self.route
        proxy = route.proxy_to(signed.url)
        scheme, _, rest = signed.url.partition("://")
        host, _, target = rest.partition("/")
        limit = self._limit = self._limit or Limit()
        limit.begin(max(0.01, min(route.total, self.left())), route.timeout)
        try:
            # the pool alone: all that a session and an adapter would add is time, and a look at the environment
            answer = self._pool(f"{scheme}://{host}", proxy, limit).urlopen(
                signed.method,
                # a proxy is told the whole address, unless it only makes a tunnel
                signed.url if proxy and scheme == "http" else f"/{target}",
                body=signed.body,
                headers=headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=limit.left(),
                preload_content=False,
                decode_content=False,
            )
            with answer:
                body = answer.read(delivery.LARGEST_ANSWER + 1, decode_content=True)
            return delivery.to_reply(answer.status, dict(answer.headers), body, proxy)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            lost = _undelivered_by_urllib3(error)
        # outside of the handler: the library's error may hold the request, credentials included
        raise lost

    def _pool(self, address: str, proxy: str | None, limit: Limit) -> urllib3.HTTPConnectionPool:
        """Give the connections to an address, with proxy and certificates as ``requests`` sets them up."""
        import requests

        from airflow_provider_pipelines.core.http.connections import keep_to

        route = self.route
        known = (address, proxy, route.verify, route.ca_bundle)
        if known not in self._pools:
            adapter = self._adapter = self._adapter or requests.adapters.HTTPAdapter()
            prepared = requests.PreparedRequest()
            prepared.url = f"{address}/"
            proxies = {"http": proxy, "https": proxy} if proxy else {}
            verify = (route.ca_bundle or True) if route.verify else False
            pool: Any = adapter.get_connection_with_tls_context(prepared, verify, proxies)
            keep_to(limit, pool)
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
        return Undelivered(delivery.TLS, sent=False, hint=delivery.TLS_HINT)
    if isinstance(reason, ssl.SSLError):
        # an alert may come in the handshake or after the request: only the certificate tells that nothing was sent
        return Undelivered(f"TLS failed ({reason.reason or 'no reason given'})", sent=True, hint=delivery.TLS_HINT)
    if "TLS CA certificate bundle" in str(error):
        return Undelivered(delivery.NO_CERTIFICATES, sent=False, hint=delivery.TLS_HINT)
    if isinstance(error, urllib3.exceptions.ProxyError):
        return Undelivered("the proxy could not be used", sent=False, hint=delivery.PROXY_HINT)
    if isinstance(reason, urllib3.exceptions.NameResolutionError):
        return Undelivered("the host name could not be resolved", sent=False, hint=delivery.HOST_HINT)
    refused = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError, ConnectionRefusedError)
    if isinstance(error, refused) or isinstance(reason, refused):
        return Undelivered(delivery.UNREACHABLE, sent=False, hint=delivery.HOST_HINT)
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return Undelivered(delivery.TIMED_OUT, sent=True)
    if isinstance(error, ValueError):
        return Undelivered("the address is no URL that can be called", sent=False, hint=delivery.HOST_HINT)
    return Undelivered(delivery.CUT, sent=True)
