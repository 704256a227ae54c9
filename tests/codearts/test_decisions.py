"""Review, retry, enable and disable: the same histories in every mode, with exactly the writes that are due."""

import json

import pytest

from airflow_provider_pipelines.codearts.operators import (
    CodeArtsDisablePipelineOperator,
    CodeArtsEnablePipelineOperator,
    CodeArtsRetryRunOperator,
    CodeArtsReviewOperator,
)
from airflow_provider_pipelines.codearts.operators.gates import STORE_KEY
from airflow_provider_pipelines.core.verbs.observation import Report
from tests.codearts.conftest import BUILD, ENDLESS, NIGHTLY, PIPELINE, QUEUES, REVIEW, run_of, runs, step_of, steps
from tests.codearts.test_modes import both, faulted, later, looks, nothing, plain_values, settings, task, written
from tests.support.airflow import TaskDeferred
from tests.support.modes import OPERATOR_MODES, Store, TaskInstance, context_of, on, plain

PASS, REFUSE, RETRY = "accept_manual_review", "reject_manual_review", "retry_pipeline_run"
ENABLE, DISABLE = "enable_pipeline", "disable_pipeline"
DISABLED = PIPELINE["disabled"]
NO = {"kind": "reply", "status": 200, "body": {"success": False}}


def review(decision, name="waits-for-review", **arguments):
    given = {"pipeline_id": PIPELINE[name], "pipeline_run_id": run_of(name), **arguments}
    return task(CodeArtsReviewOperator, decision=decision, **given)


def retry(name="always-fails", place=1, **arguments):
    given = {"pipeline_id": PIPELINE[name], "pipeline_run_id": run_of(name, place), **arguments}
    return task(CodeArtsRetryRunOperator, **given)


def enable(id=DISABLED, **arguments):
    return task(CodeArtsEnablePipelineOperator, pipeline_id=id, **arguments)


def disable(id=NIGHTLY, **arguments):
    return task(CodeArtsDisablePipelineOperator, pipeline_id=id, **arguments)


def decided(operation, name="waits-for-review", step="review"):
    """Let somebody else decide before the task looks."""

    def prepare(emulator, clock):
        from airflow_provider_pipelines.codearts.hook import CodeArtsHook

        with CodeArtsHook() as hook:
            hook.clock = clock
            getattr(hook, operation)(PIPELINE[name], run_of(name), *filter(None, steps(emulator, name)[step]))
        emulator.mark()

    return prepare


def status(name, word):
    return lambda emulator, clock: emulator.thing("codearts", run_of(name), word)


