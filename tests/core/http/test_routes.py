"""Proxy, certificates, time-outs, redirects and bounds: read once from connection and environment, alike in both drivers."""

import asyncio
import base64
import json
import socket
import ssl
import threading
import warnings

import pytest
import trustme

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http import delivery
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.calls import SignedRequest
from airflow_provider_pipelines.core.http.route import Route
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.enos.hook import EnosHook

VARIABLES = (
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "requests_ca_bundle",
    "curl_ca_bundle",
    "ssl_cert_file",
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Peer:
    """
    A server, or a proxy that tunnels, for a few connections.

    :param answer: bytes to send for each request, or a function that gives them for the request's head
    :param context: speaks TLS
    """

    def __init__(self, answer, context=None):
        self.answer = answer if callable(answer) else lambda _: answer
        self.context = context
        self.heads = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.attend, args=(connection,), daemon=True).start()

    def attend(self, connection):
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            head = self.head(connection)
            self.heads.append(head)
            if head.startswith("CONNECT ") and (target := self.answer(head)) is None:
                return self.tunnel(connection, head.split()[1])
            connection.sendall(self.answer(head) if not head.startswith("CONNECT ") else target)
        except OSError:
            return None
        finally:
            connection.close()
        return None

    def head(self, connection):
        data = b""
        while b"\r\n\r\n" not in data and (chunk := connection.recv(65536)):
            data += chunk
        return data.partition(b"\r\n\r\n")[0].decode("latin-1")

    def tunnel(self, connection, target):
        host, _, port = target.rpartition(":")
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection((host, int(port))) as far:
            back = threading.Thread(target=self.pump, args=(far, connection), daemon=True)
            back.start()
            self.pump(connection, far)
            back.join(5)

    def pump(self, source, sink):
        try:
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def http(status="200 OK", body=b"{}", *headers):
    return (
        "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]).encode()
        + b"\r\n\r\n"
        + body
    )


@pytest.fixture
def peer():
    peers = []

    def start(answer, context=None):
        peers.append(Peer(answer, context))
        return peers[-1]

    yield start
    for one in peers:
        one.socket.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return path, context


def by_requests(route, wire):
    transport = SyncTransport(route)
    try:
        return transport._send(wire)
    finally:
        transport.close()


def by_aiohttp(route, wire):
    async def main():
        transport = AsyncTransport(route)
        try:
            return await transport._send(wire)
        finally:
            await transport.close()

    return asyncio.run(main())


@pytest.fixture(params=[by_requests, by_aiohttp], ids=["requests", "aiohttp"])
def send(request):
    return request.param


def get(url, **headers):
    return SignedRequest("GET", url, {"Authorization": "c4n4ry", **headers})


def connect(monkeypatch, extra=None, **fields):
    given = {"conn_type": "enos", "host": "https://gateway.example.com", "login": "k", "password": "s"}
    given |= fields | {"extra": {"org_id": "o1", **(extra or {})}}
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps(given))
    return EnosHook()


def route_of(hook):
    return hook.bind(hook.fields).route


# the proxy


