"""Both drivers pass one and the same suite, against a server that sends just the bytes it is told to."""

import asyncio
import gzip
import json
import os
import re
import socket
import ssl
import threading
from pathlib import Path

import pytest
import trustme

from airflow_provider_pipelines.core.http import delivery
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.calls import Await, MaskSecret, Reply, Request, SignedRequest, Sleep
from airflow_provider_pipelines.core.http.route import Route, certificates, environment_bundle, environment_proxies
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport


class RawServer:
    """Answers each connection with raw bytes and keeps what it was sent."""

    def __init__(self, answer, context=None):
        self.answer, self.context = answer, context
        self.received = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.open = True
        self.release = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.open:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            try:
                if self.context is not None:
                    connection = self.context.wrap_socket(connection, server_side=True)
                self.handle(connection)
            except OSError:
                pass
            finally:
                connection.close()

    def handle(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = connection.recv(65536)
            if not chunk:
                return
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += connection.recv(65536)
        self.received.append((head.decode("latin-1"), body))
        if self.answer is None:
            self.release.wait(20)
        else:
            connection.sendall(self.answer)

    def close(self):
        self.open = False
        self.release.set()
        self.socket.close()


@pytest.fixture
def serve():
    servers = []

    def start(answer, context=None):
        servers.append(RawServer(answer, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def http(status="200 OK", body=b"{}", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Sync:
    def __init__(self, route=None, **arguments):
        self.transport = SyncTransport(route or Route(timeout=5), **arguments)

    def run(self, call):
        try:
            return self.transport.run(call)
        finally:
            self.transport.close()


class Async:
    def __init__(self, route=None, *, sleep=None, mask=None):
        async def pause(seconds):
            sleep(seconds)

        async def masked(secret):
            mask(secret)

        self.make = lambda: AsyncTransport(
            route or Route(timeout=5), pause if sleep else asyncio.sleep, masked if mask else None
        )

    def run(self, call):
        async def main():
            transport = self.make()
            try:
                return await transport.run(call)
            finally:
                await transport.close()

        return asyncio.run(main())


@pytest.fixture(params=[Sync, Async], ids=["requests", "aiohttp"])
def driver(request):
    return request.param


def send(method, url, headers=None, body=None):
    return (yield SignedRequest(method, url, headers or {}, body))


def lost(driver, call, route=None):
    with pytest.raises(Undelivered) as caught:
        driver(route).run(call)
    return caught.value


def test_what_is_signed_is_what_is_sent_byte_for_byte(driver, serve):
    server = serve(http())
    target = "/a%2Fb/%7E~/%C3%BC/x.y/..%2F/%41?b=%2B+&a=%20&a=&c=%25"
    body = '{"a": "ü", "b":[1,2]}'.encode()
    headers = {"Host": "example.org", "Content-Type": "application/json;charset=UTF-8", "X-Odd": "  a b "}
    driver().run(send("POST", f"http://127.0.0.1:{server.port}{target}", headers, body))
    head, sent = server.received[0]
    assert head.splitlines()[0] == f"POST {target} HTTP/1.1"
    assert sent == body
    lines = [line.lower() for line in head.splitlines()[1:]]
    assert "host: example.org" in lines
    assert sum(line.startswith("host:") for line in lines) == 1
    assert "content-type: application/json;charset=utf-8" in lines
    assert f"content-length: {len(body)}" in lines


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_write_without_a_body_says_that_it_has_none(driver, serve, method):
    server = serve(http())
    driver().run(send(method, f"http://127.0.0.1:{server.port}/"))
    head, sent = server.received[0]
    assert "content-length: 0" in head.lower()
    assert sent == b""


def test_the_answer_comes_as_it_is(driver, serve):
    server = serve(http("418 Teapot", b'{"n": 9007199254740993}', "X-Request-Id: r1", "Retry-After: 3"))
    reply = driver().run(send("GET", f"http://127.0.0.1:{server.port}/"))
    assert (reply.status, reply.body) == (418, b'{"n": 9007199254740993}')
    assert (reply.headers["x-request-id"], reply.headers["retry-after"]) == ("r1", "3")
    assert json.loads(reply.body)["n"] == 2**53 + 1


def test_a_compressed_answer_is_read(driver, serve):
    server = serve(http("200 OK", gzip.compress(b"plain"), "Content-Encoding: gzip"))
    assert driver().run(send("GET", f"http://127.0.0.1:{server.port}/")).body == b"plain"


def test_a_redirect_is_an_answer_and_not_followed(driver, serve):
    other = serve(http())
    server = serve(http("302 Found", b"", f"Location: http://127.0.0.1:{other.port}/"))
    reply = driver().run(send("GET", f"http://127.0.0.1:{server.port}/", {"Authorization": "secret"}))
    assert reply.status == 302
    assert other.received == []


def test_a_refused_connection_means_that_nothing_was_sent(driver):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = lost(driver, send("POST", f"http://127.0.0.1:{port}/", body=b"{}"))
    assert not error.sent
    assert "no connection could be made" in error.reason
    assert "host" in error.hint


def test_an_unknown_host_means_that_nothing_was_sent(driver):
    error = lost(driver, send("POST", "http://no-such-host.invalid/", body=b"{}"))
    assert not error.sent
    assert "could not be resolved" in error.reason


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"\x00\x01 rubbish\r\n\r\n"]
)
def test_a_connection_lost_after_the_request_may_have_done_its_work(driver, serve, answer):
    server = serve(answer)
    error = lost(driver, send("POST", f"http://127.0.0.1:{server.port}/", body=b"{}"))
    assert error.sent
    assert "lost" in error.reason


def test_no_answer_in_time_may_have_done_its_work(driver, serve):
    server = serve(None)
    error = lost(driver, send("POST", f"http://127.0.0.1:{server.port}/", body=b"{}"), Route(timeout=0.2))
    assert error.sent
    assert "time-out" in error.reason


def test_an_answer_beyond_all_measure_is_not_read(driver, serve, monkeypatch):
    monkeypatch.setattr(delivery, "LARGEST_ANSWER", 1000)
    server = serve(http("200 OK", b"x" * 1001))
    assert lost(driver, send("GET", f"http://127.0.0.1:{server.port}/")).sent


def test_an_address_that_is_none_is_said_to_be(driver):
    assert not lost(driver, send("GET", "http://[bad/")).sent


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return str(path), context


def test_a_certificate_that_does_not_verify_ends_the_call_before_anything_is_sent(driver, serve, authority):
    server = serve(http(), authority[1])
    error = lost(driver, send("POST", f"https://127.0.0.1:{server.port}/", {"Authorization": "secret"}, b"{}"))
    assert not error.sent
    assert "certificate" in error.reason
    assert "ca_bundle" in error.hint
    assert server.received == []


def test_tls_that_fails_after_the_request_may_have_done_its_work(driver, serve, authority):
    class Garbled(RawServer):
        def handle(self, connection):
            connection.recv(65536)
            # under the TLS layer: what comes now is no record
            os.write(connection.fileno(), b"\x00" * 64)

    server = Garbled(b"", authority[1])
    try:
        error = lost(
            driver,
            send("POST", f"https://127.0.0.1:{server.port}/", body=b"{}"),
            Route(ca_bundle=authority[0], timeout=5),
        )
    finally:
        server.close()
    assert error.sent


def test_certificates_may_be_a_folder_and_are_not_read_where_nothing_is_verified(authority, tmp_path):
    assert certificates(str(tmp_path)).verify_mode is ssl.CERT_REQUIRED
    assert Route(ca_bundle=str(tmp_path)).tls_context().verify_mode is ssl.CERT_REQUIRED
    assert Route(verify=False, ca_bundle="/no/such").tls_context().verify_mode is ssl.CERT_NONE
    with pytest.raises(ssl.SSLError):
        certificates(__file__)


def test_certificates_are_read_once_while_their_file_stays_as_it_is(authority, tmp_path):
    bundle = tmp_path / "authority.pem"
    bundle.write_text(Path(authority[0]).read_text())
    first = certificates(str(bundle))
    assert certificates(str(bundle)) is first
    bundle.write_text(Path(authority[0]).read_text() + "\n")
    assert certificates(str(bundle)) is not first
    with pytest.raises(FileNotFoundError):
        certificates(str(tmp_path / "none.pem"))


def test_no_request_hangs_on_the_error_that_a_lost_one_leaves(driver):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = lost(driver, send("POST", f"http://127.0.0.1:{port}/", {"Authorization": "c4n4ry"}, b"{}"))
    assert error.__context__ is None
    assert error.__cause__ is None


@pytest.mark.parametrize("trusting", ["ca_bundle", "verify"])
def test_a_certificate_is_trusted_by_its_authority_or_unchecked(driver, serve, authority, trusting):
    server = serve(http(), authority[1])
    route = Route(ca_bundle=authority[0], timeout=5) if trusting == "ca_bundle" else Route(verify=False, timeout=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        assert driver(route).run(send("GET", f"https://127.0.0.1:{server.port}/")).status == 200


def test_a_proxy_gets_the_request_whole(driver, serve):
    proxy = serve(http())
    route = Route(timeout=5, proxy=f"http://127.0.0.1:{proxy.port}")
    assert driver(route).run(send("GET", "http://service.example.com/a?b=c")).status == 200
    assert proxy.received[0][0].splitlines()[0] == "GET http://service.example.com/a?b=c HTTP/1.1"


def test_a_proxy_that_is_not_there_means_that_nothing_was_sent(driver):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = lost(driver, send("GET", "http://x.example.com/"), Route(timeout=5, proxy=f"http://u:pw@127.0.0.1:{port}"))
    assert not error.sent
    assert "pw" not in f"{error.reason}{error.hint}"


def test_waits_and_derived_secrets_go_where_the_transport_was_told(driver):
    slept, masked = [], []

    def call():
        yield Sleep(3.5)
        yield MaskSecret("t0k3n")
        return "done"

    assert driver(sleep=slept.append, mask=masked.append).run(call()) == "done"
    assert (slept, masked) == ([3.5], ["t0k3n"])


def test_a_derived_secret_needs_no_masker(driver):
    def call():
        yield MaskSecret("t0k3n")

    driver().run(call())
    assert "t0k3n" not in repr(MaskSecret("t0k3n"))


def test_an_effect_nobody_knows_is_a_bug_and_closes_the_call(driver):
    closed = []

    def call():
        try:
            yield object()
        finally:
            closed.append(True)

    with pytest.raises(TypeError, match="cannot carry out"):
        driver().run(call())
    assert closed == [True]


def test_only_an_event_loop_can_be_asked():
    async def answer():
        return 7

    def call():
        return (yield Await(answer))

    assert Async().run(call()) == 7
    with pytest.raises(TypeError):
        Sync().run(call())


def test_nothing_of_a_request_or_an_answer_is_in_their_reprs():
    wire = SignedRequest("GET", "http://x/", {"Authorization": "c4n4ry"}, b"c4n4ry")
    reply = Reply(200, {"x-subject-token": "c4n4ry"}, b"c4n4ry")
    assert "c4n4ry" not in repr(wire) + repr(reply)
    assert repr(Request("o", "GET", "/p"))


def test_the_environment_names_proxy_and_certificates(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    assert Route(environment=environment_proxies()).proxy_to("https://a.example.com/") is None
    assert environment_bundle() is None
    monkeypatch.setenv("https_proxy", "proxy:3128")
    monkeypatch.setenv("no_proxy", "b.example.com")
    monkeypatch.setenv("SSL_CERT_FILE", "/some/ca.pem")
    route = Route(environment=environment_proxies())
    assert route.proxy_to("https://a.example.com/") == "http://proxy:3128"
    assert route.proxy_to("http://a.example.com/") is None
    assert route.proxy_to("https://b.example.com/") is None
    assert route.proxy_to("https://127.0.0.1/") is None
    assert environment_bundle() == ("SSL_CERT_FILE", "/some/ca.pem")
