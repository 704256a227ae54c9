"""EnOS tokens: one for all, renewed once by ``get`` and never by ``refresh``, single-use proofs, wrong keys."""

import asyncio
import json
import threading

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.enos.hook import EnosHook
from tests.conftest import SteppedClock

WIND = "00000000-fa4e-4000-8000-000000000001"


def all_at_once(count, hook=None):
    """Let many callers ask on one event loop: each with a hook of its own, or all through one client."""

    async def main():
        if hook is None:
            return await asyncio.gather(
                *(EnosHook().aio.get_status(WIND) for _ in range(count)), return_exceptions=True
            )
        async with hook.aio as aio:
            return await asyncio.gather(*(aio.get_status(WIND) for _ in range(count)), return_exceptions=True)

    return asyncio.run(main())


def tokens(emulator):
    return [call["operation"] for call in emulator.calls(service="enos") if "token" in str(call["operation"])]


def gateway(emulator):
    return emulator.server.world.enos_gateway


def end_tokens(emulator):
    gateway(emulator).given.clear()
    gateway(emulator).current.clear()


@pytest.mark.parametrize("shared", [True, False], ids=["one client", "many clients"])
def test_fifty_callers_whose_token_dies_in_flight_renew_it_once(emulator, shared):
    assert EnosHook().get_status(WIND) == "RUNNING"
    end_tokens(emulator)
    emulator.mark()
    assert all_at_once(50, EnosHook() if shared else None) == ["RUNNING"] * 50
    assert tokens(emulator) == ["get_token"]
    # calls that were under way with the old token: at most four are at once
    assert 1 <= len([call for call in emulator.calls() if call["auth"] == "refused"]) <= 4


@pytest.mark.parametrize("shared", [True, False], ids=["one client", "many clients"])
@pytest.mark.parametrize("skip", [0, 7])
def test_a_token_that_dies_in_the_middle_is_renewed_once(emulator, shared, skip):
    EnosHook().get_status(WIND)
    emulator.fault("list_pipelines", skip=skip, kind="expire_token")
    emulator.mark()
    assert all_at_once(50, EnosHook() if shared else None) == ["RUNNING"] * 50
    assert tokens(emulator) == ["get_token"]


def test_fifty_threads_share_one_token(emulator):
    EnosHook().get_status(WIND)
    end_tokens(emulator)
    emulator.mark()
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(EnosHook().get_status(WIND))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert seen == ["RUNNING"] * 50
    assert tokens(emulator) == ["get_token"]


@pytest.mark.parametrize("expire", ["left", "initial"])
def test_a_token_is_replaced_by_get_and_never_by_refresh(emulator, monkeypatch, expire):
    class Turned(SteppedClock):
        ahead = 0.0

        def wall(self):
            return super().wall() + self.ahead

    clock = Turned(emulator)
    monkeypatch.setattr(EnosHook, "clock", clock)
    emulator.settings(enos_expire=expire)
    for ahead in (0, 3600, 7190, 7196, 7210, 20000):
        clock.ahead = ahead
        assert EnosHook().get_status(WIND) == "RUNNING"
    assert set(tokens(emulator)) == {"get_token"}
    assert len(tokens(emulator)) >= 3


def test_a_token_that_another_process_has_ended_is_renewed(emulator):
    """Another client's refresh may kill ours."""
    hook = EnosHook()
    hook.get_status(WIND)
    end_tokens(emulator)
    emulator.mark()
    assert hook.get_status(WIND) == "RUNNING"
    assert [(call["operation"], call["auth"]) for call in emulator.calls()] == [
        ("list_pipelines", "refused"),
        ("get_token", "ok"),
        ("list_pipelines", "ok"),
    ]


def test_a_proof_that_was_used_before_is_made_anew_with_another_time(emulator, clock):
    emulator.fault(
        "get_token", times=2, kind="error_in_200", code="1001", message="Repeated request with the same encryption"
    )
    hook = EnosHook()
    hook.clock = clock
    assert hook.get_status(WIND) == "RUNNING"
    assert tokens(emulator) == ["get_token"] * 3
    assert len(clock.slept) == 2


def test_a_secret_that_was_changed_is_sent_once_by_all_whose_token_dies_in_flight(emulator, monkeypatch):
    EnosHook().get_status(WIND)
    end_tokens(emulator)
    monkeypatch.setitem(
        gateway(emulator).secrets, json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])["login"], "new"
    )
    emulator.mark()
    assert {type(end) for end in all_at_once(50)} == {errors.AuthenticationError}
    assert tokens(emulator) == ["get_token"]
    with pytest.raises(errors.AuthenticationError, match="refused a moment ago"):
        EnosHook().get_status(WIND)
    assert tokens(emulator) == ["get_token"]


def test_without_a_token_a_service_that_fails_is_asked_again(emulator, clock):
    emulator.fault("get_token", times=5, kind="reply", status=503, body="")
    hook = EnosHook()
    hook.clock = clock
    assert hook.get_status(WIND) == "RUNNING"
    assert tokens(emulator) == ["get_token"] * 6