# name, task, what happens, result or error, text in message or error, status after, the writes
HISTORIES = [
    ("pass a review", review("pass"), nothing, "done", "manual review 'review'", "COMPLETED", [PASS]),
    ("pass a review that shows as RUNNING", review("pass"), settings(codearts_waiting_step="RUNNING"), "done", "is COMPLETED", "COMPLETED", [PASS]),
    ("refuse a review", review("refuse"), nothing, "done", "refuse: ", "FAILED", [REFUSE]),
    ("refuse a review that ends as CANCELED", review("refuse"), settings(codearts_refused="CANCELED"), "done", "refuse: ", "CANCELED", [REFUSE]),
    ("pass a check point", review("pass", "checkpoint"), nothing, "done", "check point", "COMPLETED", ["accept_checkpoint"]),
    ("refuse a check point", review("refuse", "checkpoint"), nothing, "done", "check point", "FAILED", ["reject_checkpoint"]),
    ("pass a delay", review("pass", "delayed"), nothing, "done", "delayed step", "COMPLETED", ["accept_delay_job"]),
    ("refuse a delay", review("refuse", "delayed"), nothing, "done", "delayed step", "FAILED", ["reject_delay_job"]),
    ("delay a delay", review("delay", "delayed"), nothing, "done", "delay: delayed step", "PAUSED", ["continue_delay_job"]),
    ("resume", review("resume", "suspended"), nothing, "done", "suspension", "COMPLETED", ["resume_pipeline"]),
    ("pass a second time", review("pass"), decided(PASS), "already", "nothing was sent", "COMPLETED", []),
    ("refuse a second time", review("refuse"), decided(REFUSE), "already", "nothing was sent", "FAILED", []),
    ("resume a second time", review("resume", "suspended"), decided("resume_pipeline", "suspended", "suspend"), "already", "nothing was sent", "COMPLETED", []),
    ("pass what was refused", review("pass"), decided(REFUSE), "WatchFailed", "is FAILED", None, []),
    ("refuse what was passed", review("refuse"), decided(PASS), "WatchFailed", "Somebody has passed it", None, []),
    ("pass what was stopped", review("pass"), status("waits-for-review", "CANCELED"), "WatchFailed", "CANCELED", None, []),
    ("pass nothing", review("pass", "nightly"), nothing, "WatchFailed", "no step of it waits", None, []),
    ("pass a suspension", review("pass", "suspended"), nothing, "AirflowFailException", "Possible are resume", None, []),
    ("delay a review", review("delay"), nothing, "AirflowFailException", "Possible are pass, refuse", None, []),
    ("not waited for", review("pass", wait_for_completion=False), nothing, "requested", "its effect was not waited for", "PAUSED", [PASS]),
    ("somebody was quicker", review("pass"), both(faulted(PASS, **NO), looks(1, 1, kind="state", status="RUNNING")), "already", "nothing was sent", "COMPLETED", [PASS]),
    ("refused once", review("pass"), faulted(PASS, **NO), "done", "is COMPLETED", "COMPLETED", [PASS, PASS]),
    ("refused for ever", review("pass"), faulted(PASS, 99, **NO), "Conflict", "success: false", None, [PASS] * 4),
    ("refused with an unknown code", review("pass"), faulted(PASS, 99, kind="error_in_200", code="DEVPIPE.99", message="no"), "Conflict", "DEVPIPE.99", None, [PASS] * 4),
    ("refused with 404", review("pass"), faulted(PASS, 1, kind="reply", status=404, body={"error_code": "DEVPIPE.98", "error_msg": "no"}), "done", "is COMPLETED", "COMPLETED", [PASS, PASS]),
    ("refused since there is no such pipeline", review("pass"), faulted(PASS, 99, kind="error_in_200", code="DEVPIPE.00011401", message="no"), "AirflowFailException", "00011401", None, [PASS]),
    ("the answer is lost", review("pass"), faulted(PASS, kind="drop", executed=True), "done", "is COMPLETED", "COMPLETED", [PASS]),
    ("the request is lost", review("pass"), faulted(PASS, kind="drop", executed=False), "OutcomeUnknown", "accept_manual_review", None, [PASS]),
    ("the answer to a delay is lost", review("delay", "delayed"), faulted("continue_delay_job", kind="drop", executed=True), "WatchFailed", "not clear whether delayed step", None, ["continue_delay_job"]),
    ("throttled", review("pass"), faulted(PASS, kind="reply", status=429, body="x"), "done", "is COMPLETED", "COMPLETED", [PASS, PASS]),
    ("ten failed looks", review("pass"), looks(10, 1), "done", "is COMPLETED", "COMPLETED", [PASS]),
    ("no run", review("pass", pipeline_run_id="0" * 32), nothing, "AirflowFailException", "neither shown nor in the queue", None, []),
    ("no pipeline", review("pass", pipeline_id="0" * 32), nothing, "AirflowFailException", "DEVPIPE.00011401", None, []),
    ("no step", review("pass", step_run_id="0" * 32), nothing, "AirflowFailException", "Waiting: manual review", None, []),
    ("no job", review("pass", job_run_id="0" * 32), nothing, "AirflowFailException", "no job_run_id", None, []),
    ("no decision", review("maybe"), nothing, "AirflowFailException", "Possible are pass, refuse, delay, resume", None, []),
    ("a bad comment", review("pass", comment=3), nothing, "AirflowFailException", "comment", None, []),
    ("a bad job", review("pass", job_run_id=""), nothing, "AirflowFailException", "job_run_id: is empty", None, []),
    ("never reached", review("pass", "soak-test", timeout=100), nothing, "WatchTimeout", "last seen INIT", None, []),
    ("retry", retry(), lambda e, c: heal(e), "done", "is COMPLETED", "COMPLETED", [RETRY]),
    ("retry of a job", retry("build", job_run_ids=["JOB"]), nothing, "done", "is COMPLETED", "COMPLETED", [RETRY]),
    ("retry that fails again", retry(), nothing, "WatchFailed", "failed in stage stage_1", None, [RETRY]),
    ("retry of what is complete", retry("nightly"), nothing, "already", "is COMPLETED; nothing was sent", "COMPLETED", []),
    ("retry of a cancelled run", retry("deploy", 2), nothing, "done", "is COMPLETED", "COMPLETED", [RETRY]),
    ("retry of a cancelled run, which is refused", retry("deploy", 2), settings(codearts_retry_canceled=False), "Conflict", "success: false", None, [RETRY] * 4),
    ("retry of an ignored run", retry("ignored"), nothing, "WatchFailed", "IGNORED", None, []),
    ("retry of a run that goes on and ends well", retry("soak-test"), later(60, ENDLESS, "COMPLETED"), "already", "has become COMPLETED", "COMPLETED", []),
    ("retry of a run that goes on and fails", retry("build"), both(status("build", "RUNNING"), later(20, run_of("build"), "FAILED")), "done", "is COMPLETED", "COMPLETED", [RETRY]),
    ("retry with a lost answer", retry("deploy", 2), faulted(RETRY, kind="drop", executed=True), "done", "is COMPLETED", "COMPLETED", [RETRY]),
    ("retry that was lost before it came", retry("deploy", 2), faulted(RETRY, kind="drop", executed=False), "OutcomeUnknown", "retry_pipeline_run", None, [RETRY]),
    ("retry without capacity", retry("deploy", 2), faulted(RETRY, 2, kind="error_in_200", code="DEVPIPE.00011104", message="x"), "done", "is COMPLETED", "COMPLETED", [RETRY] * 3),
    ("retry not waited for", retry("deploy", 2, wait_for_completion=False), nothing, "requested", "not waited for", "CANCELED", [RETRY]),
    ("retry over the time is not cancelled", retry("soak-test", timeout=300), nothing, "WatchTimeout", "last seen RUNNING", None, []),
    ("retry with bad jobs", retry(job_run_ids="x"), nothing, "AirflowFailException", "job_run_ids", None, []),
    ("retry of no run", retry(pipeline_run_id="0" * 32), nothing, "AirflowFailException", "neither shown nor in the queue", None, []),
    ("enable", enable(), nothing, "done", "is ENABLED", "ENABLED", [ENABLE]),
    ("enable what is enabled", enable(NIGHTLY), nothing, "already", "nothing was sent", "ENABLED", []),
    ("disable", disable(), nothing, "done", "is DISABLED", "DISABLED", [DISABLE]),
    ("disable what is disabled", disable(DISABLED), nothing, "already", "nothing was sent", "DISABLED", []),
    ("disable without a clear answer", disable(), faulted(DISABLE, kind="drop", executed=True), "done", "is DISABLED", "DISABLED", [DISABLE, DISABLE]),
    ("disable that is not confirmed", disable(), faulted(DISABLE, 99, kind="reply", status=200, body=False), "Conflict", "did not confirm", None, [DISABLE] * 4),
    ("disable that shows late", disable(), lambda e, c: stale(e), "done", "is DISABLED", "DISABLED", [DISABLE]),
    ("disable of no pipeline", disable("0" * 32), nothing, "AirflowFailException", "00011401", None, []),
    ("disable not waited for", disable(wait_for_completion=False), nothing, "requested", "not waited for", "ENABLED", [DISABLE]),
]  # fmt: skip


