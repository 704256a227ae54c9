"""``restore``: by hand, with the record in the database or in a file."""

import json

import pytest

from airflow_provider_pipelines.window.record.model import lines
from airflow_provider_pipelines.window.record.repository import RecordRepository
from tests.commands.conftest import RUN
from tests.support.playing import BUILD, WIND, Runs, Window, statuses
from tests.window.conftest import all_targets

NAMES = ("nightly/window", "--yes")


def test_what_was_stopped_is_brought_back_and_the_record_closed(desk, played, fleet):
    before = statuses(fleet.state())
    one = played("snapshot", "quiesce")
    shown = desk("restore", *NAMES)
    assert shown.code == 0, shown.err
    assert statuses(fleet.state()) == before
    assert "uses connection 'enos_default'" in shown.err
    assert "uses connection 'huaweicloud_default'" in shown.err
    line = next(line for line in shown.out.splitlines() if WIND(1) in line)
    assert "PAUSED" in line
    assert "start it" in line
    after = RecordRepository(desk.texts(), "nightly/window", RUN)
    assert (after.phase().phase, after.phase().by) == ("closed", "hand")
    assert desk("windows", "--json").data == []
    one.store.texts = desk.texts().texts
    assert one.verdict() == []


def test_the_report_is_json_and_nothing_else_is_on_stdout(desk, played):
    played("snapshot", "quiesce")
    shown = desk("restore", *NAMES, "--json")
    assert (shown.code, shown.data["result"]) == (0, "restored")
    assert {"window", "run_id", "result", "things"} == set(shown.data)
    assert {one["result"] for one in shown.data["things"]} == {"done"}
    assert "restore would" in shown.err


def test_a_closed_window_is_left_alone(desk, played, fleet):
    played("snapshot", "quiesce", "restore")
    fleet.mark()
    shown = desk("restore", *NAMES, "--json")
    assert (shown.code, shown.data["result"]) == (0, "nothing to do")
    assert fleet.calls() == []


def test_without_a_terminal_and_without_yes_nothing_is_done(desk, played, fleet):
    one = played("snapshot", "quiesce")
    fleet.mark()
    shown = desk("restore", "nightly/window")
    assert shown.code == 2
    assert "--yes" in shown.err
    assert "start it" in shown.out
    assert fleet.writes() == []
    assert desk.texts().texts == one.store.texts


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "whatever\n"])
def test_everything_but_yes_is_a_no(desk, played, fleet, answer):
    played("snapshot", "quiesce")
    fleet.mark()
    shown = desk("restore", "nightly/window", answers=answer)
    assert shown.code == 1
    assert "Start 9 of 9 things? [y/N]" in shown.err
    assert fleet.writes() == []


def test_a_yes_is_a_yes(desk, played, fleet):
    before = statuses(fleet.state())
    played("snapshot", "quiesce")
    assert desk("restore", "nightly/window", answers="y\n").code == 0
    assert statuses(fleet.state()) == before


def test_a_run_that_goes_on_is_told_of_with_emphasis(desk, played, database):
    played("snapshot", "quiesce")
    database.run_is("running")
    shown = desk("restore", "nightly/window", answers="n\n")
    assert f"THE RUN {RUN} STILL GOES ON" in shown.err
    assert "ALL THE SAME: Start 9 of 9" in shown.err


def test_a_quiesce_that_still_runs_stops_nothing_more(desk, played, fleet):
    one = played("snapshot")
    one.quiesce()
    desk.put(one.store)
    assert desk("restore", *NAMES).code == 0
    one.store.texts = desk.texts().texts
    fleet.mark()
    with pytest.raises(Exception, match="is closed already: nothing more is stopped"):
        one.quiesce()
    assert fleet.writes() == []


def test_one_that_refuses_is_named_and_the_others_are_back(desk, played, fleet):
    before = statuses(fleet.state())
    played("snapshot", "quiesce")
    fleet.fault("start_pipeline", id=WIND(2), times=99, kind="error_in_200", code="61999", message="no")
    shown = desk("restore", *NAMES, "--json")
    assert shown.code == 1
    assert shown.data["result"] == "partly"
    assert "wind-2" in shown.err
    assert [one["name"] for one in shown.data["things"] if one["result"] == "failed"] == ["wind-2"]
    (row,) = desk("windows", "--json").data
    assert (row["phase"], row["not_back"][0]["name"]) == ("restoring", "wind-2")
    assert len(row["not_back"]) == 1
    fleet.clear_faults()
    fleet.mark()
    assert desk("restore", *NAMES).code == 0
    assert statuses(fleet.state()) == before
    assert fleet.writes() == [("start_pipeline", [WIND(2)])]


