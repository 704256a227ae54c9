"""How a service is reached: proxy, TLS, time-outs, and what the environment says of them."""

from __future__ import annotations

import functools
import os
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

#: connecting, sending, the answer's head and its body may each take as long as one read
TIMES = 4


@dataclass(frozen=True, slots=True)
class Route:
    """
    How a service is reached.

    :param verify: whether TLS certificates are checked
    :param ca_bundle: path of a file with the certificates to trust, or None for the usual ones
    :param timeout: seconds, for connecting and for each read; all of an exchange takes :attr:`total` at most
    :param proxy: the proxy's URL for every address, or None to let ``environment`` decide
    :param environment: proxies by scheme and exceptions, as ``getproxies_environment`` gives them; {} for none
    """

    verify: bool = True
    ca_bundle: str | None = None
    timeout: float = 15.0
    proxy: str | None = field(default=None, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def total(self) -> float:
        """Seconds for an exchange as a whole, however often a few bytes of it come in time."""
        return TIMES * self.timeout

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
