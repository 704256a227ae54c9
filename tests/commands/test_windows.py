"""``windows`` and ``show``: which windows are open, and what their records say."""

import json

import pytest

from airflow_provider_pipelines.window.record.model import Plan
from airflow_provider_pipelines.window.record.repository import RecordRepository
from airflow_provider_pipelines.window.record.store import key_of
from tests.commands.conftest import RUN
from tests.support.playing import WIND, Runs


def test_without_any_window_there_is_nothing_to_say_and_no_error(desk):
    shown = desk("windows")
    assert (shown.code, shown.out) == (0, "")
    assert "No window is open" in shown.err
    assert desk("windows", "--json").data == []


def test_an_open_window_is_listed_with_what_is_not_back(desk, played, database):
    played("snapshot", "quiesce")
    database.run_is("running")
    shown = desk("windows")
    assert shown.code == 0
    (line,) = [line for line in shown.out.splitlines() if "nightly/window" in line]
    assert RUN in line
    assert "quiet" in line
    assert "9: " in line
    (row,) = desk("windows", "--json").data
    assert (row["window"], row["run_id"], row["phase"], row["things"]) == ("nightly/window", RUN, "quiet", 9)
    assert (row["run_state"], row["run_goes_on"], row["dag_paused"], row["note"]) == ("running", True, False, "")
    assert {(one["service"], one["id"]) for one in row["not_back"]} >= {("enos", WIND(1)), ("dli", 101)}
    assert row["since"].endswith("Z")


def test_before_anything_is_stopped_nothing_is_missing(desk, played):
    played("snapshot")
    (row,) = desk("windows", "--json").data
    assert (row["phase"], row["not_back"]) == ("snapshot", [])


def test_a_closed_window_is_listed_only_if_asked_for(desk, played):
    played("snapshot", "quiesce", "restore")
    assert desk("windows", "--json").data == []
    (row,) = desk("windows", "--all", "--json").data
    assert (row["phase"], row["not_back"]) == ("closed", [])


def test_a_paused_dag_with_an_open_window_is_told_of(desk, played, database):
    played("snapshot", "quiesce")
    database.run_is("running", paused=True)
    assert "the DAG is paused" in desk("windows").out
    assert desk("windows", "--json").data[0]["dag_paused"] is True
    assert "nightly/window" in (said := desk("status", "--conn-id", "enos_default").err)
    assert "the DAG is paused" in said


@pytest.mark.parametrize(
    ("state", "restore", "goes_on"),
    [("running", None, True), ("queued", None, True), ("failed", None, False), ("failed", "up_for_retry", True),
     ("success", "success", False)],
)  # fmt: skip
def test_whether_the_run_goes_on_is_read_from_the_tables(desk, played, database, state, restore, goes_on):
    played("snapshot", "quiesce")
    database.run_is(state, restore=restore)
    (row,) = desk("windows", "--json").data
    assert (row["run_state"], row["run_goes_on"]) == (state, goes_on)
    assert bool(row["note"]) is not goes_on


def test_a_run_that_is_gone_is_told_of(desk, played):
    played("snapshot", "quiesce")
    (row,) = desk("windows", "--json").data
    assert (row["run_state"], row["run_goes_on"]) == (None, False)
    assert "gone" in row["note"]


def test_a_record_that_is_not_understood_hides_no_other_and_ends_with_1(desk, played):
    one = played("snapshot", "quiesce")
    other = played(
        "snapshot", window="other/window", run_id="r2", store=one.store, runs=Runs({("nightly/window", RUN)})
    )
    key = key_of("plan", "nightly/window", RUN)
    other.store.texts[key] = json.dumps({**json.loads(other.store.texts[key]), "places": "none"})
    desk.put(other.store)
    shown = desk("windows", "--json")
    assert shown.code == 1
    assert {row["window"]: row["phase"] for row in shown.data}["nightly/window"] == "unreadable"
    assert "nightly/window" in shown.err
    assert "other/window" in {row["window"] for row in shown.data}
    assert desk("show", "nightly/window").code == 1
    assert desk("show", "other/window").code == 0


def test_a_variable_that_is_no_json_may_hide_a_window(desk, played):
    one = played("snapshot")
    one.store.texts = {"pipelines_window_" + "0" * 40: "no JSON"}
    desk.put(one.store)
    shown = desk("windows")
    assert shown.code == 1
    assert "may hide" in shown.err
    assert "pipelines_window_0000" in shown.err
    for argv in (["show", "nightly/other"], ["restore", "nightly/other", "--yes"]):
        shown = desk(*argv)
        assert shown.code == 1
        assert "cannot be told" in shown.err


