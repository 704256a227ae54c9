"""What a window knows of each vendor: who is who, what there is, what a status means, how things are stopped and started."""

from types import SimpleNamespace

import pytest

from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.enos.states import START
from airflow_provider_pipelines.errors import (
    ArgumentError,
    Conflict,
    NotFound,
    PermissionDenied,
    SavepointMissing,
    ServerError,
    WatchFailed,
)
from airflow_provider_pipelines.window.fleets.base import Found, fleet_for
from airflow_provider_pipelines.window.phases.scope import resolve_targets
from airflow_provider_pipelines.window.record.model import Intent, Thing, prefix_of
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.playing import CODEARTS, ORG, PROJECT
from tests.support.playing import START as SETTINGS
from tests.support.short_wire import Quick, rooms_with


def enos(rooms, **target):
    (resolved,) = Quick(
        rooms, [EnosPipelines(**{"name_pattern": "wind-*", "start": SETTINGS, **target})]
    ).resolved_targets()
    return resolved


def dli(rooms, **target):
    (resolved,) = Quick(rooms, [DliJobs(**{"name_pattern": "agg-*", **target})]).resolved_targets()
    return resolved


def codearts(rooms, **target):
    (resolved,) = Quick(rooms, [CodeArtsPipelines(**{"pipeline_ids": ["c1"], **target})]).resolved_targets()
    return resolved


def run(resolved, make):
    client = resolved.fleet.hook.get_conn()
    return client.run(make(client.api))


def found(resolved, **target):
    return run(resolved, lambda api: resolved.fleet.inventory(api, {**resolved.target, **target}))


def thing(id, name="", *, system=False, start=None, facts=None, at=0):
    return Thing(
        target=at, key=f"k:{id}", id=id, name=name, was="x", runs=True, system=system, start=start, facts=facts or {}
    )


# who is who


def test_an_identity_is_service_address_in_small_letters_and_organisation_or_project():
    rooms = rooms_with()
    assert run(enos(rooms), lambda api: enos(rooms).fleet.identity(api)) == f"enos https://enos.example {ORG}"
    assert run(dli(rooms), lambda api: dli(rooms).fleet.identity(api)) == f"dli https://dli.example {PROJECT}"
    found = run(codearts(rooms), lambda api: codearts(rooms).fleet.identity(api))
    assert found == f"codearts https://codearts.example {CODEARTS}"
    assert rooms.reads == rooms.writes == []


def test_an_aim_has_the_hook_of_its_target_the_time_and_the_options_that_count():
    rooms = rooms_with()
    window = Quick(
        rooms,
        [
            EnosPipelines(name_pattern="*", how="stop", org_id="o2", enos_conn_id="other", start=SETTINGS),
            DliJobs(job_ids=[1], trigger_savepoint=True, on_missing_savepoint="start_clean", region="eu-nl"),
            CodeArtsPipelines(pipeline_ids=["c1"], running="leave", project_id="p"),
        ],
    )
    one, two, three = resolve_targets(window.targets, rooms.clock)
    assert one.fleet.options == {"how": "stop"}
    assert one.fleet.hook.arguments == {"enos_conn_id": "other", "org_id": "o2"}
    assert two.fleet.options == {"on_missing_savepoint": "start_clean", "trigger_savepoint": True}
    assert two.fleet.hook.arguments == {
        "huaweicloud_conn_id": "huaweicloud_default", "project_id": None, "region": "eu-nl",
    }  # fmt: skip
    assert three.fleet.options == {"running": "leave"}
    assert three.fleet.hook.arguments["project_id"] == "p"
    assert [resolved.fleet.hook.clock for resolved in (one, two, three)] == [rooms.clock] * 3
    assert [resolved.fleet.service for resolved in (one, two, three)] == ["enos", "dli", "codearts"]
    assert [resolved.name() for resolved in (one, two, three)] == ["EnosPipelines", "DliJobs", "CodeArtsPipelines"]
    assert [resolved.target for resolved in (one, two, three)] == window.targets
    assert one.found is None
    assert one.identity == ""
    one.identity = "enos somewhere o2"
    assert one.key("w1") == f"{prefix_of('enos somewhere o2')}:w1"


# EnOS


def test_enos_pipelines_are_found_by_pattern_among_the_users_own_in_one_list():
    rooms = rooms_with(enos=3)
    rooms.enos["s1"] = {"name": "wind-system", "status": "RUNNING", "system": True}
    rooms.enos["w2"]["status"] = "PAUSED"
    assert found(enos(rooms)) == [
        Found("w1", "wind-1", "RUNNING"), Found("w2", "wind-2", "PAUSED"), Found("w3", "wind-3", "RUNNING"),
    ]  # fmt: skip
    assert rooms.reads == ["token", "list_pipelines"]
    assert found(enos(rooms), exclude=["w2", "wind-3"]) == [Found("w1", "wind-1", "RUNNING")]


