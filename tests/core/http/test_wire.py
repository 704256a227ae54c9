"""What comes late, in drops, in parts, or not at all: both drivers against servers that write bytes by hand."""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import threading
import time
import traceback
import warnings
from dataclasses import replace

import pytest
import trustme

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.calls import Acquire, Gate, Request, SignedRequest
from airflow_provider_pipelines.core.http.identity import Identity
from airflow_provider_pipelines.core.http.retry import ONE_TRY
from airflow_provider_pipelines.core.http.route import TIMES, Route
from airflow_provider_pipelines.core.http.session import Session, Undelivered
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator
from airflow_provider_pipelines.hook.clients import LAST_ANSWER

# event loops end here before a peer that does not listen has heard TLS say goodbye
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

#: seconds in which whatever is bounded has ended, on a machine that is busy
SOON = 8.0


class Peer:
    """Serves each connection on a thread of its own; keeps what was asked, with the connection's number."""

    def __init__(self, talk, context=None):
        self.talk, self.context = talk, context
        self.asked = []
        self.over = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        number = 0
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self.serve, args=(connection, number), daemon=True).start()

    def serve(self, connection, number):
        with contextlib.suppress(OSError), contextlib.ExitStack() as opened:
            opened.enter_context(connection)
            if self.context is not None:
                connection = opened.enter_context(self.context.wrap_socket(connection, server_side=True))
            while (target := self.read(connection, number)) is not None:
                if self.talk(self, connection, target) is False:
                    return

    def read(self, connection, number):
        data = b""
        while b"\r\n\r\n" not in data:
            if not (chunk := connection.recv(65536)):
                return None
            data += chunk
        method, target, _ = data.decode("latin-1").split(" ", 2)
        self.asked.append((number, method, target))
        return target

    def close(self):
        self.over.set()
        self.listening.close()


