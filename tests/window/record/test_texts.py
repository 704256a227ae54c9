"""What a record is as text, and what is said of one that cannot be understood."""

import json
from hashlib import sha256

import pytest

from airflow_provider_pipelines.errors import RecordUnreadable
from airflow_provider_pipelines.window.record.model import (
    LONGEST,
    MARK,
    Attempts,
    Claims,
    Intent,
    Last,
    Phase,
    Place,
    Plan,
    Progress,
    Thing,
    from_lines,
    lines,
    prefix_of,
    read,
    word,
    write,
)

PLACE = {"service": "enos", "identity": "enos https://x o1", "arguments": {"enos_conn_id": "c", "org_id": None}}
THING = {"target": 0, "key": "enos:k:1", "id": "1", "was": "RUNNING", "runs": True}
PLAN = {
    "version": 1, "window": "nightly/window", "run_id": "run1", "generation": 1, "made_at": 5.5,
    "on_quiesce_failure": "restore", "on_missing": "report", "places": [PLACE], "things": [THING],
}  # fmt: skip
WHOLE_THING = {**THING, "name": "", "system": False, "facts": {}, "carried": False, "asked": False}


def plan_of(**more):
    return Plan.model_validate({**PLAN, **more})


def refusal(about, kind, where):
    return (
        f"the record of window {about} cannot be understood ({kind}: {where}). It was changed by hand or by another "
        "version; look at it with 'airflow-pipelines windows' and mend the Variable, or bring the things back by hand."
    )


@pytest.mark.parametrize(
    ("status", "kept"),
    [
        (None, None),
        ("", ""),
        ("RUNNING", "RUNNING"),
        ("a-b_c.D9", "a-b_c.D9"),
        ("x" * 64, "x" * 64),
        ("x" * 65, None),
        ("two words", None),
        ("läuft", None),
        ("RUNNING\n", None),
    ],
)
def test_a_record_holds_status_words_and_no_other_texts(status, kept):
    assert word(status) == kept


@pytest.mark.parametrize(
    ("identity", "service"), [("enos https://x o1", "enos"), ("dli https://y/ p2", "dli"), ("alone", "alone")]
)
def test_keys_begin_with_the_service_and_eight_digits_of_the_identity(identity, service):
    assert prefix_of(identity) == f"{service}:{sha256(identity.encode()).hexdigest()[:8]}"
    assert len(prefix_of(identity)) == len(service) + 9


@pytest.mark.parametrize("target", [1, 2])
def test_a_thing_without_a_place_makes_no_plan(target):
    with pytest.raises(ValueError, match=r"^1 validation error for Plan\n  Value error, a thing has no place \["):
        plan_of(things=[THING, {**THING, "target": target}])


def test_a_thing_may_be_of_the_last_place():
    assert plan_of(places=[PLACE, PLACE], things=[{**THING, "target": 1}]).things[0].target == 1


def test_a_plan_is_written_without_what_is_none_and_with_its_defaults():
    assert json.loads(write(plan_of())) == {
        **PLAN,
        "places": [{**PLACE, "options": {}}],
        "things": [WHOLE_THING],
        "former": [],
    }
    assert write(Last(window="w", run_id="r")) == '{"version":1,"window":"w","run_id":"r"}'
    assert write(Attempts()) == '{"version":1,"attempts":[]}'


def test_a_mark_is_written_without_what_is_not_known():
    assert write(Intent(at=1.0)) == '{"at":1.0,"sure":false,"facts":{},"passed":[],"last":{}}'
    assert write(Phase(generation=2, phase="closed", turned_at=3.0)) == (
        '{"version":1,"generation":2,"phase":"closed","turned_at":3.0,"marks":{},"missing":[],"by":"task"}'
    )
    assert write(Progress(generation=2, attempt=1)) == (
        '{"version":1,"generation":2,"attempt":1,"marks":{},"waited":[],"refused":{},"quiet":false}'
    )


def test_a_plan_goes_into_a_log_as_one_line_for_its_head_and_one_for_each_thing():
    plan = plan_of(things=[THING, {**THING, "id": "2", "key": "enos:k:2", "start": {"kafka_rate": 1}}])
    head, *things = lines(plan)
    assert head.startswith('pipelines-record {"version":1,"window":"nightly/window","run_id":"run1",')
    assert json.loads(head.removeprefix("pipelines-record ")) == {**json.loads(write(plan)), "things": []}
    assert [json.loads(line.removeprefix("pipelines-record ")) for line in things] == [
        WHOLE_THING,
        {**WHOLE_THING, "id": "2", "key": "enos:k:2", "start": {"kafka_rate": 1}},
    ]
    assert len(plan.things) == 2, "the plan itself is as it was"


def test_a_plan_comes_back_from_the_lines_of_a_log():
    # whatever a thing is called
    plan = plan_of(things=[THING, {**THING, "id": "2", "key": "enos:k:2", "name": f"the {MARK} of it"}])
    text = "\n".join(["[2030-01-01] begin", *(f"[2030-01-01] INFO - {line}  " for line in lines(plan)), "done"])
    assert from_lines(text) == plan
    assert from_lines(write(plan_of())) == plan_of()


@pytest.mark.parametrize(
    ("text", "kind", "where"),
    [
        ("no record", "Plan", "all of it"),
        (f"x {MARK} nothing", "Plan", "all of it"),
        (f"{lines(plan_of())[0]}\nx {MARK} {{}}", "Thing", "target, key, id"),
        (f"{lines(plan_of())[0]}\n{lines(plan_of())[1].replace(':0,', ':7,', 1)}", "Plan", "all of it"),
    ],
)
def test_a_log_without_a_whole_plan_is_refused(text, kind, where):
    with pytest.raises(RecordUnreadable) as caught:
        from_lines(text)
    assert str(caught.value) == refusal("in the file", kind, where)


@pytest.mark.parametrize(
    ("kind", "data", "where"),
    [
        (Last, "{", "all of it"),
        (Last, "{}", "window, run_id"),
        (Last, '{"version": 2, "window": "w", "run_id": "r"}', "version"),
        (Claims, '{"claims": [{"window": "w", "run_id": "r", "at": 1, "things": [7]}]}', "claims.0.things.0"),
        (Progress, "{}", "generation, attempt"),
        (Place, '{"service": "other"}', "service, identity, arguments"),
        (Plan, "{}", "version, window, run_id"),
        (Thing, json.dumps({**THING, "id": "a/b"}), "id"),
        (Thing, json.dumps({**THING, "target": -1}), "target"),
        (Thing, json.dumps({**THING, "name": "x" * (LONGEST + 1)}), "name"),
    ],
)
def test_what_does_not_validate_is_named_with_where_it_is_wrong_and_never_quoted(kind, data, where):
    with pytest.raises(RecordUnreadable) as caught:
        read(kind, data, "nightly/window, run run1")
    assert str(caught.value) == refusal("nightly/window, run run1", kind.__name__, where)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_what_a_later_version_added_is_passed_over():
    assert read(Last, '{"version": 1, "window": "w", "run_id": "r", "more": 1}', "w") == Last(window="w", run_id="r")
