"""
What earlier versions have stored is read by this one, and it goes on with it as they would have.

The files are in ``tests/stored``, and README.md there tells how they were made.
"""

import asyncio
import json
from importlib import import_module
from types import SimpleNamespace
from unittest import mock

import pytest

from airflow_provider_pipelines.core.verbs.watch import Report
from airflow_provider_pipelines.core.verbs.work import Work
from airflow_provider_pipelines.errors import error_from_event, error_to_event
from tests.stored import names, write
from tests.stored.alike import essence, holds, judged, members, shape
from tests.stored.surroundings import Surroundings, made, plain


@pytest.fixture(scope="module")
def surroundings():
    with Surroundings() as found:
        yield found


def each(kind, where=lambda stored: True):
    """Give every stored file of a kind, whichever version wrote it."""
    files = {f"{path.parts[-3]}/{path.stem}": json.loads(path.read_text()) for path in write.every(kind)}
    wanted = [pytest.param(stored, id=name) for name, stored in files.items() if where(stored)]
    assert wanted, f"no {kind} of these are stored"
    return pytest.mark.parametrize("stored", wanted)


def today():
    """Give every case of today's code with the newest file that was stored for it."""
    return [
        pytest.param(kind, case, known.get(name), id=f"{kind}/{name}")
        for kind, module in write.kinds().items()
        for known in [write.stored(kind)]
        for name, case in module.CASES.items()
    ]


# deferred tasks: the rows of their triggers, and what they are resumed with


@each("deferrals")
def test_a_trigger_is_made_of_its_row_and_writes_it_again(stored):
    row = stored["deferred"]["trigger"]
    classpath, kwargs = made(row["classpath"], **row["kwargs"]).serialize()
    assert classpath == row["classpath"]
    assert holds(plain(kwargs), row["kwargs"])


@each("deferrals")
def test_a_task_that_was_deferred_comes_to_the_same_end(surroundings, stored):
    found = write.kinds()["deferrals"].play(surroundings, stored)
    assert judged(found["event"]) == judged(stored["event"])
    assert holds(members(found["event"]), members(stored["event"]))
    assert essence(found["ends"]) == essence(stored["ends"])
    assert shape(found["writes"]) == shape(stored["writes"])


@each("deferrals")
def test_an_event_that_an_earlier_trigger_fired_is_understood(surroundings, stored):
    found = write.kinds()["deferrals"].play(surroundings, stored, event=stored["event"])
    assert essence(found["ends"]) == essence(stored["ends"])
    assert shape(found["writes"]) == shape(stored["writes"])


@each("deferrals")
def test_an_event_is_read_and_written_alike(stored):
    assert holds(plain(Report.from_event(stored["event"]).to_event()), stored["event"])


def held_in(stored):
    """Give what is known of the things, which is beside the trigger or, today, in it; a sensor has none."""
    deferred = stored["deferred"]
    held = deferred["next_kwargs"].get("held") or deferred["trigger"]["kwargs"].get("held") or {}
    return held if "items" in held else None


@each("deferrals", held_in)
def test_what_is_known_of_things_is_read_and_written_alike(stored):
    held = held_in(stored)
    task = made(stored["task"]["class"], **stored["task"]["arguments"])
    assert holds(plain(Work.from_json(task.verb, held).to_json()), held)


@each("deferrals", lambda stored: "pipelines_owned" in stored["xcoms"])
@pytest.mark.parametrize("state", ["failed", "deferred"])
def test_a_stored_trigger_cancels_what_its_task_had_made_if_a_user_ended_it(surroundings, stored, state):
    row = stored["deferred"]["trigger"]
    assert stored["xcoms"]["pipelines_owned"] == row["kwargs"]["cancel_ids"]
    surroundings.begin(stored["world"], stored["now"])
    surroundings.tasks = {"run1": {"task": state}}
    trigger = made(row["classpath"], **row["kwargs"])
    trigger._task_instance = SimpleNamespace(
        dag_id="nightly", task_id="task", run_id="run1", map_index=-1, team_name=None
    )
    owned = lambda *, key, **_: stored["xcoms"].get(key)  # noqa: E731 -- stands for Airflow's XCom
    with mock.patch("airflow.sdk.execution_time.xcom.XCom.get_one", owned):
        asyncio.run(trigger.on_kill())
    assert bool(surroundings.writes()) is (state == "failed")


def test_every_member_of_an_event_is_among_what_is_stored():
    events = [stored["event"] for stored in write.stored("deferrals").values()]
    things = [thing for event in events for thing in event["seen"].values()]
    errors = [one["error"] for one in (*events, *things) if one["error"]]
    assert {tuple(sorted(event)) for event in events} == {
        ("ended", "error", "failures", "held", "now", "seen", "version")
    }
    assert {tuple(sorted(thing)) for thing in things} == {("error", "facts", "passed", "status", "verdict")}
    assert {event["ended"] for event in events} == {"settled", "deadline", "pause", "blind"}
    assert {thing["verdict"] for thing in things} == {"reached", "failed", "pending"}
    assert {error["error"] for error in errors} == {"NotFound", "ServerError"}


def test_each_vendor_has_tasks_in_each_phase_that_can_be_stored():
    phases = {
        (stored["deferred"]["trigger"]["kwargs"]["vendor"], item["phase"])
        for stored in write.stored("deferrals").values()
        for item in (held_in(stored) or {}).get("items", [])
    }
    # only EnOS and the retry of CodeArts know a service that is too busy, and EnOS has no batches
    assert phases == {
        *(("enos", phase) for phase in ("hold", "busy", "acted")),
        *(("codearts", phase) for phase in ("hold", "busy", "acted", "done")),
        *(("dli", phase) for phase in ("hold", "acted", "done")),
    }


