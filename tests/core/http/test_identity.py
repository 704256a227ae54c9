"""Turnstiles, tokens and the silence after a refusal."""

import asyncio
import threading

import pytest

from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.calls import Acquire, Gate
from airflow_provider_pipelines.core.http.identity import AT_ONCE, SILENCE, Identity, Pace, Token, shared_identity
from airflow_provider_pipelines.core.http.route import Route
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.errors import AuthenticationError


def refusal():
    return AuthenticationError("no", service="S", operation="o", method="GET", path="/p", status=401)


def test_a_gate_lets_in_as_many_as_it_says_and_the_next_in_order():
    gate, woken = Gate(1), []
    assert gate.enter(lambda: woken.append("first"))
    assert not gate.enter(lambda: woken.append("second"))
    assert not gate.enter(lambda: woken.append("third"))
    gate.leave()
    assert woken == ["second"]
    gate.leave()
    assert woken == ["second", "third"]
    gate.leave()
    assert gate.enter(lambda: None)


def test_a_gate_made_wider_lets_the_waiting_in_and_one_made_narrower_does_not():
    gate, woken = Gate(1), []
    gate.enter(lambda: None)
    for name in "abcd":
        gate.enter(lambda name=name: woken.append(name))
    gate.resize(3)
    assert woken == ["a", "b"]
    gate.resize(1)
    gate.leave()
    gate.leave()
    assert woken == ["a", "b"]
    gate.leave()
    assert woken == ["a", "b", "c"]


def test_who_withdraws_gives_a_place_that_was_granted_meanwhile_to_the_next():
    gate, woken = Gate(1), []
    gate.enter(lambda: None)

    def second():
        woken.append("second")

    def third():
        woken.append("third")

    gate.enter(second)
    gate.enter(third)
    gate.leave()
    gate.withdraw(second)
    assert woken == ["second", "third"]
    gate.withdraw(third)
    assert gate.enter(lambda: None)


def test_who_withdraws_from_the_queue_is_forgotten():
    gate, woken = Gate(1), []
    gate.enter(lambda: None)

    def second():
        woken.append("second")

    gate.enter(second)
    gate.withdraw(second)
    gate.leave()
    assert woken == []
    assert gate.enter(lambda: None)


def entering(gate, log, name):
    loop = yield Acquire(gate)
    try:
        log.append(name)
    finally:
        gate.leave(loop)


def test_a_gate_serves_threads():
    gate, log = Gate(1), []
    gate.enter(lambda: None)
    threads = [
        threading.Thread(target=SyncTransport(Route()).run, args=(entering(gate, log, name),)) for name in range(5)
    ]
    for thread in threads:
        thread.start()
    assert log == []
    gate.leave()
    for thread in threads:
        thread.join(5)
    assert sorted(log) == [0, 1, 2, 3, 4]


async def test_a_gate_serves_tasks_and_a_cancelled_one_leaves_no_gap():
    gate, log = Gate(1), []
    gate.enter(lambda: None)
    transport = AsyncTransport(Route())
    tasks = [asyncio.ensure_future(transport.run(entering(gate, log, name))) for name in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.wait({tasks[0]})
    gate.leave()
    await asyncio.gather(*tasks[1:])
    assert log == [1, 2]
    assert gate.enter(lambda: None)


def test_requests_are_spread_evenly():
    pace = Pace(4.0)
    assert [pace.reserve(100.0) for _ in range(4)] == [0.0, 0.25, 0.5, 0.75]
    assert pace.reserve(200.0) == 0.0
    assert [Pace(None).reserve(1.0) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_token_is_good_until_shortly_before_its_end_and_never_shown():
    token = Token()
    assert token.good(0.0, 5.0) is None
    token.keep("t0k3n", 100.0)
    assert token.good(94.0, 5.0) == "t0k3n"
    assert token.good(95.0, 5.0) is None
    token.drop("another")
    assert token.good(0.0, 5.0) == "t0k3n"
    token.drop("t0k3n")
    assert token.good(0.0, 5.0) is None
    assert "t0k3n" not in repr(token)


def test_after_a_refusal_no_call_goes_out_for_six_minutes():
    identity = Identity()
    identity.check(1000.0)
    identity.refused(refusal(), 1000.0)
    for now in (1000.0, 1000.0 + SILENCE - 1):
        with pytest.raises(AuthenticationError, match="refused a moment ago"):
            identity.check(now)
    identity.check(1000.0 + SILENCE)


def test_as_long_as_credentials_are_not_proven_one_call_at_a_time_goes_out():
    identity = Identity()
    assert identity.gate.enter(lambda: None)
    assert not identity.gate.enter(lambda: None)
    identity.accepted()
    inside = 2
    while identity.gate.enter(lambda: None):
        inside += 1
    assert inside == AT_ONCE
    assert AT_ONCE < 5


def test_the_same_credentials_are_one_identity_and_others_another():
    one = shared_identity("https://a", "key", "secret")
    assert shared_identity("https://a", "key", "secret") is one
    assert shared_identity("https://a", "key", "new secret") is not one
    assert shared_identity("https://b", "key", "secret") is not one
    for number in range(300):
        shared_identity("https://a", "key", str(number))
    assert shared_identity("https://a", "key", "secret") is not one
