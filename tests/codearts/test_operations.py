"""Every operation of the vendor's list, through both faces of the hook and over the wire."""

import asyncio
import json

import pytest

from airflow_provider_pipelines.codearts.hook import CodeArtsOperations
from airflow_provider_pipelines.core.http.retry import possibly_done, transient
from airflow_provider_pipelines.errors import ArgumentError, Conflict, NotFound, PlaceNotFound
from airflow_provider_pipelines.hook.faces import operation
from tests.codearts.conftest import (
    BUILD,
    CHECKED,
    DELAYED,
    ENDLESS,
    FAILS,
    LOGGED,
    NIGHTLY,
    QUEUES,
    REVIEW,
    SUSPENDED,
    WAITING,
    run_of,
    steps,
)
from tests.support.odd404 import ODD

TEMPLATE = "fa4e00000000000000000000000e3a1a"
STAGES = [{"name": "s", "identifier": "s-1", "jobs": [{"name": "j", "identifier": "JOB_j", "steps": []}]}]
MADE = {"name": "made", "is_publish": False, "definition": json.dumps({"stages": STAGES})}


def place(pipeline, name, step):
    """Name a step as arguments: pipeline, run, job, step."""
    return lambda emulator: [pipeline, run_of(name), *filter(None, steps(emulator, name)[step])]


def fixed(*arguments):
    return lambda emulator: list(arguments)


def agreed(answer):
    return answer.success is True