def test_each_kind_of_thing_that_is_watched_has_a_trigger():
    kinds = {
        (row["vendor"], row["kind"])
        for row in (stored["deferred"]["trigger"]["kwargs"] for stored in write.stored("deferrals").values())
    }
    assert kinds == {
        *(("enos", kind) for kind in ("pipeline", "lag")),
        *(("codearts", kind) for kind in ("run", "pipeline", "gate")),
        *(("dli", kind) for kind in ("flink_job", "flink_job_to_delete", "flink_savepoint", "sql_job", "spark_batch")),
    }


# what an attempt leaves in the task's state store, or with the service


@each("attempts")
def test_an_attempt_goes_on_from_what_an_earlier_one_has_left(surroundings, stored):
    found = write.kinds()["attempts"].play(surroundings, stored)
    assert essence(found["ends"]) == essence(stored["ends"])
    assert shape(found["writes"]) == shape(stored["writes"])


def test_every_key_of_the_state_store_is_among_what_is_stored():
    found = {key for stored in write.stored("attempts").values() for key in stored["store"] or ()}
    assert found == {
        "codearts_run", "codearts_review", "dli_sql_job", "dli_spark_batch", "dli_creating", "asked", "failed_looks",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["codearts-run", "dli-sql", "dli-spark"])
def test_what_goes_on_is_taken_over_and_what_was_refused_is_asked_for_again(name):
    attempts = write.stored("attempts")
    for how in ("waits", "answer-not-stored", "no-store"):
        assert attempts[f"{name}-{how}"]["writes"] == []
        assert attempts[f"{name}-{how}"]["ends"]["result"]["adopted"] is True
    for how in ("refused", "other-arguments"):
        assert len(attempts[f"{name}-{how}"]["writes"]) == 1
        assert "adopted" not in attempts[f"{name}-{how}"]["ends"]["result"]


# maintenance windows


@each("windows")
def test_a_window_goes_on_from_its_record(surroundings, stored):
    found = write.kinds()["windows"].play(surroundings, stored)
    assert [essence(ends) for ends in found["ends"]] == [essence(ends) for ends in stored["ends"]]
    assert found["keys"] == stored["keys"]
    assert shape(found["writes"]) == shape(stored["writes"])
    assert found["after"] == stored["before"]


@each("windows", lambda stored: stored["deferred"] is not None)
def test_the_trigger_of_a_window_that_waits_is_made_of_its_row(stored):
    row = stored["deferred"]["trigger"]
    classpath, kwargs = made(row["classpath"], **row["kwargs"]).serialize()
    assert classpath == row["classpath"]
    assert holds(plain(kwargs), row["kwargs"])


def test_every_part_of_a_record_is_among_what_is_stored():
    found = set()
    for stored in write.stored("windows").values():
        for key, text in stored["variables"].items():
            assert key.startswith("pipelines_window_")
            found.add(tuple(sorted(json.loads(text))))
    assert found == {
        ("run_id", "version", "window"),  # control, last run
        ("generation", "run_id", "version", "window"),
        ("claims", "version"),
        ("attempts", "version"),
        ("former", "generation", "made_at", "on_missing", "on_quiesce_failure", "places", "run_id", "things", "version", "window"),
        ("attempt", "generation", "marks", "quiet", "refused", "version", "waited"),
        ("by", "generation", "marks", "missing", "phase", "turned_at", "version"),
        ("generation", "run_id", "things", "version", "window"),  # handed
        ("generation", "open", "version"),  # judged
    }  # fmt: skip


# what today's code writes


@pytest.mark.parametrize(("kind", "case", "stored"), today())
def test_todays_code_writes_what_was_stored(surroundings, kind, case, stored):
    assert stored is not None, "write it: see tests/stored/README.md"
    assert shape(write.kinds()[kind].write(surroundings, case)) == write.alike_part(kind, stored)


# names


def test_programs_and_entry_points_are_called_as_before():
    today = names.write(write.HERE.parents[1])
    for stored in write.stored("names").values():
        assert stored["scripts"].items() <= today["scripts"].items()
        assert stored["entry_points"] == today["entry_points"]


def named(path):
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


@each("names")
def test_what_airflow_was_told_of_the_provider_is_there(stored):
    told = named("airflow_provider_pipelines.provider.get_provider_info")()
    for info in (stored["provider_info"], told):
        for modules in (*info["hooks"], *info["operators"], *info["sensors"], *info["triggers"]):
            for module in modules["python-modules"]:
                import_module(module)
        for path in (*info["cli"], *(kind["hook-class-name"] for kind in info["connection-types"])):
            assert callable(named(path))
    known = {kind["connection-type"]: kind["conn-fields"] for kind in told["connection-types"]}
    for kind in stored["provider_info"]["connection-types"]:
        assert kind["conn-fields"].keys() <= known[kind["connection-type"]].keys()


@each("names")
def test_what_people_were_told_to_import_is_there(stored):
    for path in stored["imports"]:
        assert named(path).__name__ == path.rpartition(".")[2]


@each("names")
def test_a_class_takes_and_offers_what_it_did(stored):
    for path, about in stored["classes"].items():
        found = names.about(named(path))
        for aspect in about:
            assert set(about[aspect]) <= set(found[aspect]), path


@each("names")
def test_an_error_of_an_event_is_the_same_error(stored):
    for event in stored["errors"]:
        found = error_from_event(event)
        assert type(found).__name__ == event["error"]
        assert holds(error_to_event(found), event)
