"""Finding the step that waits, however the service shows it: by hand, with details as they may come."""

import json

import pytest

from airflow_provider_pipelines.codearts.api.models import RunDetail
from airflow_provider_pipelines.codearts.flows.gates import gates_of, look_gate, observation_of
from airflow_provider_pipelines.codearts.states import DECISIONS, ENDED, OPERATIONS
from airflow_provider_pipelines.errors import ArgumentError, NotFound, WatchFailed
from tests.codearts.driving import API, PIPELINE, Script, queue_page, queued

REVIEW, CHECK = "official_devcloud_checkpoint", "official_devcloud_manualTrigger"
DELAY, SUSPEND, WORK = "official_devcloud_delay", "official_devcloud_suspend", "official_devcloud_cloudBuild"


def step(id, status="INIT", task=WORK, **more):
    return {"id": id, "name": f"{id}-name", "task": task, "status": status, **more}


def job(id, *steps, status=None):
    return {"id": id, "name": f"{id}-name", "status": status, "steps": list(steps)}


def stage(*jobs, pre=(), status=None, name="release"):
    return {"id": f"{name}-id", "name": name, "status": status, "pre": list(pre), "jobs": list(jobs)}


def run(*stages, status="PAUSED"):
    return RunDetail.model_validate({"id": "run", "status": status, "stages": list(stages)})


def about(decision, **more):
    return {"decision": decision, **more}


WAITING = [
    ("a review that is paused", run(stage(job("j", step("s", "PAUSED", REVIEW)))), "pass", "review"),
    ("a review that runs, as documented", run(stage(job("j", step("s", "RUNNING", REVIEW)))), "pass", "review"),
    ("a review that runs beside a job", run(stage(job("w", step("x", "RUNNING")), job("j", step("s", "RUNNING", REVIEW))), status="RUNNING"), "pass", "review"),
    ("a review not begun in a job that is paused", run(stage(job("j", step("d", "COMPLETED"), step("s", "INIT", REVIEW), status="PAUSED"))), "pass", "review"),
    ("a review without a status in a job that is paused", run(stage(job("j", step("s", None, REVIEW), status="PAUSED"))), "pass", "review"),
    ("a check point that is paused", run(stage(pre=[step("s", "PAUSED", CHECK)])), "pass", "checkpoint"),
    ("a check point that runs", run(stage(pre=[step("s", "RUNNING", CHECK)])), "refuse", "checkpoint"),
    ("a check point not begun in a stage that is paused", run(stage(pre=[step("a", "COMPLETED"), step("s", "INIT", CHECK)], status="PAUSED")), "pass", "checkpoint"),
    ("an entry check of another kind that is paused", run(stage(pre=[step("s", "PAUSED", "x")])), "pass", "checkpoint"),
    ("a delay that is paused", run(stage(job("j", step("s", "PAUSED", DELAY)))), "delay", "delay"),
    ("a delay that runs", run(stage(job("j", step("s", "RUNNING", DELAY)))), "refuse", "delay"),
    ("a delay by another name", run(stage(job("j", step("s", "PAUSED", "official_devcloud_delayedExecution")))), "pass", "delay"),
    ("a suspension", run(stage(job("j", step("s", "SUSPEND", SUSPEND))), status="SUSPEND"), "resume", "suspension"),
    ("a suspension that runs", run(stage(job("j", step("s", "RUNNING", SUSPEND))), status="SUSPEND"), "resume", "suspension"),
    ("a suspension by a plug-in that is not known", run(stage(job("j", step("s", "SUSPEND", "x"))), status="SUSPEND"), "resume", "suspension"),
    ("a paused step of a plug-in that is not known", run(stage(job("j", step("s", "PAUSED", "x")))), "pass", "step"),
    ("the running step of a paused job", run(stage(job("j", step("d", "COMPLETED"), step("s", "RUNNING", "x"), status="PAUSED"))), "refuse", "step"),
    ("the running step of a suspended job", run(stage(job("j", step("s", "RUNNING", "x"), status="SUSPEND"))), "resume", "suspension"),
]  # fmt: skip


