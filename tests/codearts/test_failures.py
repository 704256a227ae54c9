"""What the task's log tells of a run that failed."""

import pytest

from airflow_provider_pipelines.codearts.api.models import RunDetail
from airflow_provider_pipelines.codearts.flows import failures
from airflow_provider_pipelines.codearts.flows.failures import LINES, LONGEST_LINE, MOST_STEPS, clean, failed_steps
from airflow_provider_pipelines.codearts.operators import CodeArtsRetryRunOperator, CodeArtsRunPipelineOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from tests.codearts.conftest import FAILS, LOGGED, run_of
from tests.codearts.driving import API, PIPELINE, Script, reply
from tests.codearts.test_modes import task
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES

RUN = run_of("failed-with-a-log")


def failed_run(**arguments):
    return task(CodeArtsRunPipelineOperator, pipeline_id=FAILS, **arguments)


def sensed(**arguments):
    return task(CodeArtsRunSensor, pipeline_id=LOGGED, pipeline_run_id=RUN, poke_interval=15, timeout=600, **arguments)


@pytest.fixture
def printed(capsys):
    """What the task has logged."""
    return lambda: "".join(capsys.readouterr())


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_the_log_shows_stage_job_step_and_the_end_of_its_log(emulator, clock, mode, printed):
    seen = OPERATOR_MODES[mode](failed_run(), clock)
    assert seen["error"][0] == "WatchFailed"
    out = printed()
    assert "failed in stage stage_1, job job, step step" in out
    assert "[ERROR] step failed: no reason was given" in out
    assert [call["operation"] for call in emulator.calls()].count("show_pipeline_log") == 1


@pytest.mark.parametrize("mode", SENSOR_MODES)
def test_a_sensor_that_fails_shows_it_too(emulator, clock, mode, printed):
    seen = SENSOR_MODES[mode](sensed(), clock)
    assert seen["error"][0] == "WatchFailed"
    out = printed()
    assert "failed in stage release, job release, step roll-out: exit code 137: out of memory" in out
    assert "node 3 answers slowly" in out


def test_a_sensor_that_waits_for_the_failure_shows_nothing(emulator, clock):
    seen = SENSOR_MODES["poke"](
        lambda **mode: CodeArtsRunSensor(
            task_id="task", pipeline_id=LOGGED, pipeline_run_id=RUN, target_status="FAILED", **mode
        ),
        clock,
    )
    assert seen["error"] is None
    assert "show_pipeline_log" not in [call["operation"] for call in emulator.calls()]


FAULTS = [
    {"kind": "reply", "status": 503, "body": "x"},
    {"kind": "reply", "status": 403, "body": {"error_code": "APIG.0302", "error_msg": "no"}},
    {"kind": "reply", "status": 404, "body": {"error_code": "DEVPIPE.1", "error_msg": "no"}},
    {"kind": "reply", "status": 200, "body": "<html>"},
    {"kind": "reply", "status": 200, "body": {"log": None}},
    {"kind": "reply", "status": 200, "body": {"has_more": True, "log": "x", "end_offset": "1"}},
    {"kind": "truncate", "bytes": 3},
    {"kind": "drop", "executed": True},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(list(fault.values())[:2]))
def test_a_log_that_cannot_be_read_changes_no_verdict(emulator, clock, fault, printed):
    right = OPERATOR_MODES["plain"](failed_run(), clock)
    printed()
    emulator.fault("show_pipeline_log", service="codearts", times=99, **fault)
    made, begun = OPERATOR_MODES["plain"](failed_run(), clock), emulator.calls()
    assert [made["error"][0], made["error"][1][32:]] == [right["error"][0], right["error"][1][32:]]
    assert sum(call["operation"] == "show_pipeline_log" for call in begun) <= 4, "it is asked for once, or twice"


def test_a_detail_that_cannot_be_read_changes_no_verdict(emulator, clock, printed):
    looked = []
    clock.on_wait = looked.append
    operator = failed_run()
    emulator.fault("show_pipeline_run_detail", service="codearts", kind="reply", status=503, body="x", skip=9, times=99)
    seen = OPERATOR_MODES["plain"](operator, clock)
    assert seen["error"][0] in {"WatchFailed", "ServerError"}


def test_a_retry_that_fails_again_shows_why(emulator, clock, printed):
    make = task(CodeArtsRetryRunOperator, pipeline_id=FAILS, pipeline_run_id=run_of("always-fails"))
    assert OPERATOR_MODES["deferred"](make, clock)["error"][0] == "WatchFailed"
    assert "[ERROR] step failed" in printed()


# by hand


def failed(*jobs, **stage):
    entry = {"id": "st", "name": "build", "status": "FAILED", "jobs": list(jobs), **stage}
    return {"id": "run", "pipeline_id": PIPELINE, "status": "FAILED", "stages": [entry]}


def step(id="s", status="FAILED", **more):
    return {"id": id, "name": id, "status": status, **more}


def explained(detail, **answers):
    """Tell what is said of a failed run, when the service answers like this."""
    lines = []
    script = Script(show_pipeline_run_detail=detail, **answers)
    script.run(failures._explain(API, PIPELINE, "run", lines.append))
    return lines, script


def page(*lines, more=False):
    return {"has_more": more, "start_offset": "0", "end_offset": "9", "log": "".join(f"{line}\n" for line in lines)}