def test_what_somebody_started_meanwhile_is_seen_to_be_back(desk, played, fleet):
    played("snapshot", "quiesce")
    fleet.thing("enos", WIND(1), "RUNNING")
    fleet.mark()
    shown = desk("restore", *NAMES)
    assert shown.code == 0
    assert "nothing: it is back" in next(line for line in shown.out.splitlines() if WIND(1) in line)
    assert ("start_pipeline", [WIND(1)]) not in fleet.writes()


def test_what_a_later_window_holds_is_left_to_it(desk, played, fleet):
    one = played("snapshot", "quiesce")
    played(
        "snapshot", "quiesce", window="other/window", run_id="r2", store=one.store, targets=[all_targets()[0]],
        runs=Runs({("nightly/window", RUN)}),
    )  # fmt: skip
    fleet.mark()
    shown = desk("restore", *NAMES)
    assert shown.code == 0
    assert "taken over by other/window" in shown.out
    assert fleet.writes("enos") == []
    assert {operation for operation, _ in fleet.writes()} == {"batch_run_flink_jobs", "enable_pipeline"}
    assert desk("restore", "other/window", "--yes").code == 0
    assert {operation for operation, _ in fleet.writes("enos")} == {"start_pipeline"}


@pytest.mark.parametrize("argv", [[], ["nightly/window", "--record", "file"]])
def test_a_window_or_a_file_and_not_both(desk, argv):
    shown = desk("restore", *argv, "--yes")
    assert (shown.code, shown.out) == (2, "")
    assert "--record" in shown.err


# connections


def changed(fleet, name, **fields):
    connection = {**json.loads(fleet.env[name]), **fields}
    return {name: json.dumps(connection)}


def test_a_connection_that_leads_elsewhere_is_not_used(desk, played, fleet):
    played("snapshot", "quiesce")
    extra = {**json.loads(fleet.env["AIRFLOW_CONN_ENOS_DEFAULT"])["extra"], "org_id": "o2"}
    elsewhere = changed(fleet, "AIRFLOW_CONN_ENOS_DEFAULT", extra=extra)
    fleet.mark()
    shown = desk("restore", *NAMES, **elsewhere)
    assert shown.code == 1
    assert "connection 'enos_default' leads to enos" in shown.err
    assert " o2, but the record was made of" in shown.err
    assert fleet.calls(service="enos") == []
    # the other connections bring back what is theirs
    assert {operation for operation, _ in fleet.writes()} == {"batch_run_flink_jobs", "enable_pipeline"}
    assert [row["phase"] for row in desk("windows", "--json").data] == ["restoring"]


def test_a_connection_that_is_missing_is_named(desk, played, fleet):
    one = Window(desk_clock(fleet), [all_targets()[0]], run_id=RUN)
    one.snapshot()
    one.quiesce()
    desk.put(one.store)
    desk.env = {name: value for name, value in desk.env.items() if name != "AIRFLOW_CONN_ENOS_DEFAULT"}
    fleet.mark()
    shown = desk("restore", *NAMES)
    assert shown.code == 2
    assert "connection 'enos_default' was not found" in shown.err
    assert "AIRFLOW_CONN_ENOS_DEFAULT" in shown.err
    assert fleet.calls() == []
    assert desk.texts().texts == one.store.texts


def desk_clock(fleet):
    from tests.conftest import SteppedClock

    return SteppedClock(fleet)


def test_refused_credentials_are_no_reason_to_wait_for_minutes(desk, played, fleet):
    played("snapshot", "quiesce")
    shown = desk("restore", *NAMES, **changed(fleet, "AIRFLOW_CONN_ENOS_DEFAULT", password="wrong"))
    assert shown.code == 1
    assert "no call is made with them for" not in shown.err
    assert "wrong" not in shown.err