#: number in the vendor's list, hook method, positional arguments, keyword arguments, what the answer is
OPERATIONS = [
    (1, "run_pipeline", fixed(BUILD), {"variables": {"n": 1}}, lambda a: len(a.pipeline_run_id) == 32),
    (2, "stop_pipeline_run", fixed(ENDLESS, run_of("soak-test")), {}, agreed),
    (3, "show_pipeline_run_detail", fixed(NIGHTLY, run_of("nightly")), {}, lambda a: a.status == "COMPLETED"),
    (4, "list_pipeline_runs", fixed(NIGHTLY), {"status": ["COMPLETED"]}, lambda a: [r.run_number for r in a] == [2, 1]),
    (5, "list_pipelines", fixed(), {"name": "night"}, lambda a: [p.name for p in a] == ["nightly"]),
    (6, "batch_show_pipelines_latest_status", fixed(), {"pipeline_ids": [NIGHTLY, FAILS]}, lambda a: [r.status for r in a] == ["COMPLETED", "FAILED"]),
    (7, "retry_pipeline_run", fixed(FAILS, run_of("always-fails")), {}, lambda a: a.pipeline_run_id == run_of("always-fails")),
    (8, "accept_manual_review", place(REVIEW, "waits-for-review", "review"), {"approval_description": "fine"}, agreed),
    (9, "reject_manual_review", place(REVIEW, "waits-for-review", "review"), {"approval_description": "no"}, agreed),
    (10, "accept_checkpoint", place(CHECKED, "checkpoint", "release/entry"), {}, agreed),
    (11, "reject_checkpoint", place(CHECKED, "checkpoint", "release/entry"), {}, agreed),
    (12, "accept_delay_job", place(DELAYED, "delayed", "delay"), {}, agreed),
    (13, "reject_delay_job", place(DELAYED, "delayed", "delay"), {}, agreed),
    (14, "continue_delay_job", place(DELAYED, "delayed", "delay"), {}, agreed),
    (15, "resume_pipeline", place(SUSPENDED, "suspended", "suspend"), {}, agreed),
    (16, "list_pipeline_queue", fixed(QUEUES), {}, lambda a: [(e.id, e.pipeline_run_id) for e in a] == [(1, WAITING)]),
    (17, "cancel_pipeline_queue", fixed(QUEUES, WAITING, 1), {}, lambda a: a.pipeline_run_id == WAITING),
    (18, "show_pipeline_log", place(LOGGED, "failed-with-a-log", "roll-out"), {"limit": 10}, lambda a: "node 3 answers slowly" in a.log),
    (19, "show_pipeline_exec_log", place(LOGGED, "failed-with-a-log", "roll-out"), {}, lambda a: "ended as FAILED" in a.log),
    (20, "show_step_outputs", fixed(LOGGED, run_of("failed-with-a-log")), {}, lambda a: a.step_outputs[0].output_result[0].value == "1.4.2"),
    (21, "show_pipeline_artifacts", fixed(LOGGED, run_of("failed-with-a-log")), {}, lambda a: [f.name for f in a.artifacts] == ["app.jar"]),
    (22, "show_step_jump_link", place(LOGGED, "failed-with-a-log", "roll-out"), {}, lambda a: a.jumpLink.startswith("https://")),
    (23, "list_run_variables", fixed(LOGGED, run_of("failed-with-a-log")), {"mode": 0}, lambda a: [(v.name, v.value) for v in a] == [("target", "test")]),
    (24, "list_runtime_variables", fixed(LOGGED), {}, lambda a: [v.name for v in a] == ["target"]),
    (25, "list_system_variables", fixed(LOGGED), {}, lambda a: "PIPELINE_ID" in [v.name for v in a]),
    (26, "list_trigger_failed_records", fixed(LOGGED), {}, lambda a: [r.reason for r in a] == ["the branch does not exist"]),
    (27, "batch_run_pipeline", fixed(), {"pipeline_ids": [BUILD, NIGHTLY]}, lambda a: [r.pipeline_id for r in a] == [BUILD, NIGHTLY]),
    (28, "show_batch_run_result", fixed(), {"query": [{"pipeline_id": NIGHTLY, "pipeline_run_id": run_of("nightly")}]}, lambda a: [r.status for r in a] == ["START_SUCCESS"]),
    (29, "run_yaml_pipeline", fixed(BUILD), {"branch": "main"}, lambda a: len(a.pipeline_run_id) == 32),
    (30, "show_pipeline_detail", fixed(NIGHTLY), {}, lambda a: (a.name, a.banned) == ("nightly", False)),
    (31, "disable_pipeline", fixed(NIGHTLY), {}, lambda a: a is True),
    (32, "enable_pipeline", fixed(NIGHTLY), {}, lambda a: a is True),
    (33, "create_pipeline", fixed(), {"body": MADE}, lambda a: bool(a.pipeline_id)),
    (34, "update_pipeline", fixed(NIGHTLY), {"body": MADE}, lambda a: a.pipeline_id == NIGHTLY),
    (35, "delete_pipeline", fixed(NIGHTLY), {}, lambda a: a.pipeline_id == NIGHTLY),
    (36, "create_pipeline_by_template", fixed(TEMPLATE), {"body": {"name": "made", "is_publish": False, "sources": []}}, lambda a: bool(a.pipeline_id)),
]  # fmt: skip
WRITES = {1, 2, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 27, 29, 31, 32, 33, 34, 35, 36}
NAMES = [name for _, name, *_ in OPERATIONS]


def test_every_operation_of_the_sheet_has_a_hook_method_and_every_hook_method_a_test():
    methods = [name for name, member in vars(CodeArtsOperations).items() if isinstance(member, operation)]
    assert [number for number, *_ in OPERATIONS] == list(range(1, 37))
    assert sorted(methods) == sorted(NAMES)
    assert len(set(methods)) == 36


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(("number", "name", "arguments", "named", "right"), OPERATIONS, ids=NAMES)
def test_an_operation_runs_over_the_wire(hook, emulator, face, number, name, arguments, named, right):
    given = arguments(emulator)
    emulator.mark()
    if face == "sync":
        answer = getattr(hook, name)(*given, **named)
    else:

        async def call():
            async with hook.aio as aio:
                return await getattr(aio, name)(*given, **named)

        answer = asyncio.run(call())
    assert right(answer), answer
    called = emulator.calls(service="codearts")
    assert {call["operation"] for call in called} == {name}
    assert {call["status"] for call in called} == {200}
    assert {call["auth"] for call in called} == {"ok"}
    assert {call["write"] for call in called} == {number in WRITES}


