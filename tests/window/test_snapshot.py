"""What a snapshot finds, what it refuses before anything is changed, and what it waits for."""

import json

import pytest

from airflow_provider_pipelines.errors import ArgumentError, PipelinesError, WatchFailed, WatchTimeout
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.playing import BUILD, CODEARTS, PROJECT, START, WIND, Window, statuses, world
from tests.support.scenes import begin, change, sent, thing

NOWHERE = "5f0e0000-0000-4000-8000-00000000dead"


def enos(**more):
    return EnosPipelines(**{"name_pattern": "wind-*", "start": START, **more})


def dli(**more):
    return DliJobs(**{"name_pattern": "agg-*", **more})


def codearts(**more):
    return CodeArtsPipelines(**{"pipeline_ids": [BUILD(1)], **more})


def none_of_it(fleet):
    pass


REFUSED = [
    pytest.param([enos(name_pattern="sun-*")], none_of_it, ArgumentError, r"name_pattern: 'sun-\*' matches nothing", id="EnOS: a pattern that matches nothing"),
    pytest.param([dli(name_pattern="sun-*")], none_of_it, ArgumentError, r"name_pattern: 'sun-\*' matches nothing", id="DLI: a pattern that matches nothing"),
    pytest.param([enos(name_pattern="WIND-*")], none_of_it, ArgumentError, "matches nothing", id="capitals count"),
    pytest.param([enos(name_pattern="wind")], none_of_it, ArgumentError, "matches nothing", id="a pattern is for the whole name"),
    pytest.param([enos(exclude=["wind-*"])], none_of_it, ArgumentError, "not excluded", id="all of it excluded"),
    pytest.param([enos(name_pattern="")], none_of_it, ArgumentError, "name_pattern", id="a template that rendered to nothing"),
    pytest.param([enos(name_pattern="None")], none_of_it, ArgumentError, "name_pattern", id="a template that rendered to None"),
    pytest.param([enos(name_pattern=None, pipeline_ids=[WIND(1), NOWHERE])], none_of_it, ArgumentError, f"there is no {NOWHERE}", id="EnOS: an id that does not exist"),
    pytest.param([dli(name_pattern=None, job_ids=[101, 999])], none_of_it, ArgumentError, "there is no 999", id="DLI: an id that does not exist"),
    pytest.param([dli(name_pattern=None, job_ids=[101, 102, 103, 104, 105, 998, 999])], none_of_it, ArgumentError, "there is no 105, 998, 999", id="DLI: ids that do not exist among many"),
    pytest.param([codearts(pipeline_ids=[BUILD(1), BUILD(9)])], none_of_it, ArgumentError, f"there is no {BUILD(9)}", id="CodeArts: an id that does not exist"),
    pytest.param([enos(name_pattern=None, pipeline_ids=[])], none_of_it, ArgumentError, "pipeline_ids: names nothing", id="EnOS: no ids at all"),
    pytest.param([dli(name_pattern=None, job_ids=[])], none_of_it, ArgumentError, "job_ids: names nothing", id="DLI: no ids at all"),
    pytest.param([dli(name_pattern=None, job_ids=[101, 101])], none_of_it, ArgumentError, "101 more than once", id="an id twice"),
    pytest.param([dli(name_pattern=None, job_ids=["x"])], none_of_it, ArgumentError, "job_ids", id="DLI: no number"),
    pytest.param([dli(name_pattern=None, job_ids="101")], none_of_it, ArgumentError, "job_ids", id="DLI: no list"),
    pytest.param([dli(name_pattern=None, job_ids="['101', '102']")], none_of_it, ArgumentError, "with '| tojson'", id="DLI: a list as Python writes it"),
    pytest.param([dli(exclude="['agg-1', 'agg-2']")], none_of_it, ArgumentError, "exclude: .*'| tojson'", id="excluded is a list as Python writes it"),
    pytest.param([dli(exclude={"a": 1})], none_of_it, ArgumentError, "exclude: is no list", id="excluded is a mapping"),
    pytest.param([dli(name_pattern=None, job_ids=[101, 999], exclude="")], none_of_it, ArgumentError, "there is no 999", id="an id that does not exist, excluded is empty text"),
    pytest.param([dli(name_pattern=None, job_ids=[101, 999], exclude=["agg-*2"])], none_of_it, ArgumentError, "there is no 999", id="an id that does not exist beside a pattern"),
    pytest.param([dli(name_pattern=None, job_ids={"a": 1})], none_of_it, ArgumentError, "job_ids", id="DLI: a mapping for a list"),
    pytest.param([enos(start=None)], none_of_it, ArgumentError, r"running pipeline wind-1 .*start=\{", id="no start configuration"),
    pytest.param([enos(start={"wind-1": START["*"]})], none_of_it, ArgumentError, r"running pipeline wind-2 ", id="start configuration for another one only"),
    pytest.param([enos(start={"*": {"execution_mode": 0}})], none_of_it, ArgumentError, "lacks kafka_rate", id="half a start configuration"),
    pytest.param([enos(start={"*": {"execution_mode": 7, "kafka_rate": 1}})], none_of_it, ArgumentError, "execution_mode", id="an execution mode that is none"),
    pytest.param([enos(start={"*": {"execution_mode": 0, "kafka_rate": "fast"}})], none_of_it, ArgumentError, "kafka_rate", id="a rate that is none"),
    pytest.param([enos(start={"*": {**START["*"], "mode": 1}})], none_of_it, ArgumentError, "mode", id="a setting that does not exist"),
    pytest.param([enos(start="no mapping")], none_of_it, ArgumentError, "start", id="start is no mapping"),
    pytest.param([{**enos().to_json(), "how": "kill"}], none_of_it, ArgumentError, "how", id="an unknown how, as a template may render it"),
    pytest.param([dli(trigger_savepoint=True)], lambda fleet: change(fleet, "dli", 103, obs_bucket=None), ArgumentError, "job 103 has no obs_bucket", id="a savepoint without a bucket"),
    pytest.param([dli(name_pattern=None, job_ids=[103], trigger_savepoint=True)], lambda fleet: change(fleet, "dli", 103, obs_bucket=""), ArgumentError, "job 103 has no obs_bucket", id="a savepoint with an empty bucket"),
    pytest.param([enos()], lambda fleet: fleet.thing("enos", WIND(3), "BROKEN"), WatchFailed, r"wind-3 \(.*\) is BROKEN: what cannot be understood", id="EnOS: an unknown status word"),
    pytest.param([dli()], lambda fleet: fleet.thing("dli", "103", "job_levitating"), WatchFailed, r"agg-3 \(103\) is job_levitating: what cannot be understood", id="DLI: an unknown status word"),
    pytest.param([dli()], lambda fleet: fleet.thing("dli", "103", "job_cancel_fail"), WatchFailed, r"agg-3 \(103\) is job_cancel_fail: what cannot be understood", id="DLI: a stop that failed"),
    pytest.param([enos(), enos(name_pattern=None, pipeline_ids=[WIND(2)])], none_of_it, ArgumentError, r"wind-2 \(.*\) is named by two targets", id="two targets that name one pipeline"),
    pytest.param([dli(), dli(name_pattern="agg-2", trigger_savepoint=True)], none_of_it, ArgumentError, r"agg-2 \(102\) is named by two targets", id="two targets that name one job"),
    pytest.param([codearts(), codearts(running="stop")], none_of_it, ArgumentError, r"build-1 \(.*\) is named by two targets", id="two targets that name one CodeArts pipeline"),
    pytest.param([enos(name_pattern="sun-*"), dli(name_pattern="rain-*")], none_of_it, ArgumentError, r"(?s)EnosPipelines.*'sun-\*'.*DliJobs.*'rain-\*'", id="both targets wrong: both reasons"),
]  # fmt: skip