def heal(emulator):
    """Let the retried run end well: somebody has mended what made it fail."""
    emulator.fault("show_pipeline_run_detail", service="codearts", kind="state", status="COMPLETED", skip=3)


def stale(emulator):
    old = {"id": NIGHTLY, "name": "nightly", "banned": False}
    for _ in range(3):
        emulator.fault("show_pipeline_detail", service="codearts", kind="reply", status=200, body=old)


@pytest.mark.parametrize(
    ("make", "prepare", "end", "text", "after", "writes"), [pytest.param(*h[1:], id=h[0]) for h in HISTORIES]
)
def test_a_history_ends_alike_in_every_mode(emulator, clock, make, prepare, end, text, after, writes):
    seen = {}
    for mode, go in OPERATOR_MODES.items():
        emulator.reset()
        clock.on_wait = None
        prepare(emulator, clock)
        mend = jobs_of(emulator)
        seen[mode] = plain_values(go(lambda mend=mend, **given: mend(make(**given)), clock))
        assert written(emulator) == writes, (mode, seen[mode])
    first = seen["plain"]
    if first["error"] is None:
        assert first["result"]["result"] == end
        assert text in first["result"]["message"]
        assert first["result"]["after"] == after
        assert first["result"]["id"].startswith("fa4e")
    else:
        assert first["error"][0] == end
        assert text in first["error"][1]
    assert seen["deferred"] == first


