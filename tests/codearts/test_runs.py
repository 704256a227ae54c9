"""Looking at runs, ending them, finding those that go on: by hand."""

import pytest

from airflow_provider_pipelines.codearts.api.models import RunDetail
from airflow_provider_pipelines.codearts.flows.runs import active_runs, cancel_runs, end_run, failed_parts, look_runs
from airflow_provider_pipelines.codearts.states import ENDED, RUN, SENSED, STATUSES, STOP
from airflow_provider_pipelines.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PlaceNotFound,
    ServerError,
)
from tests.codearts.driving import (
    API,
    PIPELINE,
    Script,
    detail,
    details,
    queue_page,
    queued,
    reply,
    row,
    runs_page,
    sample,
)

GONE = {"error_code": "DEVPIPE.00099999", "error_msg": "流水线运行不存在"}


def look(script, *ids):
    return script.run(look_runs(API, PIPELINE, list(ids)))


def test_a_running_run_takes_one_call():
    script = Script(show_pipeline_run_detail=detail("a"))
    assert look(script, "a")["a"].status == "RUNNING"
    assert script.operations == ["show_pipeline_run_detail"]


@pytest.mark.parametrize("hidden", [GONE, reply(GONE, 400), reply(GONE, 404), {}, None])
def test_a_queued_run_is_found_in_the_queue(hidden):
    script = Script(show_pipeline_run_detail=hidden, list_pipeline_queue=queue_page(queued("a", 7)))
    observation = look(script, "a")["a"]
    assert (observation.status, observation.facts) == ("QUEUED", {"pipeline_run_id": "a", "queue_id": 7})


@pytest.mark.parametrize("shown", ["INIT", "QUEUED"])
@pytest.mark.parametrize("word", ["QUEUED", "QUEUED_TIME_OUT"])
def test_the_queue_tells_of_a_run_that_has_not_begun(shown, word):
    script = Script(show_pipeline_run_detail=detail("a", shown), list_pipeline_queue=queue_page(queued("a", 7, word)))
    assert look(script, "a")["a"].status == word


def test_a_run_that_has_not_begun_may_be_in_no_queue():
    script = Script(show_pipeline_run_detail=detail("a", "INIT"), list_pipeline_queue=queue_page())
    assert look(script, "a")["a"].status == "INIT"


def test_a_run_that_left_the_queue_between_two_calls_is_found():
    script = Script(show_pipeline_run_detail=[GONE, detail("a")], list_pipeline_queue=queue_page())
    assert look(script, "a")["a"].status == "RUNNING"


def test_a_run_that_is_nowhere_is_searched_twice():
    script = Script(
        show_pipeline_run_detail=GONE,
        list_pipeline_queue=queue_page(queued("other")),
        list_pipeline_runs=runs_page(row("another")),
    )
    observation = look(script, "a")["a"]
    assert isinstance(observation.error, NotFound)
    assert "neither shown nor in the queue" in str(observation.error)
    assert script.operations == [*["show_pipeline_run_detail", "list_pipeline_queue"] * 2, "list_pipeline_runs"]


def test_a_run_that_only_the_list_of_all_runs_shows_is_there():
    runs = [
        runs_page(*(row(f"r{number}") for number in range(100)), total=101),
        runs_page(row("a", "PAUSED"), total=101),
    ]
    script = Script(show_pipeline_run_detail=GONE, list_pipeline_queue=queue_page(), list_pipeline_runs=runs)
    assert look(script, "a")["a"].status == "PAUSED"


@pytest.mark.parametrize(
    "lost", [reply(b"<html></html>", 404), reply({"message": "API not found"}, 404), reply(b"", 502)]
)
def test_what_no_list_can_deny_is_not_gone(lost):
    script = Script(show_pipeline_run_detail=GONE, list_pipeline_queue=queue_page(), list_pipeline_runs=lost)
    with pytest.raises((PlaceNotFound, ServerError)):
        look(script, "a")
    script = Script(show_pipeline_run_detail=GONE, list_pipeline_queue=lost, list_pipeline_runs=runs_page())
    assert isinstance(look(script, "a")["a"].error, PlaceNotFound | ServerError)


def test_a_wrong_pipeline_is_said_at_once():
    script = Script(show_pipeline_run_detail={"error_code": "DEVPIPE.00011401", "error_msg": "x"})
    error = look(script, "a")["a"].error
    assert isinstance(error, NotFound)
    assert error.code == "DEVPIPE.00011401"
    assert len(script.requests) == 1


