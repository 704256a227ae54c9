"""What both drivers make of an answer, and what they say of a call that was lost."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_pipelines.core.http.calls import Reply
from airflow_provider_pipelines.core.http.session import Undelivered

#: the largest answer that is read, in bytes; a list page or a log page has a few hundred kilobytes at most
LARGEST_ANSWER = 32 * 1024 * 1024
#: the largest header that is read, in bytes: the standard library's bound, for both drivers; a token of IAM is a header
#: of several kilobytes, and the other library's own bound is 8,190
LARGEST_HEADER = 65536
TIMED_OUT = "no answer within the time-out"
CUT = "the connection was lost before the answer was complete"
UNREACHABLE = "no connection could be made"
TLS = "the TLS certificate of the service could not be verified"
TLS_HINT = (
    "Give the certificate authority in the connection's field ca_bundle; verify=false would switch the check off."
)
HOST_HINT = "Check the host (or endpoint) in the connection, and that it can be reached from this machine."
PROXY_HINT = "Check the field proxy of the connection, or https_proxy and no_proxy in the environment of this machine."
PROXY_LOGIN = "the proxy wants a user and a password, or others"
NO_CERTIFICATES = "the file with the certificate authorities cannot be read"
TOO_LARGE = f"the answer is larger than {LARGEST_ANSWER // 1024 // 1024} MiB"


def to_reply(status: int, headers: Mapping[str, str], body: bytes, proxy: str | None) -> Reply:
    """
    Make the reply that a call gets.

    :raises Undelivered: a proxy answered in the service's place, the answer is too large, or is none
    """
    if status < 200:
        # 101: what follows on the connection is another protocol
        raise Undelivered(CUT, sent=True)
    if status == 407 and proxy:
        raise Undelivered(PROXY_LOGIN, sent=False, hint=PROXY_HINT)
    if len(body) > LARGEST_ANSWER:
        raise Undelivered(TOO_LARGE, sent=True)
    return Reply(status, {name.lower(): value for name, value in headers.items()}, body)