def jobs_of(emulator):
    """Put the id of a job in where a table cannot know it."""
    known = steps(emulator, "build")["step"][0]

    def mend(task):
        if getattr(task, "job_run_ids", None) == ["JOB"]:
            task.job_run_ids = [known]
        return task

    return mend


# what an outcome holds, and where a decision arrives


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_the_outcome_of_a_review_names_the_step(emulator, clock, mode):
    job, step = steps(emulator, "waits-for-review")["review"]
    seen = OPERATOR_MODES[mode](review("pass", comment="looks fine"), clock)
    assert seen["result"] == {
        "id": REVIEW, "verb": "accept_manual_review", "result": "done", "before": "PAUSED", "after": "COMPLETED",
        "message": f"pass: manual review 'review' of job 'release' in stage 'release' of run {run_of('waits-for-review')} is COMPLETED.",
        "code": None, "pipeline_run_id": run_of("waits-for-review"), "step_run_id": step, "job_run_id": job,
        "gate": "review", "step": "manual review 'review' of job 'release' in stage 'release'",
    }  # fmt: skip
    assert step_of(emulator, "waits-for-review", "review")["comment"] == "looks fine"


def test_the_verb_of_an_outcome_is_the_hook_method(emulator, clock):
    assert plain(review("refuse", "checkpoint"), clock)["result"]["verb"] == "reject_checkpoint"
    assert plain(review("refuse", "checkpoint"), clock)["result"]["verb"] == "reject_checkpoint"
    assert plain(review("delay", "delayed"), clock)["result"]["verb"] == "continue_delay_job"


@pytest.mark.parametrize("comment", [None, "", " "])
def test_an_empty_comment_is_none(emulator, clock, comment):
    assert plain(review("pass", comment=comment), clock)["result"]["result"] == "done"
    assert step_of(emulator, "waits-for-review", "review")["comment"] == ""


def test_a_comment_that_the_step_does_not_take_is_left_out_and_said(emulator, clock, capsys):
    assert plain(review("pass", "checkpoint", comment="fine"), clock)["result"]["result"] == "done"
    assert "takes no comment" in capsys.readouterr().out


def test_a_fourth_delay_is_refused(emulator, clock):
    for _ in range(3):
        assert plain(review("delay", "delayed"), clock)["result"]["result"] == "done"
    assert plain(review("delay", "delayed"), clock)["error"][0] == "Conflict"
    assert step_of(emulator, "delayed", "delay")["delays"] == 3


def test_a_review_that_is_still_to_come_is_waited_for(emulator, clock):
    for mode, go in OPERATOR_MODES.items():
        emulator.reset()
        run = new_run(emulator, clock, REVIEW)
        hops = []
        arguments = {"hops": hops} if mode == "deferred" else {}
        seen = go(review("pass", pipeline_run_id=run, timeout=4000), clock, **arguments)
        assert (seen["error"], seen["result"]["result"]) == (None, "done"), mode
        assert (len(hops) >= 1) == (mode == "deferred")


def new_run(emulator, clock, pipeline_id):
    from airflow_provider_pipelines.codearts.hook import CodeArtsHook

    with CodeArtsHook() as hook:
        hook.clock = clock
        run = hook.run_pipeline(pipeline_id).pipeline_run_id
    emulator.mark()
    return run


# a second attempt