def test_a_connection_in_the_database_is_used(desk, played, fleet, database):
    before = statuses(fleet.state())
    played("snapshot", "quiesce")
    enos = json.loads(fleet.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    database.insert(
        "connection", conn_id="enos_default", conn_type="enos", host=enos["host"], login=enos["login"],
        password=enos["password"], extra=json.dumps(enos["extra"]), is_encrypted=0, is_extra_encrypted=0,
    )  # fmt: skip
    desk.env = {name: value for name, value in desk.env.items() if name != "AIRFLOW_CONN_ENOS_DEFAULT"}
    assert desk("restore", *NAMES).code == 0
    assert statuses(fleet.state()) == before
    assert desk("status", "--conn-id", "enos_default").code == 0


# files


@pytest.fixture
def record(tmp_path):
    def write(text):
        path = tmp_path / "record"
        path.write_text(text)
        return ["restore", "--record", str(path), "--yes"]

    return write


def as_json(one, desk):
    desk.put(one.store)
    return desk("show", "nightly/window", "--json").out


def as_log(one, desk):
    return "\n".join(f"[2026-11-27T22:00:00] INFO - {line}" for line in ["Begin", *lines(one.records.plan()), "End"])


def as_json_log(one, desk):
    told = ["Begin", *lines(one.records.plan())]
    return "\n".join(json.dumps({"timestamp": "t", "event": line, "level": "info"}) for line in told)


def as_log_of_two_attempts(one, desk):
    plan = one.records.plan()
    first = plan.model_copy(update={"things": plan.things[:2]})
    return "\n".join([*lines(first), *(f"{line} logger=task" for line in lines(plan))])


FORMS = [as_json, as_log, as_json_log, as_log_of_two_attempts]


@pytest.mark.parametrize("form", FORMS)
def test_without_a_database_a_file_is_enough(desk, played, fleet, record, form):
    before = statuses(fleet.state())
    one = played("snapshot", "quiesce")
    text = form(one, desk)
    desk.order("clear")
    shown = desk(*record(text), AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:////nowhere/at/all.db")
    assert shown.code == 0, shown.err
    assert "THERE IS NO FENCE" in shown.err
    assert statuses(fleet.state()) == before
    assert desk.texts().texts == {}


def test_a_file_asks_too(desk, played, fleet, record):
    one = played("snapshot", "quiesce")
    *argv, _ = record(as_log(one, desk))
    fleet.mark()
    assert desk(*argv).code == 2
    shown = desk(*argv, answers="n\n")
    assert shown.code == 1
    assert "THERE IS NO FENCE" in shown.err
    assert "ALL THE SAME: Start 9 of 9 things? [y/N]" in shown.err
    assert fleet.writes() == []


def test_by_a_file_only_what_is_as_the_window_leaves_it_is_started(desk, played, fleet, record):
    fleet.thing("enos", WIND(4), "STOPPED")
    one = played("snapshot", "quiesce")
    fleet.thing("enos", WIND(1), "RUNNING")
    fleet.thing("dli", "101", "job_finish")
    fleet.mark()
    shown = desk(*record(as_log(one, desk)), "--json")
    assert shown.code == 0, shown.err
    assert {id for _, ids in fleet.writes("enos") for id in ids} == {WIND(2), WIND(3)}
    assert "101" not in str(fleet.writes("dli"))
    assert fleet.writes("codearts") == [("enable_pipeline", [BUILD(1)])]


def test_a_closed_record_in_a_file_is_left_alone(desk, played, fleet, record):
    one = played("snapshot", "quiesce", "restore")
    text = as_json(one, desk)
    fleet.mark()
    shown = desk(*record(text))
    assert shown.code == 0
    assert "is closed" in shown.err
    assert fleet.calls() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no record"),
        ("a log without a record", "holds no record"),
        ("{}", "cannot be understood"),
        ("[1]", "holds no record"),
        ('pipelines-record {"version": 1, "window"', "cut off"),
        ('pipelines-record {"target": 0}', "cannot be understood"),
        ('{"version": 1, "progress": 5}', "cannot be understood"),
        ("\0\xff", "holds no record"),
    ],
)
def test_a_file_without_a_record_is_no_record(desk, record, text, said):
    shown = desk(*record(text))
    assert (shown.code, shown.out) == (1, "")
    assert said in shown.err


def test_a_file_that_is_not_there_is_wrong_usage(desk, tmp_path):
    for path in (tmp_path / "none", tmp_path):
        shown = desk("restore", "--record", str(path), "--yes")
        assert (shown.code, shown.out) == (2, "")
        assert "cannot be read" in shown.err


@pytest.mark.parametrize(
    "change",
    [
        lambda plan: plan["places"][0]["arguments"].update(host="https://elsewhere.example.com"),
        lambda plan: plan["places"][0].update(service="ftp"),
        lambda plan: plan["things"][0].update(id="../../other"),
        lambda plan: plan["things"][-2].update(id="no_number"),
        lambda plan: plan["things"][0].update(target=99),
    ],
)
def test_a_record_is_read_as_foreign_input(desk, played, fleet, record, change):
    one = played("snapshot", "quiesce")
    data = json.loads(as_json(one, desk))
    change(data)
    fleet.mark()
    shown = desk(*record(json.dumps(data)))
    assert shown.code == 1
    assert "cannot be understood" in shown.err
    assert fleet.calls() == []


def test_an_address_in_a_record_is_never_called(desk, played, fleet, record):
    one = played("snapshot", "quiesce")
    data = json.loads(as_json(one, desk))
    for place in data["places"]:
        place["identity"] = place["identity"].replace("127.0.0.1", "elsewhere.example.com")
    fleet.mark()
    shown = desk(*record(json.dumps(data)))
    assert shown.code == 1
    assert "elsewhere.example.com" in shown.err
    assert fleet.writes() == []