@pytest.mark.parametrize(("number", "name", "arguments", "named", "right"), OPERATIONS, ids=NAMES)
def test_an_id_that_is_none_never_reaches_the_vendor(hook, emulator, number, name, arguments, named, right):
    given = arguments(emulator)
    emulator.mark()
    for place in range(len(given)):
        with pytest.raises(ArgumentError):
            getattr(hook, name)(*[*given[:place], "a/b", *given[place + 1 :]], **named)
    assert emulator.calls() == []


def repeated(number):
    """Tell whether an operation may be sent twice after an answer that was lost."""
    return number not in {1, 7, 8, 9, 10, 11, 12, 13, 14, 15, 27, 29, 33, 36}


@pytest.mark.parametrize(("number", "name", "arguments", "named", "right"), OPERATIONS, ids=NAMES)
def test_what_may_not_happen_twice_is_not_sent_twice(hook, emulator, number, name, arguments, named, right):
    given = arguments(emulator)
    emulator.mark()
    emulator.fault(name, service="codearts", kind="reply", status=502, body="bad gateway", times=1)
    if repeated(number):
        assert right(getattr(hook, name)(*given, **named))
        assert len(emulator.calls()) >= 2
    else:
        with pytest.raises(Exception, match="502"):
            getattr(hook, name)(*given, **named)
        assert len(emulator.calls()) == 1


@pytest.mark.parametrize(("number", "name", "arguments", "named", "right"), OPERATIONS, ids=NAMES)
def test_an_error_in_a_200_is_an_error(hook, emulator, number, name, arguments, named, right):
    given = arguments(emulator)
    emulator.fault(
        name, service="codearts", kind="error_in_200", code="DEVPIPE.00011412", message="not a member", times=1
    )
    with pytest.raises(PlaceNotFound, match="member of that") as caught:
        getattr(hook, name)(*given, **named)
    assert (caught.value.code, caught.value.operation) == ("DEVPIPE.00011412", name)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("number", "name", "arguments", "named", "right"), OPERATIONS, ids=NAMES)
def test_an_odd_404_says_nothing_about_the_thing(hook, emulator, odd, number, name, arguments, named, right):
    given = arguments(emulator)
    emulator.fault(name, service="codearts", kind="reply", status=404, body=ODD[odd], times=99)
    with pytest.raises(PlaceNotFound) as caught:
        getattr(hook, name)(*given, **named)
    assert caught.value.hint
    assert transient(caught.value)
    # by a code one knows that it was not carried out; else a proxy may have said it afterwards
    assert possibly_done(caught.value) is (odd in {"html", "empty", "text", "no code"})


BOOLEAN = [entry for entry in OPERATIONS if entry[0] in {2, 7, 8, 9, 10, 11, 12, 13, 14, 15, 31, 32}]


@pytest.mark.parametrize(("number", "name", "arguments", "named", "right"), BOOLEAN, ids=[one[1] for one in BOOLEAN])
def test_a_plain_no_is_a_conflict_and_a_yes_may_be_text(hook, emulator, number, name, arguments, named, right):
    given = arguments(emulator)
    body = False if number in {31, 32} else {"success": False}
    emulator.fault(name, service="codearts", kind="reply", status=200, body=body, times=1)
    with pytest.raises(Conflict, match="did not confirm"):
        getattr(hook, name)(*given, **named)
    emulator.fault(name, service="codearts", kind="string_booleans", times=1)
    assert right(getattr(hook, name)(*given, **named))


def test_lists_that_come_in_pages_are_read_whole(hook, emulator):
    for _ in range(12):
        hook.run_pipeline(QUEUES)
    emulator.mark()
    assert len(hook.list_pipeline_queue(QUEUES)) == 13
    rows = [{"name": f"v{number}", "is_runtime": True} for number in range(25)]
    pages = [{"offset": at, "limit": 10, "total": 25, "variables": rows[at : at + 10]} for at in (0, 10, 20)]
    # the first two once more, so that the list was whole when the last one was read
    for page in [*pages, pages[1], pages[0]]:
        emulator.fault("list_runtime_variables", service="codearts", kind="reply", status=200, body=page)
    assert [entry.name for entry in hook.list_runtime_variables(LOGGED)] == [row["name"] for row in rows]