class Gates:
    """A run with two reviews, one after the other."""

    def __init__(self, emulator, clock):
        from airflow_provider_pipelines.codearts.hook import CodeArtsHook

        self.hook = CodeArtsHook()
        self.hook.clock = clock
        stages = [
            {
                "name": name,
                "identifier": name,
                "jobs": [
                    {
                        "name": f"ask-{name}",
                        "identifier": f"JOB_{name}",
                        "steps": [{"name": f"review-{name}", "task": "official_devcloud_checkpoint"}],
                    }
                ],
            }
            for name in ("one", "two")
        ]
        body = {"name": "gates", "is_publish": False, "definition": json.dumps({"stages": stages})}
        self.pipeline = self.hook.create_pipeline(body=body).pipeline_id
        self.run = self.hook.run_pipeline(self.pipeline).pipeline_run_id
        emulator.mark()

    def make(self, **arguments):
        given = {"pipeline_id": self.pipeline, "pipeline_run_id": self.run, "decision": "pass", **arguments}
        return task(CodeArtsReviewOperator, **given)

    def statuses(self):
        detail = self.hook.show_pipeline_run_detail(self.pipeline, self.run)
        return [step.status for stage in detail.stages for job in stage.jobs for step in job.steps]


@pytest.fixture
def gates(emulator, clock):
    gates = Gates(emulator, clock)
    yield gates
    gates.hook.close()


def test_a_task_passes_the_gate_that_waits_and_no_other(gates, clock):
    assert plain(gates.make(), clock)["error"] is None
    assert gates.statuses() == ["COMPLETED", "PAUSED"]


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_second_attempt_does_not_pass_the_next_gate(gates, emulator, clock, mode):
    store = Store()
    assert OPERATOR_MODES[mode](gates.make(), clock, TaskInstance(1), store)["result"]["result"] == "done"
    assert store[STORE_KEY]["for"] == [gates.run, "pass"]
    emulator.mark()
    again = OPERATOR_MODES[mode](gates.make(), clock, TaskInstance(2), store)
    assert again["result"]["result"] == "already"
    assert gates.statuses() == ["COMPLETED", "PAUSED"]
    assert emulator.writes("codearts") == []


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_without_a_store_a_second_attempt_rather_asks_than_passes_the_next_gate(gates, emulator, clock, mode):
    assert OPERATOR_MODES[mode](gates.make(), clock, TaskInstance(1))["result"]["result"] == "done"
    emulator.mark()
    again = OPERATOR_MODES[mode](gates.make(), clock, TaskInstance(2))
    assert again["error"][0] == "AirflowFailException"
    assert "step_run_id: several may be meant" in again["error"][1]
    assert emulator.writes("codearts") == []
    assert gates.statuses() == ["COMPLETED", "PAUSED"]


def test_without_a_store_a_second_attempt_passes_where_nothing_was_passed(gates, clock):
    assert plain(gates.make(), clock, TaskInstance(2))["result"]["result"] == "done"
    assert gates.statuses() == ["COMPLETED", "PAUSED"]


def test_what_is_remembered_of_another_run_is_not_taken(gates, clock):
    store = Store({STORE_KEY: {"for": ["another", "pass"], "step": "x"}})
    assert plain(gates.make(), clock, TaskInstance(2), store)["result"]["result"] == "done"
    store = Store({STORE_KEY: "rubbish"})
    assert plain(gates.make(), clock, TaskInstance(3), store)["result"]["result"] == "done"
    assert gates.statuses() == ["COMPLETED", "COMPLETED"]


def test_a_step_that_is_told_counts_more_than_what_is_remembered(gates, clock):
    store = Store()
    plain(gates.make(), clock, TaskInstance(1), store)
    detail = gates.hook.show_pipeline_run_detail(gates.pipeline, gates.run)
    second = detail.stages[1].jobs[0].steps[0].id
    assert plain(gates.make(step_run_id=second), clock, TaskInstance(2), store)["result"]["result"] == "done"
    assert gates.statuses() == ["COMPLETED", "COMPLETED"]


def test_a_resumed_task_watches_the_step_that_it_decided_about(gates, emulator, clock):
    """After the decision the trigger looks at this one step, not at the next gate."""
    operator = on(gates.make(deferrable=True)(defer_after=0), clock)
    emulator.fault("accept_manual_review", service="codearts", kind="reply", status=200, body={"success": True})
    with pytest.raises(TaskDeferred) as deferral:
        operator.execute(context_of())
    detail = gates.hook.show_pipeline_run_detail(gates.pipeline, gates.run)
    assert deferral.value.trigger.scope["step_run_id"] == detail.stages[0].jobs[0].steps[0].id
    assert deferral.value.trigger.kind == "gate"