@pytest.mark.parametrize(("detail", "decision", "kind"), [pytest.param(*w[1:], id=w[0]) for w in WAITING])
def test_a_step_that_waits_is_found(detail, decision, kind):
    seen = observation_of(detail, about(decision))
    assert seen.error is None
    assert seen.status in DECISIONS[decision].ready
    assert (seen.facts["step_run_id"], seen.facts["gate"]) == ("s", kind)
    assert seen.facts.get("job_run_id") == (None if kind == "checkpoint" else "j")
    assert seen.facts["gate"] in OPERATIONS[decision]
    assert json.dumps(seen.facts)


@pytest.mark.parametrize("word", ["COMPLETED", "FAILED", "CANCELED", "SKIPPED", "IGNORED", "UNSELECTED"])
@pytest.mark.parametrize("decision", list(DECISIONS))
def test_a_step_that_is_over_shows_how_it_ended(decision, word):
    task = SUSPEND if decision == "resume" else DELAY
    detail = run(stage(job("j", step("s", word, task))), status="RUNNING")
    seen = observation_of(detail, about(decision, step_run_id="s"))
    assert (seen.status, seen.error) == (word, None)
    verb = DECISIONS[decision]
    assert (word in verb.already) != (word in verb.hopeless)


def test_what_is_not_reached_is_waited_for():
    detail = run(stage(job("j", step("w", "RUNNING"), step("s", "INIT", REVIEW))), status="RUNNING")
    for told in ({}, {"step_run_id": "s"}, {"job_run_id": "j"}):
        seen = observation_of(detail, about("pass", **told))
        assert (seen.status, seen.error) == ("INIT", None)
        assert "INIT" not in DECISIONS["pass"].already | DECISIONS["pass"].ready | DECISIONS["pass"].hopeless


def test_a_suspension_that_runs_on_waits_no_more():
    detail = run(stage(job("j", step("s", "RUNNING", SUSPEND))), status="RUNNING")
    assert observation_of(detail, about("resume", step_run_id="s")).status == "RUNNING"


def test_of_several_that_wait_none_is_guessed():
    detail = run(stage(job("a", step("s1", "PAUSED", REVIEW)), job("b", step("s2", "PAUSED", DELAY))))
    error = observation_of(detail, about("pass")).error
    assert isinstance(error, ArgumentError)
    assert "step_run_id" in str(error)
    for named in ("s1", "s2", "job_run_id a", "job_run_id b", "manual review", "delayed step", "'release'"):
        assert named in str(error)
    assert observation_of(detail, about("pass", step_run_id="s2")).facts["gate"] == "delay"
    assert observation_of(detail, about("pass", job_run_id="a")).facts["step_run_id"] == "s1"
    assert observation_of(detail, about("delay")).facts["step_run_id"] == "s2", "only one takes this decision"


GATES = [stage(job("a", step("s1", "COMPLETED", REVIEW)), name="one"), stage(job("b", step("s2", "PAUSED", REVIEW)))]


def test_another_step_than_the_one_that_was_passed_is_not_passed_by_a_second_attempt():
    assert observation_of(run(*GATES), about("pass")).facts["step_run_id"] == "s2"
    error = observation_of(run(*GATES), about("pass", again=True)).error
    assert isinstance(error, ArgumentError)
    assert "earlier attempt" in str(error)
    assert "s1" in str(error)
    assert "s2" in str(error)
    assert observation_of(run(*GATES), about("pass", again=True, step_run_id="s2")).status == "PAUSED"


def test_one_that_was_passed_and_one_to_come_are_not_confused():
    detail = run(GATES[0], stage(job("b", step("s2", "INIT", REVIEW))), status="RUNNING")
    error = observation_of(detail, about("pass")).error
    assert isinstance(error, ArgumentError)
    assert "CodeArtsRunSensor" in str(error)
    assert observation_of(detail, about("pass", step_run_id="s1")).status == "COMPLETED"