def test_the_connections_proxy_wins_over_the_environments(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://environment:3128")
    monkeypatch.setenv("no_proxy", "gateway.example.com")
    route = route_of(connect(monkeypatch, {"proxy": "http://connection:3128"}))
    assert route.proxy_to("https://gateway.example.com/x") == "http://connection:3128"


def test_without_one_the_environment_decides_for_each_address(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://environment:3128")
    monkeypatch.setenv("no_proxy", ".inside.example.com,10.0.0.1")
    route = route_of(connect(monkeypatch))
    assert route.proxy_to("https://gateway.example.com/x") == "http://environment:3128"
    assert route.proxy_to("https://iam.inside.example.com:8443/x") is None
    assert route.proxy_to("https://10.0.0.1/") is None
    assert route.proxy_to("http://gateway.example.com/") is None
    assert route.proxy_to("https://localhost:1/") is None


def test_the_proxy_for_all_and_one_without_a_scheme_are_understood(monkeypatch):
    monkeypatch.setenv("all_proxy", "proxy.example.com:3128")
    assert route_of(connect(monkeypatch)).proxy_to("https://a.example.com") == "http://proxy.example.com:3128"


def test_direct_leaves_the_environments_proxy_out(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://environment:3128")
    route = route_of(connect(monkeypatch, {"proxy": "direct"}))
    assert route.proxy_to("https://gateway.example.com/x") is None


def test_the_environment_is_read_once_and_not_at_each_call(monkeypatch):
    route = route_of(connect(monkeypatch))
    monkeypatch.setenv("https_proxy", "http://later:3128")
    assert route.proxy_to("https://gateway.example.com/x") is None


@pytest.mark.parametrize(
    "proxy",
    ["socks5://c4n4ry:1", "c4n4ry:3128", "http://", "http://u:c4n4ry@h:99999", "http://h:3128/c4n4ry", "http://h?c4n4ry", "http://[c4n4ry", "http://ü:1", 7, "http://h:0"],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_told_and_not_shown(monkeypatch, proxy):
    with pytest.raises(errors.ConfigurationError, match=r"field Proxy \(proxy\)") as caught:
        route_of(connect(monkeypatch, {"proxy": proxy}))
    assert "c4n4ry" not in str(caught.value)


def test_an_environments_proxy_that_cannot_be_used_is_told_and_not_shown(monkeypatch):
    monkeypatch.setenv("https_proxy", "socks5://u:c4n4ry@proxy:1080")
    with pytest.raises(errors.ConfigurationError, match="the environment names one that is not http") as caught:
        route_of(connect(monkeypatch))
    assert "c4n4ry" not in str(caught.value)
    monkeypatch.setenv("no_proxy", "gateway.example.com")
    route_of(connect(monkeypatch))


def test_a_proxy_gets_its_own_credentials_and_the_services_stay_in_the_tunnel(send, peer, authority):
    path, context = authority
    server = peer(http(), context)
    proxy = peer(lambda _: None)
    route = Route(ca_bundle=str(path), timeout=5, proxy=f"http://us%40er:pa55@127.0.0.1:{proxy.port}")
    assert send(route, get(f"https://127.0.0.1:{server.port}/a?b=c")).status == 200
    (head,) = proxy.heads
    basic = base64.b64encode(b"us@er:pa55").decode()
    assert head.startswith(f"CONNECT 127.0.0.1:{server.port} ")
    assert f"proxy-authorization: basic {basic}".lower() in head.lower()
    assert "c4n4ry" not in head
    assert "/a?b=c" not in head
    (inner,) = server.heads
    assert inner.startswith("GET /a?b=c ")
    assert "c4n4ry" in inner
    assert "proxy-authorization" not in inner.lower()


def test_a_proxy_without_a_tunnel_gets_its_credentials_too(send, peer):
    proxy = peer(http())
    route = Route(timeout=5, proxy=f"http://user:pa55@127.0.0.1:{proxy.port}")
    assert send(route, get("http://service.example.com/a")).status == 200
    assert f"basic {base64.b64encode(b'user:pa55').decode()}".lower() in proxy.heads[0].lower()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_no_answer_of_the_service_and_nothing_was_sent(send, peer, scheme):
    proxy = peer(http("407 Proxy Authentication Required", b"", 'Proxy-Authenticate: Basic realm="x"'))
    route = Route(timeout=5, proxy=f"http://user:pa55@127.0.0.1:{proxy.port}")
    with pytest.raises(Undelivered) as caught:
        send(route, get(f"{scheme}://service.example.com/a"))
    assert not caught.value.sent
    assert "the proxy" in caught.value.reason
    assert "field proxy" in caught.value.hint
    assert "pa55" not in f"{caught.value.reason}{caught.value.hint}{caught.value!r}"
    assert "pa55" not in repr(route)


def test_the_proxy_of_the_environment_is_used_by_both_drivers(send, peer, monkeypatch):
    proxy = peer(http())
    monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
    route = route_of(connect(monkeypatch, host="http://service.example.com"))
    assert send(route, get("http://service.example.com/a")).status == 200
    assert len(proxy.heads) == 1


def test_a_hook_reaches_its_service_through_the_connections_proxy_on_both_faces(emulator, peer, monkeypatch):
    proxy = peer(http("200 OK", b"<html>the proxy speaks</html>"))
    given = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    given["extra"]["proxy"] = f"http://127.0.0.1:{proxy.port}"
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(given))
    with pytest.raises(errors.MalformedReply, match="HTML"):
        DliHook().show_flink_job(128)
    with pytest.raises(errors.MalformedReply, match="HTML"):
        asyncio.run(DliHook().aio.show_flink_job(128))
    assert all(head.startswith(f"GET {emulator.url}") for head in proxy.heads)
    assert emulator.calls() == []


# certificates


def test_the_connections_authorities_win_over_the_environments(monkeypatch, authority, tmp_path):
    other = tmp_path / "other.pem"
    other.write_bytes(authority[0].read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert route_of(connect(monkeypatch)).ca_bundle == str(other)
    assert route_of(connect(monkeypatch, {"ca_bundle": str(authority[0])})).ca_bundle == str(authority[0])


def test_a_file_that_the_environment_names_and_is_not_there_is_told_with_its_variable(monkeypatch):
    monkeypatch.setenv("CURL_CA_BUNDLE", "/no/such.pem")
    with pytest.raises(errors.ConfigurationError, match=r"CURL_CA_BUNDLE names one: there is no file '/no/such.pem'"):
        route_of(connect(monkeypatch))


def test_a_file_without_certificates_is_told(monkeypatch, tmp_path):
    path = tmp_path / "empty.pem"
    path.write_text("nothing")
    with pytest.raises(errors.ConfigurationError, match="holds no certificates"):
        route_of(connect(monkeypatch, {"ca_bundle": str(path)}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not route_of(connect(monkeypatch, {"ca_bundle": str(path), "verify": False})).verify


def test_a_folder_that_lacks_the_authority_does_not_verify(send, peer, authority, tmp_path):
    server = peer(http(), authority[1])
    with pytest.raises(Undelivered, match="certificate") as caught:
        send(Route(ca_bundle=str(tmp_path), timeout=5), get(f"https://127.0.0.1:{server.port}/"))
    assert not caught.value.sent
    assert server.heads == []


def test_authorities_that_are_gone_meanwhile_mean_that_nothing_was_sent(send, peer, authority):
    server = peer(http(), authority[1])
    with pytest.raises(Undelivered) as caught:
        send(Route(ca_bundle="/gone/meanwhile.pem", timeout=5), get(f"https://127.0.0.1:{server.port}/"))
    assert not caught.value.sent
    assert "authorities cannot be read" in caught.value.reason
    assert "ca_bundle" in caught.value.hint


def test_switching_verification_off_warns_with_the_connections_name(monkeypatch):
    with pytest.warns(UserWarning, match="'enos_default' does not verify TLS certificates.*ca_bundle"):
        assert not route_of(connect(monkeypatch, {"verify": "false"})).verify


# time-outs, redirects, bounds


def test_the_time_out_of_the_connection_is_the_same_for_both_drivers_and_for_iam(send, monkeypatch):
    assert route_of(connect(monkeypatch)).timeout == 15.0
    route = route_of(connect(monkeypatch, {"timeout": "0.3"}))
    assert route.timeout == 0.3
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Undelivered, match="time-out") as caught:
        send(route, get(f"http://127.0.0.1:{silent.getsockname()[1]}/"))
    assert caught.value.sent


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("at", ["service", "token"])
def test_a_redirect_is_never_followed_with_credentials(emulator, peer, monkeypatch, face, status, at):
    thief = peer(http())
    given = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    given |= {"login": credentials.IAM_USER, "password": credentials.IAM_PASSWORD}
    given["extra"] |= {"auth": "password", "account": credentials.IAM_ACCOUNT}
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(given))
    service, operation = ("dli", "show_flink_job") if at == "service" else ("iam", "create_token")
    headers = {"Location": f"http://127.0.0.1:{thief.port}/"}
    emulator.fault(operation, service=service, times=99, kind="reply", status=status, headers=headers, body="")
    with pytest.raises(errors.MalformedReply, match="redirects, which is never followed with credentials"):
        DliHook().show_flink_job(128) if face == "sync" else asyncio.run(DliHook().aio.show_flink_job(128))
    assert thief.heads == []


def test_an_enos_redirect_is_never_followed_with_credentials(emulator, peer):
    thief = peer(http())
    headers = {"Location": f"http://127.0.0.1:{thief.port}/"}
    emulator.fault("get_token", times=99, kind="reply", status=307, headers=headers, body="")
    with pytest.raises(errors.MalformedReply, match="redirects, which is never followed with credentials"):
        EnosHook().list_pipelines()
    assert thief.heads == []


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_an_answer_beyond_the_bound_is_not_read_also_if_it_was_compressed(send, peer, monkeypatch, encoding):
    import gzip

    monkeypatch.setattr(delivery, "LARGEST_ANSWER", 100_000)
    body = b"x" * 200_000
    server = peer(http("200 OK", gzip.compress(body), "Content-Encoding: gzip") if encoding else http("200 OK", body))
    with pytest.raises(Undelivered, match="larger than") as caught:
        send(Route(timeout=5), get(f"http://127.0.0.1:{server.port}/"))
    assert caught.value.sent


@pytest.mark.parametrize("size", [8_000, 30_000, 60_000])
def test_a_token_of_many_kilobytes_in_a_header_is_read_and_sent(send, peer, size):
    token = "M" * size
    server = peer(lambda head: http("201 Created", b"{}", f"X-Subject-Token: {token}"))
    reply = send(Route(timeout=5), get(f"http://127.0.0.1:{server.port}/", **{"X-Auth-Token": token}))
    assert reply.headers["x-subject-token"] == token
    assert token in server.heads[0]


def test_a_header_without_end_is_not_read(send, peer):
    server = peer(http("200 OK", b"{}", f"X-Odd: {'M' * 200_000}"))
    with pytest.raises(Undelivered) as caught:
        send(Route(timeout=5), get(f"http://127.0.0.1:{server.port}/"))
    assert caught.value.sent