def test_an_enos_id_that_is_no_users_own_is_looked_for_among_the_system_pipelines():
    rooms = rooms_with(enos=2)
    rooms.enos["s1"] = {"name": "reader", "status": "RUNNING", "system": True}
    ids = {"name_pattern": None, "pipeline_ids": ["w1", "s1"]}
    assert found(enos(rooms), **ids) == [Found("w1", "wind-1", "RUNNING"), Found("s1", "reader", "RUNNING", True)]
    assert rooms.reads.count("list_pipelines") == 2
    rooms.reads.clear()
    assert found(enos(rooms), name_pattern=None, pipeline_ids=["w1"]) == [Found("w1", "wind-1", "RUNNING")]
    assert rooms.reads.count("list_pipelines") == 1
    assert found(enos(rooms), pipeline_ids='["w2"]', name_pattern=None) == [Found("w2", "wind-2", "RUNNING")]


def test_an_enos_pipeline_that_both_views_show_is_the_users_own():
    rooms = rooms_with(enos=1)
    rooms.enos["s1"] = {"name": "reader", "status": "RUNNING", "system": True}
    usual = rooms._list_pipelines

    def both(query, body):
        answer = usual(query, body)
        if query["isSystem"] == "true":
            row = {"pipelineId": "w1", "pipelineName": "wind-1", "status": "RUNNING"}
            answer["data"]["pipelines"].append(row)
            answer["data"]["count"] += 1
        return answer

    rooms._list_pipelines = both
    ids = {"name_pattern": None, "pipeline_ids": ["w1", "s1"]}
    assert [one.system for one in found(enos(rooms), **ids)] == [False, True]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            {"name_pattern": None, "pipeline_ids": ["w1", "w8", "w9"]},
            "pipeline_ids: there is no w8, w9. Check the ids, or set allow_empty=True to go on without them.",
        ),
        (
            {"name_pattern": None, "pipeline_ids": ["w1", "w1"]},
            "pipeline_ids: names w1 more than once. Name each once.",
        ),
        ({"name_pattern": None, "pipeline_ids": [7]}, None),
        (
            {"name_pattern": "sun-*"},
            "name_pattern: 'sun-*' matches nothing that is there and not excluded, so that work would run on a live "
            "fleet. Check it, or set allow_empty=True.",
        ),
    ],
)
def test_an_enos_target_that_names_what_is_not_there_is_refused(target, message):
    with pytest.raises(ArgumentError) as caught:
        found(enos(rooms_with()), **target)
    if message is not None:
        assert str(caught.value) == message
    assert caught.value.argument in target


def test_an_enos_pipeline_without_a_name_or_a_status_has_empty_ones():
    rooms = rooms_with(enos=0)
    rooms.enos["w1"] = {"name": None, "status": None}
    resolved = enos(rooms)
    assert found(resolved, name_pattern=None, pipeline_ids=["w1"]) == [Found("w1", "", "")]
    assert resolved.fleet.meaning("") == "unknown"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("RUNNING", "runs"), ("PUBLISHED", "rests"), ("PAUSED", "rests"), ("STOPPED", "rests"), ("STARTING", "middle"),
        ("pausing", "middle"), ("running", "middle"), ("FAILED", "unknown"), ("", "unknown"), ("INGS", "unknown"),
    ],
)  # fmt: skip
def test_what_the_words_of_enos_mean(status, meaning):
    assert enos(rooms_with()).fleet.meaning(status) == meaning


@pytest.mark.parametrize(
    ("how", "status", "left"),
    [
        ("pause", "PAUSED", True), ("pause", "STOPPED", False), ("pause", "PUBLISHED", False),
        ("stop", "STOPPED", True), ("stop", "PAUSED", False), ("stop", "PUBLISHED", False),
    ],
)  # fmt: skip
def test_an_enos_pipeline_is_as_a_window_left_it_in_the_status_that_it_brings_about(how, status, left):
    assert enos(rooms_with(), how=how).fleet.left(status) is left


def test_an_enos_pipeline_is_back_when_it_runs():
    fleet = enos(rooms_with()).fleet
    assert [fleet.back(status) for status in ("RUNNING", "PAUSED", "STARTING")] == [True, False, False]


ONE, TWO, REST = ({"execution_mode": 0, "kafka_rate": rate} for rate in (1, 2, 3))