def test_a_run_without_anything_to_decide_says_so():
    for word in sorted(ENDED - {"QUEUED_TIME_OUT"}):
        error = observation_of(run(stage(job("j", step("s", "COMPLETED"))), status=word), about("pass")).error
        assert isinstance(error, WatchFailed)
        assert word in str(error)


@pytest.mark.parametrize(
    ("status", "shown", "decision", "seen"),
    [
        ("FAILED", "PAUSED", "refuse", "FAILED"),
        ("CANCELED", "PAUSED", "pass", "CANCELED"),
        ("CANCELED", "INIT", "pass", "CANCELED"),
        ("COMPLETED", "PAUSED", "pass", "COMPLETED"),
        ("COMPLETED", "INIT", "pass", "SKIPPED"),
        ("IGNORED", "INIT", "pass", "IGNORED"),
    ],
)
def test_a_run_that_has_ended_counts_more_than_its_steps(status, shown, decision, seen):
    detail = run(stage(job("j", step("s", shown, REVIEW))), status=status)
    assert observation_of(detail, about(decision, step_run_id="s")).status == seen


def test_a_refused_run_that_has_ended_shows_the_refused_step():
    detail = run(stage(job("j", step("s", "FAILED", REVIEW))), status="FAILED")
    assert observation_of(detail, about("refuse")).status == "FAILED"
    assert observation_of(detail, about("pass")).status == "FAILED"


@pytest.mark.parametrize(
    ("told", "decision"),
    [({}, "resume"), ({}, "delay"), ({"step_run_id": "s"}, "resume"), ({"step_run_id": "s"}, "delay")],
)
def test_a_decision_that_the_waiting_step_does_not_take_is_an_error(told, decision):
    error = observation_of(run(stage(job("j", step("s", "PAUSED", REVIEW)))), about(decision, **told)).error
    assert isinstance(error, ArgumentError)
    assert str(error).startswith("decision: ")
    assert "pass, refuse" in str(error)


@pytest.mark.parametrize("argument", ["step_run_id", "job_run_id"])
def test_an_id_that_the_run_does_not_have_is_not_found(argument):
    waiting, nothing = run(stage(job("j", step("s", "PAUSED", REVIEW)))), run(stage(), status="RUNNING")
    error = observation_of(waiting, about("pass", **{argument: "x"})).error
    assert isinstance(error, NotFound)
    assert f"no {argument} x" in str(error)
    assert "step_run_id s" in str(error)
    assert "Nothing waits" in str(observation_of(nothing, about("pass", **{argument: "x"})).error)


def test_a_step_that_is_told_need_not_look_like_one_that_waits():
    detail = run(stage(job("j", step("s", "QUEUED")), pre=[step("p", "INIT")]), status="RUNNING")
    assert observation_of(detail, about("pass", step_run_id="s")).facts["gate"] == "step"
    assert observation_of(detail, about("pass", step_run_id="p")).facts["gate"] == "checkpoint"


def test_steps_without_an_id_are_passed_over():
    assert gates_of(run(stage(job("j", {"status": "PAUSED"}), pre=[{"status": "PAUSED"}]))) == []
    assert gates_of(run(stage(job("j", {"status": "RUNNING"}, status="PAUSED")))) == []


def test_a_run_that_waits_in_the_queue_has_no_step_yet():
    script = Script(show_pipeline_run_detail={}, list_pipeline_queue=queue_page(queued("run")))
    seen = script.run(look_gate(API, PIPELINE, about("pass"), ["run"]))
    assert seen["run"].status == "QUEUED"
    script = Script(
        show_pipeline_run_detail={},
        list_pipeline_queue=queue_page(),
        list_pipeline_runs={"total": 0, "pipeline_runs": []},
    )
    assert isinstance(script.run(look_gate(API, PIPELINE, about("pass"), ["run"]))["run"].error, NotFound)


def test_a_step_that_was_skipped_is_shown_once_the_run_has_ended():
    detail = run(stage(job("j", step("s", "SKIPPED", REVIEW))), status="COMPLETED")
    assert observation_of(detail, about("pass")).status == "SKIPPED"