def test_a_failed_look_is_no_missing_run():
    script = Script(show_pipeline_run_detail=reply({"error_code": "APIG.0201"}, 503))
    assert isinstance(look(script, "a")["a"].error, ServerError)
    script = Script(show_pipeline_run_detail=reply({"error_code": "APIG.0302", "error_msg": "no"}, 403))
    assert isinstance(look(script, "a")["a"].error, PermissionDenied)


def test_many_runs_are_read_from_the_list():
    ids = [f"r{number}" for number in range(6)]
    script = Script(
        list_pipeline_runs=runs_page(row("r0"), row("r1", "FAILED"), row("r2", "INIT"), row("x"), row("r3", None)),
        show_pipeline_run_detail=details(
            detail("r1", "FAILED", stages=[{"name": "s", "status": "FAILED"}]), detail("r3", "PAUSED")
        ),
        list_pipeline_queue=queue_page(queued("r5")),
    )
    seen = look(script, *ids)
    words = [seen[id].status for id in ids]
    assert words == ["RUNNING", "FAILED", "INIT", "PAUSED", None, "QUEUED"]
    assert seen["r1"].facts["status_desc"] == "failed stage s"
    assert isinstance(seen["r4"].error, NotFound)
    # once for all of them, and once more before the one that is nowhere is gone
    assert script.operations.count("list_pipeline_runs") == 2


def test_no_more_pages_are_read_than_it_takes_to_find_all():
    ids = [f"r{number}" for number in range(150)]
    pages = [runs_page(*(row(id) for id in ids[:100]), total=900), runs_page(*(row(id) for id in ids[100:]), total=900)]
    script = Script(list_pipeline_runs=pages)
    assert {observation.status for observation in look(script, *ids).values()} == {"RUNNING"}
    assert script.operations == ["list_pipeline_runs"] * 2


def test_a_failed_run_of_the_list_without_a_detail_is_failed_all_the_same():
    ids = [f"r{number}" for number in range(5)]
    script = Script(
        list_pipeline_runs=runs_page(*(row(id, "FAILED") for id in ids)),
        show_pipeline_run_detail=GONE,
        list_pipeline_queue=queue_page(),
    )
    assert {observation.status for observation in look(script, *ids).values()} == {"FAILED"}


def test_what_failed_is_named():
    body = sample("run_detail_failed_abridged")["response"]["body"]
    named = failed_parts(RunDetail.model_validate(body))
    assert named == "failed in stage 编译构建: job Compile_X86_compiler_ubuntu24 with step official_devcloud_cloudBuild"


def test_what_failed_may_be_a_check_or_have_no_name_or_be_much():
    stages = [
        {"name": "a", "status": "FAILED", "pre": [{"id": "9", "status": "FAILED"}], "jobs": None},
        {"status": "COMPLETED", "jobs": [{"status": "ASYNC_FAILED"}]},
    ]
    named = failed_parts(RunDetail.model_validate(detail("a", "FAILED", stages=stages)))
    assert named == "failed in stage a: check 9; in stage without a name: job without a name"
    many = [{"name": "x" * 50, "status": "FAILED"}] * 9
    assert len(failed_parts(RunDetail.model_validate(detail("a", "FAILED", stages=many)))) < 320
    assert failed_parts(RunDetail.model_validate(detail("a", "FAILED"))) == ""


# active runs


def test_all_that_goes_on_is_found_once():
    script = Script(
        list_pipeline_runs=[
            runs_page(row("a"), row("b", "PAUSED")),
            runs_page(row("c", "INIT"), row("a"), row("d", "COMPLETED"), row("e", "DREAMING")),
        ],
        list_pipeline_queue=queue_page(queued("q"), queued("c", 2), queued("t", 3, "QUEUED_TIME_OUT")),
    )
    assert script.run(active_runs(API, PIPELINE)) == ["a", "b", "c", "e", "q"]
    assert b'"status":["RUNNING","PAUSED","SUSPEND"]' in script.requests[0].body


# ending


def test_what_runs_is_stopped():
    script = Script(stop_pipeline_run={"success": True})
    script.run(end_run(API, PIPELINE, "a", None))
    assert script.operations == ["stop_pipeline_run"]


def test_what_waits_is_taken_out_of_the_queue():
    script = Script(cancel_pipeline_queue={"pipeline_run_id": "a"})
    script.run(end_run(API, PIPELINE, "a", 3))
    assert script.operations == ["cancel_pipeline_queue"]