@pytest.mark.parametrize(("targets", "happens", "kind", "said"), REFUSED)
def test_what_could_not_be_brought_back_fails_the_snapshot_before_anything_is_changed(
    fleet, turned, targets, happens, kind, said
):
    happens(fleet)
    before = statuses(fleet.state())
    window = Window(turned, [])
    window.targets = [target if isinstance(target, dict) else target.to_json() for target in targets]
    with pytest.raises(kind, match=said):
        window.snapshot()
    assert fleet.writes() == []
    assert statuses(fleet.state()) == before
    with pytest.raises(PipelinesError, match="cannot be read"):
        window.quiesce()
    assert fleet.writes() == []


def test_one_project_named_through_two_connections_is_still_one_project(fleet, turned, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", fleet.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    window = Window(turned, [dli(), dli(name_pattern="agg-2", huaweicloud_conn_id="other")])
    with pytest.raises(ArgumentError, match="named by two targets"):
        window.snapshot()


# middle states


MIDDLE = [
    pytest.param("dli", "103", "job_submitting", "job_running", True, id="job_submitting"),
    pytest.param("dli", "103", "job_canceling", "job_cancel_success", False, id="job_canceling"),
    pytest.param("dli", "103", "job_savepointing", "job_running", True, id="job_savepointing"),
    pytest.param("enos", WIND(3), "STARTING", "RUNNING", True, id="STARTING"),
    pytest.param("enos", WIND(3), "PAUSING", "PAUSED", False, id="PAUSING"),
    pytest.param("enos", WIND(3), "STOPPING", "STOPPED", False, id="STOPPING"),
]


@pytest.mark.parametrize(("service", "id", "word", "end", "runs"), MIDDLE)
def test_a_middle_state_is_waited_for_before_it_is_recorded(fleet, turned, window, service, id, word, end, runs):
    fleet.thing(service, id, word)
    plan, _ = window.snapshot()
    (found,) = [one for one in plan.things if one.id == id]
    assert (found.was, found.runs) == (end, runs)
    assert fleet.writes() == []
    assert any(f"({id}) is {word}" in line for line in window.lines)


@pytest.mark.parametrize("word", ["job_arrearage_recovering", "job_downloading", "job_idle"])
def test_a_middle_state_that_does_not_end_fails_the_snapshot_at_its_deadline(fleet, turned, window, word):
    fleet.thing("dli", "103", word)
    window.timeout = 900
    begun = turned.time()
    with pytest.raises(WatchTimeout, match=rf"agg-3 \(103\) is {word}.*Nothing was changed"):
        window.snapshot()
    assert 800 < turned.time() - begun <= 930
    assert fleet.writes() == []
    told_at = [line for line in window.lines if "waiting until it has settled" in line]
    assert 10 <= len(told_at) <= 17, "a line a minute"


# what is chosen


def chosen(window):
    plan, _ = window.snapshot()
    return sorted(thing.name for thing in plan.things)


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ([], ["wind-1", "wind-2", "wind-3", "wind-4"]),
        ([WIND(2)], ["wind-1", "wind-3", "wind-4"]),
        (["wind-2"], ["wind-1", "wind-3", "wind-4"]),
        (["wind-[23]"], ["wind-1", "wind-4"]),
        ([WIND(1), "*-4"], ["wind-2", "wind-3"]),
        (["WIND-2", "ind-2", WIND(2)[:-1]], ["wind-1", "wind-2", "wind-3", "wind-4"]),
        (json.dumps([WIND(2), "wind-3"]), ["wind-1", "wind-4"]),
        ("wind-3", ["wind-1", "wind-2", "wind-4"]),
    ],
)
def test_exclude_takes_ids_and_patterns(fleet, turned, exclude, left):
    assert chosen(Window(turned, [enos(exclude=exclude)])) == left