def test_start_settings_are_those_by_id_then_by_name_then_for_the_rest():
    fleet, one = enos(rooms_with()).fleet, Found("w1", "wind-1", "RUNNING")
    assert fleet.settings(one, {"start": {"w1": ONE, "wind-1": TWO, "*": REST}}) == ONE
    assert fleet.settings(one, {"start": {"wind-1": TWO, "*": REST}}) == TWO
    assert fleet.settings(one, {"start": {"w2": ONE, "*": REST}}) == REST
    more = {"execution_mode": 1, "kafka_rate": 5, "resource_config": {"server": 2}}
    assert fleet.settings(one, {"start": {"*": more}}) == more


NONE_GIVEN = (
    "start: says nothing for the running pipeline wind-1 (w1). EnOS does not tell how it was started: give "
    'start={"*": {"execution_mode": 0, "kafka_rate": 1000}}, or the same by its id or name.'
)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (None, NONE_GIVEN),
        ({"w2": ONE}, NONE_GIVEN),
        ({"w1": {"kafka_rate": 1}}, "start[wind-1]: lacks execution_mode."),
        ({"w1": {}}, "start[wind-1]: lacks execution_mode, kafka_rate."),
        ({"w1": {"execution_mode": 0, "resource_config": {}}}, "start[wind-1]: lacks kafka_rate."),
    ],
)
def test_a_running_pipeline_without_the_settings_of_its_start_is_refused(start, message):
    with pytest.raises(ArgumentError) as caught:
        enos(rooms_with()).fleet.settings(Found("w1", "wind-1", "RUNNING"), {"start": start})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("start", "argument"),
    [
        ({"w1": {**ONE, "speed": 1}}, "start[wind-1]"),
        ({"w1": "fast"}, "start[wind-1]"),
        ("fast", "start"),
        ({"w1": {**ONE, "execution_mode": 2}}, "execution_mode"),
        ({"w1": {**ONE, "kafka_rate": 0}}, "kafka_rate"),
        ({"w1": {**ONE, "resource_config": {"server": 0}}}, "resource_config.server"),
    ],
)
def test_start_settings_that_could_not_be_sent_are_refused_before_anything_is_stopped(start, argument):
    with pytest.raises(ArgumentError) as caught:
        enos(rooms_with()).fleet.settings(Found("w1", "wind-1", "RUNNING"), {"start": start})
    assert caught.value.argument == argument


@pytest.mark.parametrize(("how", "verb"), [("pause", "pause_pipeline"), ("stop", "stop_pipeline")])
def test_users_pipelines_are_stopped_first_and_started_last(how, verb):
    fleet = enos(rooms_with(), how=how).fleet
    things = [thing("s1", system=True), thing("w1"), thing("s2", system=True), thing("w2")]
    down = fleet.down(things)
    assert [(stage.verb.name, stage.ids, stage.kind) for stage in down] == [
        (verb, ["w1", "w2"], "pipeline"), (verb, ["s1", "s2"], "pipeline"),
    ]  # fmt: skip
    up = fleet.up(things, {})
    assert [(stage.verb, stage.ids, stage.kind) for stage in up] == [
        (START, ["s1", "s2"], "pipeline"), (START, ["w1", "w2"], "pipeline"),
    ]  # fmt: skip
    for stage in (*down, *up):
        assert stage.batch == 1
        assert stage.scope == {}
        assert stage.runs_of == stage.note == ""
        assert stage.blocked() is None


def test_without_options_enos_pipelines_are_paused():
    fleet = fleet_for("enos", enos(rooms_with()).fleet.hook, {})
    assert [stage.verb.name for stage in fleet.down([])] == ["pause_pipeline"] * 2


def send(resolved, stage, **items):
    return run(resolved, lambda api: stage.send(api, items))


def test_what_enos_answers_to_a_stop_is_the_answer_of_that_pipeline():
    rooms = rooms_with(enos=2)
    resolved = enos(rooms)
    stage, _ = resolved.fleet.down([thing("w1"), thing("w2"), thing("w3")])
    answers = send(resolved, stage, w1=Item("w1"), w3=Item("w3"), w2=Item("w2"))
    assert answers["w1"] is answers["w2"] is None
    assert isinstance(answers["w3"], NotFound)
    assert rooms.sent("pause_pipeline") == ["w1", "w3", "w2"]
    rooms.enos["w1"]["status"] = "RUNNING"
    assert send(resolved, stage, w1=Item("w1")) == {"w1": None}