def test_a_task_that_wakes_up_before_the_end_goes_on_with_its_step(gates, emulator, clock):
    emulator.fault("accept_manual_review", service="codearts", kind="reply", status=200, body={"success": True})
    with pytest.raises(TaskDeferred) as deferral:
        on(gates.make(deferrable=True)(defer_after=0), clock).execute(context_of())
    detail = gates.hook.show_pipeline_run_detail(gates.pipeline, gates.run)
    first = detail.stages[0].jobs[0]
    gates.hook.accept_manual_review(gates.pipeline, gates.run, first.id, first.steps[0].id)
    emulator.mark()
    resumed = on(gates.make(deferrable=False)(), clock)
    held = json.loads(json.dumps(deferral.value.trigger.held))
    outcome = resumed.execute_complete(context_of(), event=Report(ended="pause", held=held).to_event())
    assert (outcome["result"], outcome["step_run_id"]) == ("done", first.steps[0].id)
    assert gates.statuses() == ["COMPLETED", "PAUSED"]
    assert emulator.writes("codearts") == []


# retry


def test_a_queued_retry_is_waited_for_and_keeps_its_run(emulator, clock):
    run = run_of("one-at-a-time")
    for go in OPERATOR_MODES.values():
        emulator.reset()
        emulator.thing("codearts", run, "FAILED")
        emulator.advance(1)  # what waited in the queue takes its place
        begun = clock.time()

        def free(_, begun=begun):
            if clock.time() - begun > 120:
                clock.on_wait = None
                for id, fields in runs(emulator, QUEUES).items():
                    if fields["status"] == "RUNNING":
                        emulator.thing("codearts", id, "COMPLETED")

        clock.on_wait = free
        seen = go(retry("one-at-a-time"), clock)
        assert seen["error"] is None, seen
        assert (seen["result"]["result"], seen["result"]["before"], seen["result"]["after"]) == (
            "done",
            "FAILED",
            "COMPLETED",
        )
        assert seen["result"]["pipeline_run_id"] == run
        assert isinstance(seen["result"]["queue_id"], int)
        assert [name for name, _ in emulator.writes("codearts")] == [RETRY]


def test_a_retry_is_not_cancelled_when_its_task_is_killed(emulator, clock):
    operator = on(retry("deploy", 2)(), clock)
    clock.on_wait = lambda _: operator.on_kill()
    operator.execute(context_of())
    assert [name for name, _ in emulator.writes("codearts")] == [RETRY]
    assert (operator.timeout, operator.cancel_on_kill) == (24 * 3600, False)


def test_only_the_named_jobs_are_retried(emulator, clock):
    job, step = steps(emulator, "failed-with-a-log")["roll-out"]
    assert plain(retry("failed-with-a-log", job_run_ids=[job], wait_for_completion=False), clock)["error"] is None
    emulator.fault(RETRY, service="codearts", kind="error_in_200", code="DEVPIPE.00011494", message="x")
    end = plain(retry("always-fails", job_run_ids=[step]), clock)
    assert "00011494" in end["error"][1]


# many at once


def test_many_pipelines_are_looked_at_with_the_list(hook, emulator):
    ids = [*list(PIPELINE.values())[:6], "0" * 32]
    client = hook.get_conn()
    emulator.mark()
    seen = client.run(hook.look(client.api, "pipeline", {}, ids))
    assert [seen[id].status for id in ids[:6]] == ["ENABLED"] * 6
    assert seen["0" * 32].error.code == "DEVPIPE.00011401"
    assert [call["operation"] for call in emulator.calls()] == ["list_pipelines", "show_pipeline_detail"]


def test_a_pipeline_that_does_not_tell_is_no_disabled_one(emulator, clock):
    emulator.fault("show_pipeline_detail", service="codearts", kind="reply", status=200, body={"id": NIGHTLY}, times=9)
    end = plain(disable(), clock)
    assert end["error"][0] == "WatchFailed"
    assert "no status" in end["error"][1]
    assert emulator.writes("codearts") == []


def test_deferred_waits_for_pipelines_share_their_looks():
    scopes = [enable(id)().scope for id in (BUILD, NIGHTLY)]
    assert scopes == [{}, {}]