def test_only_the_last_lines_are_shown():
    job = {"id": "j", "name": "compile", "status": "FAILED", "steps": [step()]}
    lines, script = explained(failed(job), show_pipeline_log=page(*(f"line {number}" for number in range(200))))
    assert lines[1] == "the last lines of the log of stage build, job compile, step s:"
    assert lines[2:] == [f"    line {number}" for number in range(200 - LINES, 200)]
    assert len(script.requests) == 2


STAMPS = [f"[2023/11/24 21:49:{second:02d}.198 GMT+08:00] [INFO] line {second}" for second in range(30)]


@pytest.mark.parametrize("order", [1, -1])
def test_the_end_of_a_long_log_is_asked_for_and_put_in_order(order):
    job = {"id": "j", "name": "compile", "status": "FAILED", "steps": [step()]}
    pages = [page(*(["x"] * 500), more=True), page(*STAMPS[::order], more=True)]
    lines, script = explained(failed(job), show_pipeline_log=pages)
    assert lines[2:] == [f"    {line}" for line in STAMPS]
    assert b'"sort":"desc"' in script.requests[-1].body


def test_the_end_of_a_long_log_without_times_comes_newest_first():
    job = {"id": "j", "name": "compile", "status": "FAILED", "steps": [step()]}
    lines, _ = explained(failed(job), show_pipeline_log=[page("x", more=True), page("c", "b", "a")])
    assert lines[2:] == ["    a", "    b", "    c"]


def test_the_logs_of_a_few_steps_are_read_and_all_are_named():
    job = {"id": "j", "name": "compile", "status": "FAILED", "steps": [step(f"s{number}") for number in range(9)]}
    lines, script = explained(failed(job), show_pipeline_log=page("x"))
    assert sum(line.startswith("run run failed in") for line in lines) == 9
    assert script.operations.count("show_pipeline_log") == MOST_STEPS


def test_one_log_that_is_refused_does_not_hide_the_others():
    job = {"id": "j", "name": "compile", "status": "FAILED", "steps": [step("a"), step("b")]}
    lines, _ = explained(failed(job), show_pipeline_log=[reply({"error_code": "x", "error_msg": "no"}, 404), page("z")])
    assert any("could not be read" in line for line in lines)
    assert lines[-1] == "    z"


def test_an_empty_log_is_said_to_be_empty():
    job = {"id": "j", "name": "compile", "status": "FAILED", "steps": [step()]}
    assert explained(failed(job), show_pipeline_log=page())[0][-1].endswith("is empty")


PLACES = [
    ("a check", failed(pre=[step("gate", message="refused")]), ["stage build, check gate"], []),
    ("an exit gate", failed(post=[step("quality")]), ["stage build, check quality"], []),
    ("a stage alone", failed(), ["stage build"], []),
    ("a job without steps", failed({"id": "j", "name": "c", "status": "FAILED"}), ["stage build, job c"], []),
    ("a job that failed asynchronously", failed({"id": "j", "name": "c", "status": "ASYNC_FAILED", "steps": [step("s", "COMPLETED")]}), ["stage build, job c, step s"], ["s"]),
    ("a job around its steps", failed({"id": "j", "name": "c", "status": "FAILED", "steps": [step("a", "COMPLETED"), step("b", "INIT")]}), ["stage build, job c, step a"], ["a"]),
    ("a job whose steps never began", failed({"id": "j", "name": "c", "status": "FAILED", "steps": [step("b", "INIT")]}), ["stage build, job c"], []),
    ("a step of a job that goes on", failed({"id": "j", "name": "c", "status": "RUNNING", "steps": [step("b")]}), ["stage build, job c, step b"], ["b"]),
    ("a stage that is complete", failed({"id": "j", "name": "c", "status": "COMPLETED"}, status="COMPLETED"), [], []),
]  # fmt: skip


@pytest.mark.parametrize(("detail", "places", "logs"), [pytest.param(*p[1:], id=p[0]) for p in PLACES])
def test_the_place_is_found(detail, places, logs):
    found = list(failed_steps(RunDetail.model_validate(detail)))
    assert [part.where for part in found] == places
    assert [part.step_run_id for part in found if part.job_run_id] == logs


def test_a_run_that_shows_no_reason_is_told_of_and_where_to_look():
    detail = {"id": "run", "status": "FAILED", "stages": [], "detail_url": "https://console.example.com/run"}
    lines, _ = explained(detail)
    assert lines == ["run run failed; it shows no stage, job or step that did", "see https://console.example.com/run"]


SECRETS = [
    ("DB_PASSWORD=hunter2 and more", "DB_PASSWORD=*** and more"),
    ('{"token": "abc def", "a": 1}', '{"token": ***, "a": 1}'),
    ("secret: 'abc'", "secret: ***"),
    ("api_key=abc,b", "api_key=***,b"),
    ("curl -H 'Authorization: Bearer abc.def'", "curl -H 'Authorization: ***"),
    ("git clone https://user:hunter2@example.com/x.git", "git clone https://user:***@example.com/x.git"),
    ("\x1b[31mred\x1b[0m\x00", "red"),
    ("x" * 999, "x" * LONGEST_LINE + "..."),
    ("nothing to hide", "nothing to hide"),
]


@pytest.mark.parametrize(("line", "shown"), SECRETS)
def test_a_line_is_made_fit_to_be_shown(line, shown):
    assert clean(line) == shown


def test_a_hook_that_cannot_be_made_changes_no_verdict(emulator):
    from airflow_provider_pipelines.codearts.hook import CodeArtsHook

    told = []
    connect = CodeArtsHook("no_such_connection").get_conn
    failures.explain(connect, "p", ["r"], lambda form, line: told.append(form % line))
    assert len(told) == 1
    assert "what failed could not be read" in told[0]