def test_show_tells_of_each_thing(desk, played, database):
    played("snapshot", "quiesce")
    database.run_is("failed")
    shown = desk("show", "nightly/window")
    assert shown.code == 0
    assert "connection 'enos_default'" in shown.err
    line = next(line for line in shown.out.splitlines() if WIND(1) in line)
    for word in ("enos", "wind-1", "RUNNING", "stopped", "start it"):
        assert word in line
    assert "run it" in shown.out
    assert "enable it" in shown.out


def test_show_writes_the_record_as_json_that_is_a_plan(desk, played):
    one = played("snapshot", "quiesce")
    shown = desk("show", "nightly/window", "--json")
    assert (shown.code, shown.err) == (0, "")
    assert Plan.model_validate_json(shown.out) == one.records.plan()
    assert shown.data["word"] == "quiet"
    assert {each["restore"].split()[0] for each in shown.data["standing"]} == {"start", "run", "enable"}


def test_what_did_not_run_is_left_alone(desk, played, fleet):
    fleet.thing("enos", WIND(2), "STOPPED")
    played("snapshot", "quiesce")
    standing = {each["id"]: each for each in desk("show", "nightly/window", "--json").data["standing"]}
    assert (standing[WIND(2)]["now"], standing[WIND(2)]["restore"]) == ("as before", "nothing")


def test_a_thing_that_another_window_took_over_is_not_ours(desk, played):
    one = played("snapshot", "quiesce")
    played(
        "snapshot", "quiesce", window="other/window", run_id="r2", store=one.store,
        runs=Runs({("nightly/window", RUN)}), targets=[one_target()],
    )  # fmt: skip
    rows = {row["window"]: row for row in desk("windows", "--json").data}
    assert {each["service"] for each in rows["nightly/window"]["not_back"]} == {"dli", "codearts"}
    assert {each["service"] for each in rows["other/window"]["not_back"]} == {"enos"}
    shown = {each["id"]: each["now"] for each in desk("show", "nightly/window", "--json").data["standing"]}
    assert shown[WIND(1)] == "taken over by other/window, run r2"


def one_target():
    from tests.window.conftest import all_targets

    return all_targets()[0]


@pytest.mark.parametrize("name", ["", "/", "nightly", "nightly/", "/window", "nightly/window/"])
def test_what_names_no_window_is_wrong_usage(desk, name):
    shown = desk("show", name)
    assert (shown.code, shown.out) == (2, "")
    assert "DAG_ID/GROUP_ID" in shown.err


def test_an_unknown_window_is_wrong_usage_and_known_ones_are_named(desk, played):
    played("snapshot")
    shown = desk("show", "nightly/other")
    assert shown.code == 2
    assert "nightly/window" in shown.err
    assert desk("show", "nightly/window/other_run").code == 2
    assert desk("restore", "nightly/other", "--yes").code == 2


@pytest.mark.parametrize("run_id", [RUN, "a/b/c", "scheduled__2026-11-27T22:00:00.123+02:00", "x:y+z~1"])
def test_a_run_is_named_exactly_slashes_and_all(desk, played, run_id):
    played("snapshot", run_id=run_id, window="dag.a-b/outer.window")
    assert desk("show", f"dag.a-b/outer.window/{run_id}", "--json").data["run_id"] == run_id
    assert desk("show", "dag.a-b/outer.window", "--json").data["run_id"] == run_id
    assert desk("show", f"dag.a-b/outer.window/{run_id}x").code == 2
    assert desk("show", "dag.a-b/window").code == 2


def test_a_name_without_run_means_the_open_record_else_the_last(desk, played):
    one = played("snapshot", "quiesce", "restore", run_id="r1")
    assert desk("show", "nightly/window", "--json").data["run_id"] == "r1"
    played("snapshot", "quiesce", run_id="r2", store=one.store)
    assert desk("show", "nightly/window", "--json").data["run_id"] == "r2"


def test_two_open_records_have_to_be_told_apart(desk, played):
    from tests.window.conftest import all_targets

    first, *others = all_targets()
    one = played("snapshot", run_id="r1", targets=[first])
    played("snapshot", run_id="r2", targets=others, store=one.store)
    shown = desk("show", "nightly/window")
    assert shown.code == 2
    assert "nightly/window/r1" in shown.err
    assert "nightly/window/r2" in shown.err
    assert desk("show", "nightly/window/r1").code == 0


def test_a_snapshot_that_wrote_no_plan_is_no_window(desk, played):
    one = played()
    RecordRepository(one.store, "nightly/window", RUN).begin()
    desk.put(one.store)
    assert desk("windows", "--all", "--json").data == []
    assert desk("show", "nightly/window").code == 2