@pytest.fixture
def peer():
    peers = []

    def start(talk, context=None):
        peers.append(Peer(talk, context))
        return peers[-1]

    yield start
    for one in peers:
        one.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    ca.cert_pem.write_to_path(path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    return str(path), context


def answer(body, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def echo(server, connection, target):
    connection.sendall(answer(target.encode()))


def silent(server, connection, target):
    server.over.wait(20)
    return False


def one(method, url, body=None):
    return (yield SignedRequest(method, url, {}, body))


def several(*wanted):
    """Give what came of each request, one after the other on the same transport."""
    came = []
    for method, url in wanted:
        try:
            came.append((yield SignedRequest(method, url, {})).body.decode())
        except Undelivered as lost:
            came.append(lost)
    return came


def run_sync(route, call, **more):
    transport = SyncTransport(route, **more)
    try:
        return transport.run(call)
    finally:
        transport.close()


def run_async(route, call):
    async def main():
        transport = AsyncTransport(route)
        try:
            return await transport.run(call)
        finally:
            await transport.close()

    return asyncio.run(main())


@pytest.fixture(params=[run_sync, run_async], ids=["sync", "async"])
def run(request):
    return request.param


# an exchange ends


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"


@pytest.mark.parametrize("begun", [b"HTTP/1.1 200 O", HEAD, HEAD + b"\r\n", b"HTTP/1.1 102 Processing\r\n"], ids=len)
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_an_answer_in_drops_ends_when_the_time_of_the_whole_exchange_is_up(run, peer, authority, begun, encrypted):
    def drip(server, connection, target):
        connection.sendall(begun)
        for _ in range(200):
            if server.over.wait(0.1):
                break
            connection.sendall(b"x")
        return False

    server = peer(drip, authority[1] if encrypted else None)
    began = time.monotonic()
    with pytest.raises(Undelivered, match="time-out") as caught:
        run(Route(timeout=0.4, ca_bundle=authority[0]), one("POST", f"{server.url}/"))
    assert caught.value.sent
    assert 0.4 * TIMES - 0.1 <= time.monotonic() - began < SOON


def test_interim_answers_without_end_are_no_answer(run, peer):
    def talk(server, connection, target):
        while not server.over.wait(0.05):
            connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")

    server = peer(talk)
    with pytest.raises(Undelivered, match="time-out"):
        run(Route(timeout=0.3), one("GET", f"{server.url}/"))


def test_an_exchange_ends_with_the_time_that_its_task_has_left(peer):
    server = peer(silent)
    began = time.monotonic()
    with pytest.raises(Undelivered, match="time-out"):
        run_sync(Route(timeout=60), one("GET", f"{server.url}/"), left=lambda: 0.3)
    assert time.monotonic() - began < SOON


def test_a_host_of_many_addresses_does_not_get_the_whole_time_for_each(monkeypatch):
    tried = []

    class Unreachable(socket.socket):
        def connect(self, address):
            tried.append(address)
            time.sleep(self.gettimeout())
            raise TimeoutError

    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{n}", 80)) for n in range(1, 40)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    monkeypatch.setattr(socket, "socket", Unreachable)
    with pytest.raises(Undelivered, match="no connection") as caught:
        run_sync(Route(timeout=0.1), one("POST", "http://many.example.com/"))
    assert not caught.value.sent
    assert len(tried) <= TIMES + 1


class Scheme:
    """Signs nothing."""

    service = "S"

    def __init__(self, url):
        self.url, self.identity = url, Identity()

    def sign(self, request, clock):
        return SignedRequest(request.method, self.url + request.path, {})
        yield

    def read(self, request, reply, now):
        return reply.body.decode()

    def forget(self, signed):
        pass


@pytest.mark.parametrize(
    ("repeatable", "kind"), [(True, errors.TransportError), (False, errors.OutcomeUnknown)], ids=["read", "write"]
)
def test_a_read_that_took_too_long_got_no_answer_and_a_write_may_have_done_its_work(run, peer, repeatable, kind):
    session = Session(Scheme(peer(silent).url))
    with pytest.raises(kind) as caught:
        run(Route(timeout=0.2), session.carry(asking(Request("o", "PUT", "/", repeatable=repeatable)), ONE_TRY))
    assert type(caught.value) is kind


def asking(*requests):
    came = []
    for request in requests:
        came.append((yield request))
    return came


# interim answers


@pytest.mark.parametrize("interim", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_each_request_gets_its_own_answer_after_an_interim_one(run, peer, interim):
    def talk(server, connection, target):
        connection.sendall(f"HTTP/1.1 {interim}\r\nLink: </x>\r\n\r\n".encode())
        server.over.wait(0.6)
        connection.sendall(answer(target.encode()))

    server = peer(talk)
    assert run(Route(timeout=5), several(*[("GET", f"{server.url}/{n}") for n in (1, 2, 3)])) == ["/1", "/2", "/3"]
    assert {number for number, _, _ in server.asked} == {1}


def test_a_switch_to_another_protocol_is_no_answer_and_the_next_request_gets_its_own(run, peer):
    def talk(server, connection, target):
        connection.sendall(answer(target.encode()) if target == "/2" else b"HTTP/1.1 101 Switching Protocols\r\n\r\n")

    server = peer(talk)
    first, second = run(Route(timeout=2), several(("POST", f"{server.url}/1"), ("POST", f"{server.url}/2")))
    assert first.sent
    assert second == "/2"


# nothing is sent twice by a library


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_no_driver_sends_a_request_again_that_a_kept_connection_lost(run, peer, method):
    def talk(server, connection, target):
        if target == "/lost":
            return False
        return echo(server, connection, target)

    server = peer(talk)
    first, lost = run(Route(timeout=5), several(("GET", f"{server.url}/kept"), (method, f"{server.url}/lost")))
    assert first == "/kept"
    assert lost.sent
    assert server.asked == [(1, "GET", "/kept"), (1, method, "/lost")]


# forks


def in_child(act):
    """Run something in a forked child; fails with what failed there."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        # other threads of this process are what is tested
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        failed = ""
        try:
            act()
        except BaseException:  # noqa: BLE001 -- nothing of the tests may go on in the child
            failed = traceback.format_exc()
        os.write(write, failed.encode() or b"ok")
        os._exit(0)
    os.close(write)
    with open(read, "rb") as told:
        watch = threading.Timer(20, os.kill, (child, 9))
        watch.start()
        said = told.read().decode()
        watch.cancel()
    os.waitpid(child, 0)
    assert said == "ok", said or "the child did not end"


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "tls"])
def test_a_forked_child_has_connections_of_its_own_and_leaves_the_parents_alone(peer, authority, encrypted):
    server = peer(echo, authority[1] if encrypted else None)
    transport = SyncTransport(Route(timeout=5, ca_bundle=authority[0]))

    def ask(target):
        assert transport.run(one("GET", f"{server.url}{target}")).body.decode() == target

    def child():
        ask("/child")
        transport.close()

    ask("/before")
    in_child(child)
    ask("/after")
    transport.close()
    assert server.asked == [(1, "GET", "/before"), (2, "GET", "/child"), (1, "GET", "/after")]


def test_a_place_that_a_thread_of_the_parent_holds_is_free_in_a_child(peer):
    server = peer(echo)
    scheme = Scheme(server.url)
    identity = scheme.identity
    assert identity.gate.enter(lambda: None)
    assert identity.token.gate.enter(lambda: None)

    def child():
        session = Session(scheme)
        assert run_sync(Route(timeout=5), session.carry(asking(Request("o", "GET", "/")), ONE_TRY)) == ["/"]
        assert identity.token.gate.enter(lambda: None)

    with identity.gate._lock, identity.pace._lock:
        in_child(child)
    assert not identity.gate.enter(lambda: None)


def test_a_hook_that_keeps_a_session_asks_with_another_one_in_a_child(emulator):
    hook = EnosHook()
    # in a child that was forked from an event loop, asgiref waits for threads of the parent to read a connection
    assert hook.fields

    async def ask():
        async with hook.aio as aio:
            return await aio.list_pipelines()

    async def parent():
        async with hook.aio as aio:
            known = await aio.list_pipelines()
            await asyncio.to_thread(in_child, lambda: asyncio.run(ask()))
            assert await aio.list_pipelines() == known

    asyncio.run(parent())


# event loops that end


def staying(gate):
    loop = yield Acquire(gate)
    try:
        yield SignedRequest("GET", "http://192.0.2.1/", {})
    finally:
        gate.leave(loop)


def entering(gate):
    loop = yield Acquire(gate)
    gate.leave(loop)
    return "in"


class Stuck(AsyncTransport):
    """A request of it never ends."""

    async def _send(self, signed):
        await asyncio.get_running_loop().create_future()


def soon(act):
    """Give what an act gives that might wait for ever."""
    came = []
    thread = threading.Thread(target=lambda: came.append(act()), daemon=True)
    thread.start()
    thread.join(SOON)
    assert came, "it waits for ever"
    return came[0]


@pytest.fixture
def ended_loop():
    """Stop a loop with tasks under way, which are kept from being taken apart."""
    loop, kept = asyncio.new_event_loop(), []

    def end(*calls, closed):
        async def main():
            kept.extend(asyncio.ensure_future(Stuck(Route()).run(call)) for call in calls)
            await asyncio.sleep(0)

        loop.run_until_complete(main())
        if closed:
            loop.close()

    yield end
    if not loop.is_closed():
        for task in kept:
            task.cancel()
        loop.run_until_complete(asyncio.wait(kept))
        loop.close()
    for task in kept:
        task._log_destroy_pending = False


@pytest.mark.parametrize("closed", [False, True], ids=["stopped", "closed"])
@pytest.mark.parametrize("run", [run_sync, run_async], ids=["sync", "async"])
def test_an_event_loop_that_ends_frees_its_places_and_its_place_in_the_queue(ended_loop, run, closed):
    gate = Gate(2)
    ended_loop(*(staying(gate) for _ in range(5)), closed=closed)
    assert soon(lambda: run(Route(), entering(gate))) == "in"
    gate.leave()
    assert gate.enter(lambda: None)
    assert gate.enter(lambda: None)
    assert not gate.enter(lambda: None)


@pytest.mark.parametrize("closed", [False, True], ids=["stopped", "closed"])
def test_who_waits_while_an_event_loop_ends_gets_its_place(closed):
    gate, queued = Gate(1), threading.Event()
    go = threading.Event()

    class Telling(SyncTransport):
        def perform(self, effect):
            queued.set()
            return super().perform(effect)

    async def hold():
        task = asyncio.ensure_future(Stuck(Route()).run(staying(gate)))
        await asyncio.sleep(0)
        await asyncio.to_thread(go.wait, SOON)
        return task

    def hold_in_a_loop():
        loop = asyncio.new_event_loop()
        kept.append(loop.run_until_complete(hold()))
        if closed:
            loop.close()
        loops.append(loop)

    kept, loops = [], []
    holder = threading.Thread(target=hold_in_a_loop)
    holder.start()
    while not gate._inside.total():
        time.sleep(0.01)
    threading.Thread(target=lambda: (queued.wait(SOON), go.set()), daemon=True).start()
    assert soon(lambda: Telling(Route()).run(entering(gate))) == "in"
    holder.join(SOON)
    kept[0]._log_destroy_pending = False
    if not closed:
        kept[0].cancel()
        loops[0].run_until_complete(asyncio.wait(kept))
        loops[0].run_until_complete(loops[0].shutdown_default_executor())
    loops[0].close()


def test_a_thread_that_stands_in_the_way_of_its_own_event_loop_does_not_wait_for_it():
    async def main():
        gate = Gate(1)
        task = asyncio.ensure_future(Stuck(Route()).run(staying(gate)))
        await asyncio.sleep(0)
        # not awaited: as a task does that calls a hook's plain face between two calls of its async one
        came = run_sync(Route(), entering(gate))
        task.cancel()
        return came

    assert soon(lambda: asyncio.run(main())) == "in"


def test_a_sync_call_ends_after_an_async_task_that_failed_with_another_call_under_way(peer, monkeypatch):
    asked = threading.Event()

    def talk(server, connection, target):
        asked.set()
        return silent(server, connection, target)

    connection = {
        "conn_type": "enos", "host": peer(talk).url, "login": "k", "password": "s",
        "extra": {"org_id": "o1", "timeout": 0.5},
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps(connection))
    hook, loop = EnosHook(), asyncio.new_event_loop()

    async def failing():
        await asyncio.to_thread(asked.wait, SOON)
        raise ZeroDivisionError

    async def task():
        await asyncio.gather(hook.aio.list_pipelines(), failing())

    # as Airflow runs an async task: what is under way is not asked to end
    with pytest.raises(ZeroDivisionError):
        loop.run_until_complete(task())
    client = hook.get_conn()
    assert isinstance(soon(lambda: failure(client.run, client.api.list_pipelines(), ONE_TRY)), errors.TransportError)
    pending = asyncio.all_tasks(loop)
    for left in pending:
        left.cancel()
    loop.run_until_complete(asyncio.wait(pending))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def failure(act, *arguments):
    try:
        return act(*arguments)
    except errors.PipelinesError as error:
        return error


def test_a_hook_that_is_kept_on_one_event_loop_works_on_another(emulator):
    hook = EnosHook()
    first = asyncio.new_event_loop()
    first.run_until_complete(hook.aio.keep())
    known = first.run_until_complete(hook.aio.list_pipelines())
    assert asyncio.run(hook.aio.list_pipelines()) == known

    async def kept():
        async with hook.aio as aio:
            return await asyncio.gather(*(aio.list_pipelines() for _ in range(3)))

    assert asyncio.run(kept()) == [known] * 3
    assert first.run_until_complete(hook.aio.list_pipelines()) == known
    first.run_until_complete(hook.aio.close())
    first.close()


# a pause that the service asks for


def test_a_pause_that_the_service_asks_for_holds_back_everybody_who_shares_the_limit(emulator, clock):
    emulator.fault("list_pipelines", kind="reply", status=429, headers={"Retry-After": "30"}, body="{}")
    one, other = EnosHook(), EnosHook()
    one.clock = other.clock = clock
    client = one.get_conn()
    with pytest.raises(errors.Throttled):
        client.run(client.api.list_pipelines(), ONE_TRY)
    begun = clock.time()
    assert other.list_pipelines()
    assert clock.time() - begun == pytest.approx(30, abs=0.5)


def test_a_pause_that_is_longer_than_a_call_may_take_is_told_and_not_slept_through(emulator, clock):
    emulator.fault("list_pipelines", kind="reply", status=503, headers={"Retry-After": "100000"}, body="")
    one, other = EnosHook(), EnosHook()
    one.clock = other.clock = clock
    with pytest.raises(errors.ServerError):
        one.list_pipelines()
    client, begun = other.get_conn(), clock.time()
    emulator.mark()
    with pytest.raises(errors.Throttled, match="nothing was sent") as caught:
        client.run(client.api.list_pipelines(), replace(ONE_TRY, seconds=60.0))
    assert caught.value.retry_after == pytest.approx(120, abs=1)
    assert caught.value.unsent
    assert emulator.calls() == []
    assert clock.time() == begun


# the task that waits


def test_a_task_ends_with_its_time_although_an_answer_goes_on_coming(peer, monkeypatch):
    def drip(server, connection, target):
        connection.sendall(HEAD + b"\r\n")
        while not server.over.wait(0.5):
            connection.sendall(b"x")
        return False

    connection = {
        "conn_type": "enos", "host": peer(drip).url, "login": "k", "password": "s",
        "extra": {"org_id": "o1", "timeout": 60},
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps(connection))
    task = EnosPausePipelineOperator(task_id="t", pipeline_id="p1", timeout=1, deferrable=False)
    began = time.monotonic()
    with pytest.raises(errors.TransportError, match="time-out"):
        task.execute({})
    assert time.monotonic() - began < LAST_ANSWER + SOON


def test_a_cancel_of_a_killed_task_ends_in_time_although_an_answer_goes_on_coming(peer, monkeypatch):
    def drip(server, connection, target):
        connection.sendall(HEAD + b"\r\n")
        while not server.over.wait(0.2):
            connection.sendall(b"x")
        return False

    connection = {"conn_type": "enos", "host": peer(drip).url, "login": "k", "password": "s", "extra": {"org_id": "o1"}}
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps(connection))
    cancel = EnosHook().canceller("pipeline", {})
    began = time.monotonic()
    with pytest.raises(errors.PipelinesError):
        cancel(["p1"])
    assert time.monotonic() - began < 4.0