def test_a_pipeline_is_started_with_its_settings():
    rooms = rooms_with(enos=2, takes=5)
    for one in rooms.enos.values():
        one["status"] = "PAUSED"
    resolved = enos(rooms)
    settings = {"execution_mode": 1, "kafka_rate": 7, "resource_config": {"server": 2}}
    _, stage = resolved.fleet.up([thing("w1", start=settings), thing("w2", start=ONE)], {})
    assert send(resolved, stage, w1=Item("w1")) == {"w1": None}
    assert send(resolved, stage, w2=Item("w2")) == {"w2": None}
    assert rooms.enos["w1"]["started_with"] == {
        "executionMode": 1, "kafkaRate": 7, "resourceConfig": {"server": 2},
    }  # fmt: skip
    assert rooms.enos["w2"]["started_with"] == {"executionMode": 0, "kafkaRate": 1}


def test_a_thing_without_settings_is_no_start_that_is_sent():
    rooms = rooms_with(enos=1)
    resolved = enos(rooms)
    _, stage = resolved.fleet.up([thing("w1")], {})
    answers = send(resolved, stage, w1=Item("w1"))
    assert str(answers["w1"]).startswith("execution_mode: ")
    assert rooms.writes == []


def test_starts_keep_the_pace_that_enos_was_seen_to_have():
    rooms = rooms_with(enos=2)
    clock = rooms.clock
    for one in rooms.enos.values():
        one["status"] = "PAUSED"
    resolved = enos(rooms)
    system, stage = resolved.fleet.up([thing("w1", start=ONE), thing("w2", start=ONE)], {})
    assert send(resolved, stage, w1=Item("w1")) == {"w1": None}
    assert stage.blocked() is None
    rooms.refuse("start_pipeline", 61121, "busy")
    answers = send(resolved, stage, w2=Item("w2"))
    assert isinstance(answers["w2"], Conflict)
    for blocked in (stage.blocked(), system.blocked()):
        assert isinstance(blocked, Conflict)
        assert str(blocked) == (
            "EnOS start_pipeline failed (POST, nothing was sent, code 61121): another start is under way; not asked"
        )
        assert (blocked.code, blocked.operation, blocked.service) == ("61121", "start_pipeline", "EnOS")
        assert (blocked.method, blocked.path, blocked.status) == ("POST", "", 0)
    assert stage.busy_pause(clock.now) == 1.0
    clock.sleep(1)
    assert stage.blocked() is None
    clock.sleep(39)
    assert send(resolved, stage, w2=Item("w2")) == {"w2": None}
    # it took 40 seconds, so the next one is not asked for sooner
    assert stage.busy_pause(clock.now) == pytest.approx(38)
    assert isinstance(stage.blocked(), Conflict)
    clock.sleep(39)
    assert stage.blocked() is None


@pytest.mark.parametrize("code", [61126, 61112, 61152])
def test_another_refusal_says_nothing_about_the_pace(code):
    rooms = rooms_with(enos=1)
    resolved = enos(rooms)
    _, stage = resolved.fleet.up([thing("w1", start=ONE)], {})
    rooms.refuse("start_pipeline", code)
    send(resolved, stage, w1=Item("w1"))
    assert stage.blocked() is None


# DLI


def test_dli_jobs_are_found_by_pattern_in_the_list_and_few_ids_singly():
    rooms = rooms_with(dli=3)
    rooms.dli["101"] = {"name": "agg-1", "status": "job_running", "savepoint": "obs://s", "start_time": 5}
    facts = {"has_savepoint": False, "savepoint_path": None, "start_time": None}
    assert found(dli(rooms)) == [
        Found(
            "101", "agg-1", "job_running", facts={"has_savepoint": True, "savepoint_path": "obs://s", "start_time": 5}
        ),
        Found("102", "agg-2", "job_running", facts=facts),
        Found("103", "agg-3", "job_running", facts=facts),
    ]
    assert rooms.reads == ["list_flink_jobs"]
    rooms.reads.clear()
    ids = {"name_pattern": None, "job_ids": [103, "102"]}
    assert [one.id for one in found(dli(rooms), **ids)] == ["103", "102"]
    assert rooms.reads == ["show_flink_job"] * 2
    assert found(dli(rooms), name_pattern=None, job_ids=(), allow_empty=True) == []
    rooms.dli["102"].update(name=None, status="job_finish")
    (one,) = found(dli(rooms), name_pattern=None, job_ids=[102])
    assert (one.name, one.status) == ("", "job_finish")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([101, 999], "job_ids: there is no 999. Check the ids, or set allow_empty=True to go on without them."),
        ([101, "101"], "job_ids: names 101 more than once. Name each once."),
        (["first"], None),
    ],
)
def test_a_dli_target_that_names_what_is_not_there_is_refused(ids, message):
    with pytest.raises(ArgumentError) as caught:
        found(dli(rooms_with()), name_pattern=None, job_ids=ids)
    assert caught.value.argument == "job_ids"
    if message is not None:
        assert str(caught.value) == message