@pytest.mark.parametrize("exclude", [["102"], [102], ["agg-2"]])
def test_a_job_is_excluded_by_its_number_or_by_name(fleet, turned, exclude):
    assert chosen(Window(turned, [dli(exclude=exclude)])) == ["agg-1", "agg-3", "agg-4"]
    ids = [101, 102, 103, 104]
    assert chosen(Window(turned, [dli(name_pattern=None, job_ids=ids, exclude=exclude)], run_id="r2", window="d/other")) == ["agg-1", "agg-3", "agg-4"]  # fmt: skip


def test_what_is_excluded_is_not_touched(fleet, turned):
    window = Window(turned, [enos(exclude=["wind-2"]), dli(exclude=[103])])
    window.snapshot()
    window.quiesce()
    window.restore()
    assert not [call for call in fleet.calls(writes=True) if {WIND(2), "103"} & set(call["ids"])]


def test_ids_and_a_pattern_together_name_both(fleet, turned):
    window = Window(turned, [enos(name_pattern="wind-[12]", pipeline_ids=[WIND(4), WIND(1)])])
    assert chosen(window) == ["wind-1", "wind-2", "wind-4"]


@pytest.mark.parametrize(
    "target",
    [
        enos(name_pattern="sun-*", allow_empty=True),
        enos(name_pattern=None, pipeline_ids=[NOWHERE], allow_empty="true"),
        dli(name_pattern=None, job_ids=[999], allow_empty=True),
        codearts(pipeline_ids=[BUILD(9)], allow_empty=True),
    ],
)
def test_with_allow_empty_a_window_may_find_nothing(fleet, turned, target):
    window = Window(turned, [target])
    plan, _ = window.snapshot()
    assert plan.things == []
    assert window.quiesce()["result"] == "quiet"
    assert window.restore()["result"] == "nothing to do"
    assert window.verdict() == []
    assert fleet.writes() == []


