"""What answers mean: strictly, whatever the HTTP status says."""

import json

import pytest

from airflow_provider_pipelines.codearts.api.access import QUEUED_CODES
from airflow_provider_pipelines.core.http.paging import TRIES
from airflow_provider_pipelines.core.http.retry import possibly_done
from airflow_provider_pipelines.errors import (
    ApiError,
    ArgumentError,
    Conflict,
    InvalidRequest,
    ListChanged,
    MalformedReply,
    NotFound,
    PermissionDenied,
    PlaceNotFound,
    QuotaExceeded,
)
from tests.codearts.driving import API, PIPELINE, RUN, Script, detail, queue_page, queued, reply, row, runs_page, sample

#: every operation with arguments that pass
CALLS = {
    "run_pipeline": lambda api: api.run_pipeline(PIPELINE),
    "stop_pipeline_run": lambda api: api.stop_pipeline_run(PIPELINE, RUN),
    "show_pipeline_run_detail": lambda api: api.show_pipeline_run_detail(PIPELINE, RUN),
    "list_pipeline_runs": lambda api: api.list_pipeline_runs(PIPELINE),
    "list_pipeline_queue": lambda api: api.list_pipeline_queue(PIPELINE),
    "cancel_pipeline_queue": lambda api: api.cancel_pipeline_queue(PIPELINE, RUN, 1),
    "list_pipelines": lambda api: api.list_pipelines(),
    "show_pipeline_detail": lambda api: api.show_pipeline_detail(PIPELINE),
}


def ask(operation, answer):
    return Script(**{operation: [answer]}).run(CALLS[operation](API))


def body_of(request):
    return json.loads(request.body)


SENT = [
    ("run_pipeline_minimal", "run_pipeline"),
    ("stop_pipeline_run", "stop_pipeline_run"),
    ("run_detail_running", "show_pipeline_run_detail"),
    ("error_pipeline_not_found", "show_pipeline_detail"),
]


@pytest.mark.parametrize(("name", "operation"), SENT)
def test_a_request_is_what_the_vendor_documents(name, operation):
    example = sample(name)["request"]
    script = Script(**{operation: {}})
    with pytest.raises(ApiError):
        script.run(CALLS[operation](API))
    (request,) = script.requests
    assert (request.method, request.path) == (example["method"], example["path"])
    assert dict(request.query) == example.get("query", {})
    assert (json.loads(request.body) if request.body else None) == example.get("body")


def test_the_body_of_a_run_is_what_the_vendor_documents():
    example = sample("run_pipeline")
    script = Script(run_pipeline=example["response"]["body"])
    started = script.run(API.run_pipeline(PIPELINE, **example["request"]["body"]))
    assert body_of(script.requests[0]) == example["request"]["body"]
    assert (started.pipeline_run_id, started.queue_id) == (RUN, None)


def test_cancelling_a_queued_run_has_a_path_of_its_own():
    script = Script(cancel_pipeline_queue=sample("cancel_queuing")["response"]["body"])
    cancelled = script.run(API.cancel_pipeline_queue(PIPELINE, RUN, "7"))
    assert script.requests[0].path.endswith(f"/pipelines/{PIPELINE}/{RUN}/cancel-queuing/7")
    assert body_of(script.requests[0]) == {}
    assert cancelled.pipeline_run_id == "8173263bf6c743f4b13f65bbf62dbf2c"


def test_only_the_run_is_never_repeated():
    repeatable = {}
    for operation, call in CALLS.items():
        script = Script(**{operation: reply(b"<html>")})
        with pytest.raises(MalformedReply):
            script.run(call(API))
        repeatable[operation] = script.requests[0].repeatable
    assert [name for name, may in repeatable.items() if not may] == ["run_pipeline"]


# run


def test_a_queued_run_is_a_success_that_names_run_and_queue_entry():
    started = ask("run_pipeline", sample("run_pipeline_queued")["response"]["body"])
    assert (started.pipeline_run_id, started.queue_id, started.error_code) == (RUN, 1, "DEVPIPE.00011169")
    assert "enter the queue" in started.error_msg


def test_a_run_id_with_a_remark_is_a_run():
    assert ask("run_pipeline", {"pipeline_run_id": RUN, "error_msg": "使用默认分支", "new": 1}).pipeline_run_id == RUN


