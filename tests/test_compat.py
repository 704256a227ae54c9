"""What Airflow's version decides, and where each version keeps a name."""

import asyncio
import gc
from importlib import import_module
from types import SimpleNamespace

import pytest
from asgiref.sync import async_to_sync

from airflow_provider_pipelines import compat
from tests.support.airflow import since

TASK = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1)
MAPPED = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=3)


@pytest.mark.parametrize("name", sorted(compat._HOMES))
def test_each_name_is_where_this_version_has_it(name):
    found = getattr(compat, name)
    assert getattr(import_module(next(v for k, v in compat._HOMES[name].items() if k <= compat.AIRFLOW)), name) is found


def test_the_newest_home_of_a_name_comes_first():
    for homes in (*compat._HOMES.values(), compat._MASKERS):
        assert list(homes) == sorted(homes, reverse=True)
        assert list(homes)[-1] == (2, 11)


def test_a_name_that_is_none_of_airflows_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'NoSuchName'"):
        compat.NoSuchName  # noqa: B018 -- the access is what is tested


@since("3.0", "tasks ask the API server; before, the database")
@pytest.mark.parametrize(
    ("task", "states", "owned", "still"),
    [
        (TASK, {"r": {"t": "deferred"}}, ["x"], True),
        (TASK, {"r": {"t": "deferred"}}, ["y"], False),
        (TASK, {"r": {"t": "failed"}}, ["x"], False),
        (TASK, {}, ["x"], False),
        (MAPPED, {"r": {"t_3": "deferred"}}, ["x"], True),
        (MAPPED, {"r": {"t_3": "success"}}, ["x"], False),
    ],
)
async def test_a_task_is_still_deferred_if_it_waits_for_the_same_thing(monkeypatch, task, states, owned, still):
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    asked = []
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", lambda **what: asked.append(what) or states)
    monkeypatch.setattr(compat.XCom, "get_one", lambda **what: asked.append(what) or owned)
    assert await compat.still_deferred(task, "key", ["x"]) is still
    assert asked[0] == {"dag_id": "d", "task_ids": ["t"], "run_ids": ["r"], "map_index": task.map_index}
    assert asked[1:] in (
        [],
        [{"key": "key", "dag_id": "d", "task_id": "t", "run_id": "r", "map_index": task.map_index}],
    )


async def test_a_secret_is_kept_out_of_a_triggerers_logs_on_each_version(monkeypatch):
    heard = []

    async def amask(secret):
        heard.append(("async", secret))

    new = SimpleNamespace(mask_secret=lambda secret: heard.append(("sync", secret)), amask_secret=amask)
    old = SimpleNamespace(mask_secret=new.mask_secret)
    for masker in (new, old):
        monkeypatch.setattr(compat, "_home", lambda _, masker=masker: masker)
        await compat.amask_secret("s")
    assert heard == [("async", "s"), ("sync", "s")]


@pytest.mark.parametrize(
    ("version", "factor", "pins"),
    [
        ((2, 11), True, {"task_concurrency": None}),
        ((3, 1), True, {}),
        ((3, 2), 2.0, {}),
        ((3, 3), 2.0, {"retry_policy": None}),
    ],
)
def test_retries_are_told_as_the_version_reads_them(monkeypatch, version, factor, pins):
    monkeypatch.setattr(compat, "AIRFLOW", version)
    assert compat.exponential(True) == factor
    assert type(compat.exponential(True)) is type(factor)
    assert not compat.exponential(False)
    assert compat.further_pins() == pins


class Supervisor:
    """Airflow's, which answers when the test lets it, and notes which questions were waited for to their end."""

    def __init__(self):
        self.asked, self.may_answer, self.answered = asyncio.Event(), asyncio.Event(), 0

    async def ask(self, answer=None):
        self.asked.set()
        await self.may_answer.wait()
        self.answered += 1
        return answer

    # as BaseHook asks it, before 3.3 and since
    def get_connection(self, conn_id):
        return async_to_sync(self.ask)(SimpleNamespace(extra_dejson={}, conn_id=conn_id))

    async def aget_connection(self, conn_id):
        async def aextra_dejson():
            return {}

        return await self.ask(SimpleNamespace(aextra_dejson=aextra_dejson, conn_id=conn_id))

    # as what keeps secrets out of the logs asks it
    def mask_secret(self, secret):
        async_to_sync(self.ask)()

    async def amask_secret(self, secret):
        await self.ask()


@pytest.mark.parametrize("what", ["read a connection", "mask a secret"])
async def test_a_trigger_that_is_cancelled_leaves_no_answer_behind(monkeypatch, what):
    """3.0 takes an answer that nobody waits for as the next one's, and ends the triggerer of the whole installation."""
    airflow = Supervisor()
    monkeypatch.setitem(vars(compat), "BaseHook", airflow)
    masker = import_module(next(home for since, home in compat._MASKERS.items() if since <= compat.AIRFLOW))
    for name in {"mask_secret", "amask_secret"} & set(vars(masker)):
        monkeypatch.setattr(masker, name, getattr(airflow, name))
    call = compat.read_connection("c", lambda *read: read) if what == "read a connection" else compat.amask_secret("s")
    task = asyncio.ensure_future(call)
    await airflow.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert airflow.answered == 0, "the trigger ends at once"
    (asking,) = compat._UNDER_WAY
    airflow.may_answer.set()
    await asking
    assert airflow.answered == 1
    assert set() == compat._UNDER_WAY


async def test_what_fails_after_nobody_wants_to_know_is_no_warning(caplog):
    begun, may_fail = asyncio.Event(), asyncio.Event()

    async def fails():
        begun.set()
        await may_fail.wait()
        raise ValueError

    task = asyncio.ensure_future(compat._to_its_end(fails()))
    await begun.wait()
    (asking,) = compat._UNDER_WAY
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_fail.set()
    await asyncio.wait({asking})
    del asking, task
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_a_connection_that_3_1_cannot_ask_for_is_not_found(monkeypatch):
    class Hook:
        @staticmethod
        def get_connection(conn_id):
            raise ImportError("cannot import name 'SUPERVISOR_COMMS'")

    monkeypatch.setattr(compat, "AIRFLOW", (3, 1))
    with pytest.raises(compat.AirflowNotFoundException, match="nowhere"):
        compat.find_connection(Hook, "nowhere")
    monkeypatch.setattr(compat, "AIRFLOW", (3, 2))
    with pytest.raises(ImportError):
        compat.find_connection(Hook, "nowhere")