def test_with_allow_empty_the_ids_that_are_there_are_still_stopped(fleet, turned):
    window = Window(turned, [dli(name_pattern=None, job_ids=[101, 999], allow_empty=True)])
    assert chosen(window) == ["agg-1"]


# system pipelines


@pytest.fixture
def with_systems(fleet):
    seed = world(enos=3, dli=0, codearts=0)
    pipelines = next(iter(seed["enos"]["orgs"].values()))["pipelines"]
    for n, name in ((8, "wind-reader"), (9, "wind-writer")):
        pipelines[WIND(n)] = {"name": name, "status": "RUNNING", "is_system": True}
    begin(fleet, seed)
    return fleet


@pytest.mark.parametrize("view", ["only", "all"])
def test_system_pipelines_are_never_matched_by_a_pattern(with_systems, turned, view):
    with_systems.settings(enos_system_view=view)
    assert chosen(Window(turned, [enos(name_pattern="*")])) == ["wind-1", "wind-2", "wind-3"]


def test_neither_are_they_where_an_id_names_one_of_them(with_systems, turned):
    window = Window(turned, [enos(name_pattern="*", pipeline_ids=[WIND(8)])])
    assert chosen(window) == ["wind-1", "wind-2", "wind-3", "wind-reader"]


@pytest.mark.parametrize("how", ["pause", "stop"])
def test_system_pipelines_named_by_id_are_stopped_last_and_started_first(with_systems, turned, how):
    before = statuses(with_systems.state())
    ids = [WIND(9), WIND(1), WIND(8), WIND(2), WIND(3)]
    window = Window(turned, [enos(name_pattern=None, pipeline_ids=ids, how=how)])
    window.snapshot()
    moves = []

    def look(seconds):
        moves.append({id: status for (_, id), status in statuses(with_systems.state()).items()})

    turned.on_wait = look
    assert window.quiesce()["result"] == "quiet"
    stopped = [ids[0] for ids in sent(with_systems)[f"{how}_pipeline"]]
    assert set(stopped[:3]) == {WIND(1), WIND(2), WIND(3)}
    assert set(stopped[3:]) == {WIND(8), WIND(9)}
    for seen in moves:
        if seen[WIND(8)] != "RUNNING" or seen[WIND(9)] != "RUNNING":
            assert {seen[WIND(n)] for n in (1, 2, 3)} <= {"PAUSED", "STOPPED"}, "the last user pipeline was not at rest"
    moves.clear()
    assert window.restore()["result"] == "restored"
    started = list(dict.fromkeys(ids[0] for ids in sent(with_systems)["start_pipeline"]))
    assert set(started[:2]) == {WIND(8), WIND(9)}
    for seen in moves:
        if {seen[WIND(n)] for n in (1, 2, 3)} & {"STARTING", "RUNNING"}:
            assert (seen[WIND(8)], seen[WIND(9)]) == ("RUNNING", "RUNNING"), (
                "a user pipeline began before the system ran"
            )
    assert statuses(with_systems.state()) == before


# how they are started again


def test_start_goes_by_id_then_by_exact_name_then_for_the_rest(fleet, turned):
    start = {
        "*": {"execution_mode": 0, "kafka_rate": 100},
        "wind-2": {"execution_mode": 1, "kafka_rate": 200},
        WIND(3): {"execution_mode": 1, "kafka_rate": 300, "resource_config": {"server": 2}},
        "wind-3": {"execution_mode": 0, "kafka_rate": 1},
        "wind": {"execution_mode": 1, "kafka_rate": 400},
        "wind-?": {"execution_mode": 1, "kafka_rate": 500},
    }
    window = Window(turned, [enos(start=start)])
    plan, _ = window.snapshot()
    assert [thing.start["kafka_rate"] for thing in plan.things] == [100, 200, 300, 100]
    assert plan.things[2].start["resource_config"] == {"server": 2}
    window.quiesce()
    window.restore()
    assert [thing(fleet, "enos", WIND(n))["kafka_rate"] for n in range(1, 5)] == [100, 200, 300, 100]
    assert [thing(fleet, "enos", WIND(n))["execution_mode"] for n in range(1, 5)] == [0, 1, 1, 0]