def test_a_log_is_read_page_by_page(hook, emulator):
    where = place(LOGGED, "failed-with-a-log", "roll-out")(emulator)
    first = hook.show_pipeline_log(*where, limit=1)
    assert first.has_more
    following = hook.show_pipeline_log(*where, start_offset=first.start_offset, end_offset=first.end_offset, limit=100)
    assert not following.has_more
    assert first.log + following.log == hook.show_pipeline_log(*where).log


def test_what_was_deleted_is_gone_and_stays_so(hook):
    hook.delete_pipeline(NIGHTLY)
    assert hook.delete_pipeline(NIGHTLY).pipeline_id == NIGHTLY
    with pytest.raises(NotFound):
        hook.show_pipeline_detail(NIGHTLY)


BAD = [
    ("batch_show_pipelines_latest_status", [[]], {}, "pipeline_ids"),
    ("retry_pipeline_run", ["p", "r"], {"job_run_ids": []}, "job_run_ids"),
    ("retry_pipeline_run", ["p", "r"], {"repo_https_url": " "}, "repo_https_url"),
    ("accept_manual_review", ["p", "r", "j", "s"], {"approval_description": 3}, "approval_description"),
    ("show_pipeline_log", ["p", "r", "j", "s"], {"limit": 0}, "limit"),
    ("show_pipeline_log", ["p", "r", "j", "s"], {"sort": "up"}, "sort"),
    ("show_pipeline_log", ["p", "r", "j", "s"], {"start_offset": -1}, "start_offset"),
    ("show_pipeline_log", ["p", "r", "j", "s"], {"end_offset": "x"}, "end_offset"),
    ("show_pipeline_log", ["p", "r", "j", "s"], {"offset": 1.5}, "offset"),
    ("show_pipeline_log", ["p", "r", "j", "s"], {"level": ""}, "level"),
    ("show_step_outputs", ["p", "r"], {"step_run_ids": "a,b/c"}, "step_run_ids"),
    ("list_run_variables", ["p", "r"], {"mode": 3}, "mode"),
    ("batch_run_pipeline", ["p"], {}, "pipeline_ids"),
    ("show_batch_run_result", [[{"pipeline_id": "p"}]], {}, "query.pipeline_run_id"),
    ("show_batch_run_result", [[{"pipeline": "p"}]], {}, "query"),
    ("run_yaml_pipeline", ["p"], {"branch": ""}, "branch"),
    ("create_pipeline", [], {"body": {}}, "body"),
    ("create_pipeline", [], {"body": {"name": "x", "definition": "{}"}}, "is_publish"),
    ("create_pipeline", [], {"body": {**MADE, "name": "x" * 129}}, "body.name"),
    ("create_pipeline", [], {"body": {**MADE, "definition": {}}}, "body.definition"),
    ("create_pipeline", [], {"body": {**MADE, "description": "x" * 1025}}, "body.description"),
    ("create_pipeline", [], {"body": {**MADE, "variables": {1, 2}}}, "cannot be written as JSON"),
    ("create_pipeline", [], {"body": MADE, "component_id": "a b"}, "component_id"),
    ("update_pipeline", ["p"], {"body": []}, "body"),
    ("create_pipeline_by_template", ["t"], {"body": {"is_publish": True}}, "name"),
    ("list_pipelines", [], {"security_level_list": ["x"]}, "security_level_list"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "named", "text"), BAD)
def test_bad_input_is_refused_before_any_call(hook, emulator, name, given, named, text):
    emulator.mark()
    with pytest.raises(ArgumentError, match=text):
        getattr(hook, name)(*given, **named)
    assert emulator.calls() == []