@pytest.mark.parametrize("code", ["DEVPIPE.00011104", "DEVPIPE.00011105"])
@pytest.mark.parametrize("status", [200, 400])
def test_no_capacity_means_that_nothing_was_started(code, status):
    with pytest.raises(QuotaExceeded, match="Nothing was started") as caught:
        ask("run_pipeline", reply({"error_code": code, "error_msg": "并发受限"}, status))
    assert caught.value.retryable
    assert not possibly_done(caught.value)


@pytest.mark.parametrize("name", ["run_pipeline_rejected_200", "run_pipeline_capacity"])
def test_a_refusal_in_a_200_is_an_error(name):
    with pytest.raises((InvalidRequest, QuotaExceeded)) as caught:
        ask("run_pipeline", sample(name)["response"]["body"])
    assert not possibly_done(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"error_code": "DEVPIPE.00077777", "error_msg": "x"},
        {"error": {"code": "DEVPIPE.00077777", "message": "x"}},
        {"pipeline_run_id": "", "error_msg": "x"},
        {"pipeline_run_id": None, "error_msg": "x"},
        {"pipeline_run_id": ""},
        {"pipeline_run_id": RUN, "error_code": "DEVPIPE.00077777", "error_msg": "x"},
    ],
)
def test_a_run_that_was_certainly_refused(body):
    with pytest.raises(InvalidRequest) as caught:
        ask("run_pipeline", body)
    assert not possibly_done(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        True,
        None,
        "text",
        {"pipeline_run_id": None},
        {"pipeline_run_id": ["x"]},
        {"pipeline_run_id": "../etc"},
        {"error_code": "DEVPIPE.00011169", "error_msg": "queued"},
        {"error_code": "DEVPIPE.00011169", "error": "queued"},
        {"error_code": "DEVPIPE.00011170", "error": {"pipeline_run_id": ""}},
        {"error_code": "DEVPIPE.00088888", "error": {"pipeline_run_id": RUN, "queue_id": 3}},
        reply(b""),
        reply(b"<html>login</html>"),
        reply(b'{"pipeline_run_id": "de6'),
        reply({"error_code": "DEVPIPE.00011169", "error": {"pipeline_run_id": RUN}}, 400),
        reply({"error_code": "APIG.0201", "error_msg": "Backend timeout"}, 504),
        reply(b"", 302),
    ],
)
def test_a_run_whose_answer_leaves_it_open_may_have_been_started(answer):
    with pytest.raises(ApiError) as caught:
        ask("run_pipeline", answer)
    assert possibly_done(caught.value)


# stop and the rest


@pytest.mark.parametrize("yes", [True, "true"])
def test_a_stop_is_accepted(yes):
    assert ask("stop_pipeline_run", {"success": yes}).success is True


@pytest.mark.parametrize("no", [False, "false"])
def test_a_stop_that_is_not_confirmed_is_a_conflict(no):
    with pytest.raises(Conflict, match="success: false"):
        ask("stop_pipeline_run", {"success": no})


@pytest.mark.parametrize("operation", [name for name in CALLS if name != "run_pipeline"])
@pytest.mark.parametrize(
    "answer",
    [reply(b""), reply(b"<html></html>"), reply(b"{"), [], True, "x"],
    ids=["empty", "html", "cut", "list", "true", "text"],
)
def test_what_is_no_documented_answer_is_malformed(operation, answer):
    with pytest.raises(MalformedReply):
        ask(operation, answer)


@pytest.mark.parametrize(
    "operation", ["stop_pipeline_run", "list_pipeline_runs", "list_pipelines", "show_pipeline_detail"]
)
def test_an_empty_object_is_malformed(operation):
    with pytest.raises(MalformedReply):
        ask(operation, {})


NOT_THERE = ["DEVPIPE.00011136", "DEVPIPE.00011401", "DEVPIPE.00011412", "DEVPIPE.30021001", "DEV_21_100169"]


@pytest.mark.parametrize("operation", list(CALLS))
@pytest.mark.parametrize("status", [200, 400, 404])
@pytest.mark.parametrize("code", NOT_THERE)
def test_not_found_comes_with_any_status_and_in_any_language(operation, status, code):
    with pytest.raises(NotFound if code in {"DEVPIPE.00011136", "DEVPIPE.00011401"} else PlaceNotFound) as caught:
        ask(operation, reply({"error_code": code, "error_msg": "不存在"}, status))
    assert caught.value.code == code
    assert caught.value.operation == operation