def test_a_job_that_cannot_be_read_is_no_job_that_is_not_there():
    rooms = rooms_with()
    rooms.refuse("show_flink_job", "DLI.0003", id="102")
    with pytest.raises(PermissionDenied):
        found(dli(rooms), name_pattern=None, job_ids=[101, 102], allow_empty=True)
    rooms.refuse("show_flink_job", "DLI.0007", id="101")
    with pytest.raises(Exception, match=r"DLI\.0007"):
        found(dli(rooms), name_pattern=None, job_ids=[101, 102], allow_empty=True)


@pytest.mark.parametrize(
    ("status", "meaning", "left"),
    [
        ("job_running", "runs", False), ("job_init", "rests", False), ("job_finish", "rests", False),
        ("job_cancel_success", "rests", True), ("job_submit_fail", "rests", True),
        ("job_running_exception", "rests", True), ("job_arrearage_stopped", "rests", False),
        ("job_submitting", "middle", False), ("job_canceling", "middle", False), ("job_savepointing", "middle", False),
        ("job_cancel_fail", "unknown", False), ("", "unknown", False),
    ],
)  # fmt: skip
def test_what_the_words_of_dli_mean(status, meaning, left):
    fleet = dli(rooms_with()).fleet
    assert fleet.meaning(status) == meaning
    assert fleet.left(status) is left
    assert fleet.back(status) is (status == "job_running")
    assert (status in fleet.ends) is (status == "job_finish")


def test_outcomes_show_a_job_by_its_number():
    assert dli(rooms_with()).fleet.outcome_id("101") == 101
    assert enos(rooms_with()).fleet.outcome_id("101") == "101"


def test_each_running_job_needs_a_bucket_where_a_savepoint_is_wanted():
    rooms = rooms_with(dli=3)
    rooms.dli["102"]["bucket"] = None
    running = [Found(id, "", "job_running") for id in ("101", "102")]
    resolved = dli(rooms, trigger_savepoint=True)
    assert run(resolved, lambda api: resolved.fleet.preflight(api, running)) == {
        "102": "trigger_savepoint: job 102 has no obs_bucket, so there is no place for a savepoint and nothing was sent "
        "for it. Give the job a bucket (obs_bucket), or stop it with trigger_savepoint=False."
    }
    assert run(resolved, lambda api: resolved.fleet.preflight(api, running[:1])) == {}
    rooms.reads.clear()
    assert run(resolved, lambda api: resolved.fleet.preflight(api, [])) == {}
    plain = dli(rooms, trigger_savepoint=False)
    assert run(plain, lambda api: plain.fleet.preflight(api, running)) == {}
    assert rooms.reads == []


def test_jobs_are_stopped_in_batches_with_the_savepoint_that_was_asked_for():
    rooms = rooms_with(dli=2)
    for wanted in (False, True):
        resolved = dli(rooms, trigger_savepoint=wanted)
        (stage,) = resolved.fleet.down([thing("101"), thing("102")])
        assert (stage.ids, stage.kind, stage.batch) == (["101", "102"], "flink_job", 100)
        assert stage.verb.name == "batch_stop_flink_jobs"
        assert (stage.verb.confirm is not None) is wanted
        items = {id: Item(id, before="job_running") for id in ("101", "102")}
        assert send(resolved, stage, **items) == {"101": None, "102": None}
        assert (rooms.dli["101"].get("savepoint") is not None) is wanted
        for job in rooms.dli.values():
            job["status"] = "job_running"
    assert rooms.sent("batch_stop_flink_jobs") == [["101", "102"]] * 2
    plain = fleet_for("dli", resolved.fleet.hook, {})
    assert plain.down([])[0].verb.confirm is None
    assert plain.down([])[0].verb.already_note == ""


def test_the_answer_to_a_refused_stop_names_the_status_before():
    rooms = rooms_with(dli=1)
    resolved = dli(rooms)
    (stage,) = resolved.fleet.down([thing("101")])
    rooms.dli["101"]["refuses"] = 1
    answers = send(resolved, stage, **{"101": Item("101", before="job_running")})
    assert str(answers["101"]) == "DLI batch_stop_flink_jobs failed (POST /streaming/jobs, HTTP 200): cannot be stopped"
    rooms.dli["101"]["refuses"] = 1
    answers = send(resolved, stage, **{"101": Item("101", before="job_cancel_fail")})
    assert isinstance(answers["101"], Conflict), "it was moved since"