def test_what_left_the_queue_meanwhile_is_stopped():
    script = Script(cancel_pipeline_queue=GONE, stop_pipeline_run={"success": True})
    script.run(end_run(API, PIPELINE, "a", 3))
    assert script.operations == ["cancel_pipeline_queue", "stop_pipeline_run"]


def test_a_cancel_that_got_no_clear_answer_is_not_followed_by_a_stop():
    script = Script(cancel_pipeline_queue=reply(b"<html>"))
    with pytest.raises(Exception, match="HTML"):
        script.run(end_run(API, PIPELINE, "a", 3))
    assert script.operations == ["cancel_pipeline_queue"]


def test_a_cancel_takes_two_calls():
    script = Script(
        list_pipeline_queue=queue_page(queued("b", 4)),
        stop_pipeline_run={"success": True},
        cancel_pipeline_queue={"pipeline_run_id": "b"},
    )
    script.run(cancel_runs(API, PIPELINE, ["a"]))
    script.run(cancel_runs(API, PIPELINE, ["b"]))
    assert script.operations == [
        "list_pipeline_queue",
        "stop_pipeline_run",
        "list_pipeline_queue",
        "cancel_pipeline_queue",
    ]


def test_a_cancel_goes_on_where_the_queue_cannot_be_read():
    script = Script(list_pipeline_queue=reply(b"", 503), stop_pipeline_run={"success": True})
    script.run(cancel_runs(API, PIPELINE, ["a"]))
    assert script.operations == ["list_pipeline_queue", "stop_pipeline_run"]


@pytest.mark.parametrize(("shown", "well"), [(detail("a", "COMPLETED"), True), (detail("a"), False), (GONE, False)])
def test_a_cancel_that_is_not_confirmed_is_well_only_if_the_run_has_ended(shown, well):
    script = Script(
        list_pipeline_queue=queue_page(), stop_pipeline_run={"success": False}, show_pipeline_run_detail=shown
    )
    if well:
        script.run(cancel_runs(API, PIPELINE, ["a"]))
    else:
        with pytest.raises(Conflict):
            script.run(cancel_runs(API, PIPELINE, ["a"]))


def test_one_cancel_that_fails_does_not_keep_the_others_from_being_sent():
    script = Script(
        list_pipeline_queue=queue_page(),
        stop_pipeline_run=[GONE, {"success": True}],
        show_pipeline_run_detail=detail("a"),
    )
    with pytest.raises(InvalidRequest):
        script.run(cancel_runs(API, PIPELINE, ["a", "b"]))
    assert script.operations.count("stop_pipeline_run") == 2


# words


def test_every_documented_status_has_a_meaning_for_every_goal():
    assert set(SENSED) == set(STATUSES)
    for word, goal in SENSED.items():
        assert word in goal.reached
        assert goal.reached | goal.failed >= ENDED
        assert not goal.reached & goal.failed
    assert SENSED["PAUSED"].reached == {"PAUSED", "SUSPEND"}
    assert RUN.goal.reached | RUN.goal.failed == ENDED
    assert STOP.already == ENDED
    assert STOP.goal.reached == ENDED
    assert not STOP.already & STOP.ready


# a run that has ended may be waiting to be retried


def test_a_run_that_waits_to_be_retried_is_queued():
    script = Script(show_pipeline_run_detail=detail("a", "FAILED"), list_pipeline_queue=queue_page(queued("a", 7)))
    observation = look(script, "a")["a"]
    assert (observation.status, observation.facts["queue_id"]) == ("QUEUED", 7)


def test_a_run_that_has_just_left_the_queue_to_be_retried_is_read_again():
    script = Script(
        show_pipeline_run_detail=[detail("a", "FAILED"), detail("a", "RUNNING")], list_pipeline_queue=queue_page()
    )
    assert look(script, "a")["a"].status == "RUNNING"


def test_a_retry_that_waited_too_long_leaves_the_run_failed():
    entry = queued("a", 7, "QUEUED_TIME_OUT")
    script = Script(show_pipeline_run_detail=detail("a", "FAILED"), list_pipeline_queue=queue_page(entry))
    assert look(script, "a")["a"].status == "FAILED"


def test_a_queue_that_may_not_be_read_hides_no_failure():
    forbidden = reply({"error_code": "APIG.0302", "error_msg": "no"}, 403)
    script = Script(show_pipeline_run_detail=detail("a", "FAILED"), list_pipeline_queue=forbidden)
    assert look(script, "a")["a"].status == "FAILED"
    script = Script(show_pipeline_run_detail=detail("a", "FAILED"), list_pipeline_queue=reply(b"x", 503))
    assert isinstance(look(script, "a")["a"].error, ServerError)