def test_who_is_no_member_is_told_so():
    with pytest.raises(PlaceNotFound, match="is a member of that CodeArts project"):
        ask("show_pipeline_detail", {"error_code": "DEVPIPE.00011412", "error_msg": "x"})


@pytest.mark.parametrize(
    ("name", "hint"), [("error_pipeline_not_found", "pipeline_id"), ("error_project_mismatch", "belongs to")]
)
def test_the_vendors_examples_of_errors_have_a_hint(name, hint):
    with pytest.raises(NotFound, match=hint):
        ask("show_pipeline_detail", sample(name)["response"]["body"])


def test_a_missing_permission_is_one():
    with pytest.raises(PermissionDenied, match="Give the user"):
        ask("stop_pipeline_run", reply({"error_code": "DEVPIPE.30011011", "error_msg": "x"}, 400))


def test_every_code_of_the_queue_is_known():
    assert {"DEVPIPE.00011169", "DEVPIPE.00011170"} == QUEUED_CODES


# detail


@pytest.mark.parametrize("name", ["run_detail_running", "run_detail_failed_abridged"])
def test_details_are_read(name):
    example = sample(name)["response"]["body"]
    script = Script(show_pipeline_run_detail=example)
    shown = script.run(API.show_pipeline_run_detail(example["pipeline_id"], example["id"]))
    assert (shown.id, shown.status, len(shown.stages)) == (example["id"], example["status"], len(example["stages"]))
    assert shown.stages[0].jobs[0].steps[0].status == example["stages"][0]["jobs"][0]["steps"][0]["status"]


@pytest.mark.parametrize("end", [{}, {"end_time": None}, {"end_time": 0}, {"end_time": ""}, {"end_time": "0"}])
def test_odd_members_do_not_break_a_detail(end):
    odd = detail(RUN, "DREAMING", stages=None, run_number="12", start_time="1700000000000", end_time_=1, **end)
    shown = ask("show_pipeline_run_detail", odd)
    assert (shown.status, shown.run_number, shown.start_time, shown.end_time or 0) == ("DREAMING", 12, 1700000000000, 0)


@pytest.mark.parametrize("answer", [None, {}, {"id": None}, {"id": ""}])
def test_a_detail_of_no_run_is_not_found(answer):
    with pytest.raises(NotFound):
        ask("show_pipeline_run_detail", answer)


def test_a_detail_of_another_run_is_malformed():
    with pytest.raises(MalformedReply, match="was asked for, and run another was answered"):
        ask("show_pipeline_run_detail", detail("another"))


def test_without_an_id_it_is_the_latest_run():
    script = Script(show_pipeline_run_detail=detail("another"))
    assert script.run(API.show_pipeline_run_detail(PIPELINE)).id == "another"
    assert script.requests[0].query == ()
    script.run(API.show_pipeline_run_detail(PIPELINE, pipeline_run_number="3"))
    assert script.requests[1].query == (("pipeline_run_number", "3"),)


def test_a_detail_without_a_status_is_malformed():
    with pytest.raises(MalformedReply, match="status"):
        ask("show_pipeline_run_detail", {"id": RUN})


# lists


def pages(rows, size, member, key="offset", total=True):
    """Play a service that gives at most ``size`` rows a page."""

    def answer(request):
        about = json.loads(request.body) if request.body else dict(request.query)
        offset = int(about[key])
        page = {"offset": offset, "limit": size, member: rows[offset : offset + size]}
        return {**page, "total": len(rows)} if total else page

    return answer


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("size", [7, 100])
def test_all_pages_of_runs_are_read(size, total):
    rows = [row(f"r{number}") for number in range(230)]
    script = Script(list_pipeline_runs=pages(rows, size, "pipeline_runs", total=total))
    found = script.run(API.list_pipeline_runs(PIPELINE, status=["RUNNING"], trigger_type=["Manual"]))
    assert [entry.pipeline_run_id for entry in found] == [f"r{number}" for number in range(230)]
    sent = body_of(script.requests[0])
    assert sent == {
        "status": ["RUNNING"], "trigger_type": ["Manual"], "sort_key": "start_time", "sort_dir": "desc",
        "offset": 0, "limit": 100,
    }  # fmt: skip