@pytest.mark.parametrize(
    ("option", "error", "good"),
    [
        ("start_clean", SavepointMissing("x"), True), ("fail", SavepointMissing("x"), False),
        ("start_clean", WatchFailed("x"), False), (None, SavepointMissing("x"), False),
    ],
)  # fmt: skip
def test_a_job_without_its_savepoint_is_stopped_well_enough_only_where_it_may_start_clean(option, error, good):
    options = {} if option is None else {"on_missing_savepoint": option}
    fleet = fleet_for("dli", dli(rooms_with()).fleet.hook, {"trigger_savepoint": True, **options})
    assert fleet.down([])[0].tolerates(error) is good


def started(rooms, things, items, stops=None, **options):
    resolved = dli(rooms, **options)
    (stage,) = resolved.fleet.up(things, stops or {})
    assert (stage.verb.name, stage.kind, stage.batch) == ("batch_run_flink_jobs", "flink_job", 100)
    assert stage.ids == [one.id for one in things]
    return send(resolved, stage, **{item.id: item for item in items})


NEW = {"has_savepoint": True, "savepoint_path": "obs://new"}
OLD = {"has_savepoint": True, "savepoint_path": "obs://old"}


def stopped(id="101", **made):
    return Item(id, before="job_cancel_success", made=made)


def intent(**more):
    return Intent(at=1.0, **more)


@pytest.mark.parametrize(
    ("facts", "note", "now", "resumed"),
    [
        pytest.param({}, None, NEW, True, id="none before, one now"),
        pytest.param(OLD, None, NEW, True, id="another one than before"),
        pytest.param({}, intent(), NEW, True, id="none before, nothing noted"),
        pytest.param(
            OLD, intent(facts={"has_savepoint": False}), OLD, True, id="what was noted counts before the plan"
        ),
        pytest.param({}, intent(facts=OLD), NEW, True, id="another one than noted"),
        pytest.param(OLD, intent(passed=["job_savepointing"]), OLD, True, id="seen making it"),
        pytest.param(OLD, intent(last={"has_savepoint": True}), OLD, True, id="seen at the goal"),
    ],
)
def test_a_job_goes_on_from_a_savepoint_that_was_seen(facts, note, now, resumed):
    rooms = rooms_with(dli=1)
    stops = {} if note is None else {"k:101": note}
    answers = started(rooms, [thing("101", facts=facts)], [stopped(**now)], stops, trigger_savepoint=True)
    assert answers == {"101": None}
    assert rooms.dli["101"]["resumed"] is resumed


def lost(id, path, reason="the savepoint that was asked for was not seen", status="job_cancel_success"):
    return (
        f"{id} is {status} and was not started: {reason} (last known path: {path}). Import a savepoint and run it with "
        "resume_savepoint=True, or run it without one if its state may be lost; then clear restore."
    )