def test_what_does_not_run_needs_no_start_configuration(fleet, turned):
    for n in range(1, 5):
        fleet.thing("enos", WIND(n), "PAUSED")
    window = Window(turned, [enos(start=None)])
    plan, _ = window.snapshot()
    assert [thing.runs for thing in plan.things] == [False] * 4


def test_a_job_that_does_not_run_needs_no_bucket(fleet, turned):
    change(fleet, "dli", 103, obs_bucket=None)
    fleet.thing("dli", "103", "job_init")
    window = Window(turned, [dli(trigger_savepoint=True)])
    plan, _ = window.snapshot()
    assert [thing.runs for thing in plan.things] == [True, True, False, True]


# as Airflow renders them


def rendered(target, **context):
    """Give a target as its task sees it, its templates rendered by Airflow."""
    from airflow_provider_pipelines.window import MaintenanceWindow
    from tests.support.airflow import DAG

    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target]):
        pass
    task = dag.task_dict["window.snapshot"]
    task.render_template_fields(context)
    json.dumps(task.targets)
    return task.targets


def test_fields_may_be_templates_whose_values_come_as_text(fleet, turned):
    window = Window(turned, [])
    window.targets = rendered(
        EnosPipelines(
            name_pattern="{{ params.pattern }}", exclude=["{{ params.out }}"], how="{{ params.how }}",
            start={"*": {"execution_mode": "{{ params.mode }}", "kafka_rate": "{{ params.rate }}"}},
            org_id="{{ params.org }}", enos_conn_id="{{ params.conn }}", allow_empty="{{ params.empty }}",
        ),
        params={"pattern": "wind-*", "out": "wind-4", "how": "stop", "mode": 1, "rate": 2500, "org": "o10000000000001", "conn": "enos_default", "empty": False},
    ) + rendered(
        DliJobs(
            job_ids="{{ params.jobs | tojson }}", trigger_savepoint="{{ params.savepoint }}", exclude="{{ params.out }}",
            on_missing_savepoint="{{ params.missing }}", project_id="{{ params.project }}",
        ),
        params={"jobs": [101, "102", 104], "savepoint": True, "missing": "start_clean", "out": '["agg-4"]', "project": PROJECT},
    ) + rendered(
        CodeArtsPipelines(pipeline_ids="{{ params.ids | tojson }}", running="{{ params.running }}", project_id="{{ params.project }}"),
        params={"ids": [BUILD(1)], "running": "stop", "project": CODEARTS},
    )  # fmt: skip
    window.places = [{name: value for name, value in target.items() if name in ("target", "org_id", "enos_conn_id", "project_id", "region", "huaweicloud_conn_id")} for target in window.targets]  # fmt: skip
    before = statuses(fleet.state())
    plan, _ = window.snapshot()
    assert sorted(thing.name for thing in plan.things) == ["agg-1", "agg-2", "build-1", "wind-1", "wind-2", "wind-3"]
    assert plan.places[1].options == {"on_missing_savepoint": "start_clean", "trigger_savepoint": "True"}
    window.quiesce()
    assert statuses(fleet.state())["enos", WIND(1)] == "STOPPED"
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert thing(fleet, "enos", WIND(1))["kafka_rate"] == 2500


def test_the_record_holds_what_brings_things_back_and_little_else(fleet, turned, window):
    plan, _ = window.snapshot()
    assert [(thing.name, thing.was, thing.runs) for thing in plan.things] == [
        *((f"wind-{n}", "RUNNING", True) for n in range(1, 5)),
        *((f"agg-{n}", "job_running", True) for n in range(1, 5)),
        ("build-1", "ENABLED", True),
    ]
    text = "".join(window.store.texts.values())
    for value in fleet.env.values():
        connection = json.loads(value)
        assert connection["password"] not in text
        assert connection["login"] not in text