def test_a_run_that_moved_to_the_next_page_is_listed_once():
    first, second = [row("a"), row("b")], [row("b"), row("c")]
    script = Script(list_pipeline_runs=[runs_page(*first, total=4), runs_page(*second, total=4)])
    with pytest.raises(ListChanged):
        script.run(API.list_pipeline_runs(PIPELINE))


def test_an_empty_page_ends_a_list_that_is_no_whole_one():
    script = Script(
        list_pipeline_runs=lambda request: runs_page(*[row("a")] * (body_of(request)["offset"] == 0), total=9)
    )
    with pytest.raises(ListChanged):
        script.run(API.list_pipeline_runs(PIPELINE))


def test_a_list_without_rows_may_be_null():
    assert ask("list_pipeline_runs", {"total": 0, "pipeline_runs": None}) == []


def test_a_list_that_gives_the_same_page_for_ever_is_left():
    script = Script(list_pipeline_runs=runs_page(row("a"), total=10**9))
    with pytest.raises(ListChanged):
        script.run(API.list_pipeline_runs(PIPELINE))
    assert len(script.requests) == 2 * TRIES


def test_the_first_part_of_a_list_that_never_ends_is_not_taken_for_the_whole(monkeypatch):
    monkeypatch.setattr("airflow_provider_pipelines.core.http.paging.MOST_PAGES", 3)
    script = Script(list_pipeline_runs=pages([row(f"r{number}") for number in range(900)], 100, "pipeline_runs"))
    with pytest.raises(MalformedReply, match=r"POST .*: the list goes on behind page 3"):
        script.run(API.list_pipeline_runs(PIPELINE))


def test_reading_the_latest_runs_reads_no_more_pages_than_needed():
    script = Script(list_pipeline_runs=pages([row(f"r{number}") for number in range(900)], 50, "pipeline_runs"))
    assert len(script.run(API.run_listing(PIPELINE).search(lambda rows: len(rows) >= 120))) == 150


def test_the_vendors_examples_of_lists_are_read():
    (listed,) = ask("list_pipeline_runs", sample("list_runs")["response"]["body"])
    assert (listed.pipeline_run_id, listed.status) == (RUN, "COMPLETED")
    (waiting,) = ask("list_pipeline_queue", sample("list_queue")["response"]["body"])
    assert (waiting.id, waiting.pipeline_run_id, waiting.status) == (1, RUN, "QUEUED")


def test_the_queue_is_read_by_query():
    script = Script(list_pipeline_queue=pages([queued(f"r{n}", n) for n in range(150)], 100, "queuedPipelines"))
    assert len(script.run(API.list_pipeline_queue(PIPELINE))) == 150
    assert [dict(request.query) for request in script.requests] == [
        {"offset": "0", "limit": "100"}, {"offset": "100", "limit": "100"}, {"offset": "0", "limit": "100"},
    ]  # fmt: skip
    assert queue_page()["queuedPipelines"] == []


def test_a_pipeline_that_never_ran_is_listed():
    rows = [
        {"pipeline_id": "p1", "name": "a", "latest_run": None},
        {"pipeline_id": "p2", "latest_run": {"status": "X"}},
    ]
    listed = ask("list_pipelines", {"total": 2, "pipelines": rows})
    assert [entry.latest_run and entry.latest_run.status for entry in listed] == [None, "X"]


# arguments


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: API.run_pipeline(""), "pipeline_id: is empty"),
        (lambda: API.run_pipeline("a/b"), "pipeline_id"),
        (lambda: API.stop_pipeline_run(PIPELINE, None), "pipeline_run_id: is empty"),
        (lambda: API.show_pipeline_run_detail(PIPELINE, "None"), "pipeline_run_id: is empty"),
        (lambda: API.show_pipeline_run_detail(PIPELINE, pipeline_run_number=0), "pipeline_run_number"),
        (lambda: API.cancel_pipeline_queue(PIPELINE, RUN, "x"), "queue_id"),
        (lambda: API.list_pipelines(sort_key="size"), "sort_key"),
        (lambda: API.list_pipeline_runs(PIPELINE, sort_key="name"), "sort_key"),
    ],
)
def test_bad_arguments_are_refused_before_any_call(call, named):
    script = Script()
    with pytest.raises(ArgumentError, match=named):
        script.run(call())
    assert script.requests == []