@pytest.mark.parametrize(
    ("facts", "note", "now", "message"),
    [
        pytest.param({}, None, {}, lost(101, "none"), id="none at all"),
        pytest.param(OLD, None, OLD, lost(101, "obs://old"), id="the same as before"),
        pytest.param(OLD, intent(), {"has_savepoint": False}, lost(101, "obs://old"), id="the plan's path is told"),
        pytest.param(
            OLD, intent(last={"savepoint_path": "obs://last"}), {}, lost(101, "obs://last"), id="the noted path is told"
        ),
        pytest.param(
            {}, intent(last={"savepoint_path": "obs://last"}), {"savepoint_path": "obs://now"}, lost(101, "obs://now"),
            id="the path now is told",
        ),
        pytest.param(
            {}, intent(last=NEW), {"has_savepoint": False}, lost(101, "obs://new", "its savepoint is gone"), id="gone"
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("option", ["fail", "start_clean"])
def test_a_job_whose_savepoint_was_not_seen_is_started_only_where_it_may_start_clean(facts, note, now, message, option):
    rooms = rooms_with(dli=1)
    stops = {} if note is None else {"k:101": note}
    answers = started(
        rooms, [thing("101", facts=facts)], [stopped(**now)], stops, trigger_savepoint=True, on_missing_savepoint=option
    )
    if option == "start_clean" and "is gone" not in message:
        assert answers == {"101": None}
        assert rooms.dli["101"]["resumed"] is False
    else:
        assert isinstance(answers["101"], SavepointMissing)
        assert str(answers["101"]) == message
        assert rooms.writes == []


def test_the_last_status_is_told_of_a_job_that_is_not_started():
    item = Item("101", before="job_cancel_success", known="job_finish")
    answers = started(rooms_with(dli=1), [thing("101")], [item], trigger_savepoint=True)
    assert str(answers["101"]) == lost(101, "none", status="job_finish")


def test_jobs_are_started_together_those_with_a_savepoint_first_and_those_without_are_told():
    rooms = rooms_with(dli=5)
    items = [stopped("101", **NEW), stopped("102"), stopped("103", **NEW), stopped("104", **OLD), stopped("105")]
    things = [thing(str(n), facts=OLD if n == 104 else {}) for n in range(101, 106)]
    clean = {"trigger_savepoint": True, "on_missing_savepoint": "start_clean"}
    assert started(rooms, things, items, **clean) == dict.fromkeys(map(str, range(101, 106)))
    assert rooms.sent("batch_run_flink_jobs") == [["101", "103"], ["102", "104", "105"]]
    assert [rooms.dli[str(n)]["resumed"] for n in range(101, 106)] == [True, False, True, False, False]
    answers = started(rooms, things, items, trigger_savepoint=True)
    assert {id for id, error in answers.items() if error is not None} == {"102", "104", "105"}


def test_without_savepoints_jobs_are_run_as_they_are():
    rooms = rooms_with(dli=2)
    assert started(rooms, [thing("101"), thing("102")], [stopped("101", **NEW), stopped("102")]) == {
        "101": None, "102": None,
    }  # fmt: skip
    assert [job["resumed"] for job in rooms.dli.values()] == [False, False]
    assert rooms.sent("batch_run_flink_jobs") == [["101", "102"]]


def test_the_status_before_a_start_decides_what_a_refusal_means():
    rooms = rooms_with(dli=1)
    rooms.dli["101"].update(status="job_cancel_success", refuses_run=1)
    (answer,) = started(rooms, [thing("101")], [stopped("101")]).values()
    assert not isinstance(answer, Conflict)
    rooms.dli["101"].update(status="job_running", refuses_run=1)
    (answer,) = started(rooms, [thing("101")], [stopped("101")]).values()
    assert isinstance(answer, Conflict)


# CodeArts


def test_few_codearts_pipelines_are_read_singly_and_more_from_the_list():
    rooms = rooms_with(codearts=6)
    rooms.codearts["c2"]["status"] = "DISABLED"
    rooms.codearts["c3"].update(status=None, name=None)
    resolved = codearts(rooms)
    assert found(resolved, pipeline_ids=["c3", "c2", "c1", "c4"]) == [
        Found("c3", "", ""), Found("c2", "build-2", "DISABLED"), Found("c1", "build-1", "ENABLED"),
        Found("c4", "build-4", "ENABLED"),
    ]  # fmt: skip
    assert rooms.reads == ["show_pipeline_detail"] * 4
    rooms.reads.clear()
    assert found(resolved, pipeline_ids=["c3", "c2", "c1", "c4", "c5"]) == [
        Found("c3", "", ""), Found("c2", "build-2", "DISABLED"), Found("c1", "build-1", "ENABLED"),
        Found("c4", "build-4", "ENABLED"), Found("c5", "build-5", "ENABLED"),
    ]  # fmt: skip
    assert rooms.reads == ["list_codearts"]


def test_a_codearts_pipeline_that_the_list_does_not_show_is_read_singly():
    rooms = rooms_with(codearts=6)
    usual = rooms._list_codearts
    rooms._list_codearts = lambda query, body: (
        (
            answer := usual(query, body),
            answer["pipelines"].pop(0),
        )[0]
        | {"total": 5}
    )
    assert len(found(codearts(rooms), pipeline_ids=[f"c{n}" for n in range(1, 7)])) == 6
    assert rooms.reads == ["list_codearts", "show_pipeline_detail"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["c7", "c1", "c8"], "pipeline_ids: there is no c7, c8. Check the ids, or set allow_empty=True to go on without them."),
        (["c1", "c1"], "pipeline_ids: names c1 more than once. Name each once."),
        (
            None,
            "pipeline_ids: names nothing that is there and not excluded, so that work would run on a live fleet. Check "
            "it, or set allow_empty=True.",
        ),
    ],
)  # fmt: skip
def test_a_codearts_target_that_names_what_is_not_there_is_refused(ids, message):
    with pytest.raises(ArgumentError) as caught:
        found(codearts(rooms_with()), pipeline_ids=ids)
    assert str(caught.value) == message


def test_codearts_ids_that_are_not_there_may_be_left_out():
    rooms = rooms_with(codearts=2)
    rows = found(codearts(rooms), pipeline_ids=["c7", "c1", "c2"], allow_empty=True)
    assert [one.id for one in rows] == ["c1", "c2"]
    assert found(codearts(rooms), pipeline_ids=None, allow_empty=True) == []


def test_a_codearts_pipeline_that_cannot_be_read_is_no_pipeline_that_is_not_there():
    rooms = rooms_with()
    rooms.fail("show_pipeline_detail", status=403, answer={"error_code": "x", "error_msg": "y"})
    with pytest.raises(PermissionDenied):
        found(codearts(rooms), allow_empty=True)


@pytest.mark.parametrize(
    ("status", "meaning"), [("ENABLED", "runs"), ("DISABLED", "rests"), ("", "unknown"), ("other", "unknown")]
)
def test_what_enabled_and_disabled_mean(status, meaning):
    fleet = codearts(rooms_with()).fleet
    assert fleet.meaning(status) == meaning
    assert fleet.left(status) is (status == "DISABLED")
    assert fleet.back(status) is (status == "ENABLED")


def test_pipelines_are_disabled_and_enabled_each_with_its_own_answer():
    rooms = rooms_with(codearts=3)
    resolved = codearts(rooms)
    things = [thing("c1"), thing("c2"), thing("c3")]
    items = {one.id: Item(one.id) for one in things}
    for stages, operation, status in (
        (resolved.fleet.down(things), "disable_pipeline", "DISABLED"),
        (resolved.fleet.up(things, {}), "enable_pipeline", "ENABLED"),
    ):
        (stage,) = stages
        assert (stage.verb.name, stage.ids, stage.kind) == (operation, ["c1", "c2", "c3"], "pipeline")
        rooms.refuse(operation, "x", id="c2", status=500, times=FOUR)
        answers = send(resolved, stage, **items)
        assert answers["c1"] is answers["c3"] is None
        assert isinstance(answers["c2"], ServerError)
        assert [one["status"] == status for one in rooms.codearts.values()] == [True, False, True]
        rooms.codearts["c2"]["status"] = status


#: as often as a call is made again
FOUR = 4


def after(resolved, things=("c1", "c2")):
    return run(resolved, lambda api: resolved.fleet.after_down(api, [thing(id) for id in things]))


def with_runs(**target):
    rooms = rooms_with(codearts=3)
    rooms.runs.update(
        r1={"pipeline": "c1", "status": "RUNNING"}, r2={"pipeline": "c2", "status": "COMPLETED"},
        r3={"pipeline": "c3", "status": "PAUSED"}, r4={"pipeline": "c3", "status": "QUEUED"},
    )  # fmt: skip
    rooms.queue["r4"] = 4
    return rooms, codearts(rooms, **target)


@pytest.mark.parametrize(("running", "verb"), [("wait", "wait_for_run"), ("stop", "stop_pipeline_run")])
def test_runs_that_go_on_are_waited_for_or_stopped_by_their_pipeline(running, verb):
    rooms, resolved = with_runs(running=running)
    stages = after(resolved, ["c1", "c2", "c9", "c3"])
    assert [(stage.verb.name, stage.ids, stage.kind, stage.scope, stage.runs_of) for stage in stages] == [
        (verb, ["r1"], "run", {"pipeline_id": "c1"}, "c1"), (verb, ["r3", "r4"], "run", {"pipeline_id": "c3"}, "c3"),
    ]  # fmt: skip
    note = " It was stopped by this window and is not started again."
    for stage in stages:
        assert stage.note == ("" if running == "wait" else note)
        assert stage.writes == {"stop_pipeline_run", "cancel_pipeline_queue"}
        assert stage.verb.already_note == " It has ended."
    answers = send(resolved, stages[1], r3=Item("r3"), r4=Item("r4"))
    assert answers == {"r3": None, "r4": None}
    assert rooms.writes == [("stop_pipeline_run", ["c3", "r3"]), ("cancel_pipeline_queue", ["c3", "r4", "4"])]


def test_runs_are_waited_for_unless_the_options_say_otherwise():
    rooms, resolved = with_runs()
    plain = SimpleNamespace(fleet=fleet_for("codearts", resolved.fleet.hook, {}))
    assert [stage.verb.name for stage in after(plain, ["c1"])] == ["wait_for_run"]
    rooms.reads.clear()
    leaving = SimpleNamespace(fleet=fleet_for("codearts", resolved.fleet.hook, {"running": "leave"}))
    assert after(leaving, ["c1"]) == []
    assert rooms.reads == []


def test_the_stop_of_a_run_that_fails_does_not_hide_that_of_another():
    rooms, resolved = with_runs(running="stop")
    rooms.runs["r5"] = {"pipeline": "c3", "status": "RUNNING"}
    _, stage = after(resolved, ["c1", "c3"])
    rooms.refuse("stop_pipeline_run", "x", id="r3", status=500, times=FOUR)
    answers = send(resolved, stage, r3=Item("r3"), r5=Item("r5"))
    assert isinstance(answers["r3"], ServerError)
    assert answers["r5"] is None
    assert rooms.runs["r5"]["status"] == "CANCELED"
