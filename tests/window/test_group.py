"""The window as a task group: arrows, what is pinned, and what is refused while the DAG is parsed."""

import inspect
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_pipelines.enos.operators import EnosListPipelinesOperator
from airflow_provider_pipelines.errors import ArgumentError
from airflow_provider_pipelines.window import CodeArtsPipelines, DliJobs, EnosPipelines, MaintenanceWindow
from tests.support.airflow import (
    AIRFLOW,
    DAG,
    BaseOperator,
    DagSerialization,
    EmptyOperator,
    TaskGroup,
    setup,
    since,
    task,
    task_group,
    teardown,
)
from tests.support.playing import BUILD, START, WIND, Window

OWN = ("snapshot", "quiesce", "restore", "verdict")


def target(**more):
    return EnosPipelines(**{"name_pattern": "wind-*", "start": START, **more})


def work(*names, **more):
    return [EmptyOperator(task_id=name, **more) for name in names]


def arrows(dag):
    return {(one.task_id, below) for one in dag.tasks for below in one.downstream_task_ids}


# arrows


def test_work_is_between_quiesce_and_restore():
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target()]):
        a, b, c = work("a", "b", "c")
        a >> b
    drawn = arrows(dag)
    assert drawn == {
        ("window.snapshot", "window.quiesce"),
        ("window.quiesce", "window.a"), ("window.quiesce", "window.c"),
        ("window.a", "window.b"),
        *((f"window.{name}", "window.restore") for name in ("a", "b", "c")),
        ("window.quiesce", "window.restore"), ("window.snapshot", "window.restore"),
        ("window.quiesce", "window.verdict"), ("window.snapshot", "window.verdict"),
        ("window.restore", "window.verdict"),
    }  # fmt: skip
    assert c.upstream_task_ids == {"window.quiesce"}


def test_roles_are_those_of_setups_and_teardowns():
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target()]):
        work("a")
    own = {name: dag.task_dict[f"window.{name}"] for name in OWN}
    assert {name: (one.is_setup, one.is_teardown, one.on_failure_fail_dagrun) for name, one in own.items()} == {
        "snapshot": (True, False, False), "quiesce": (True, False, False),
        "restore": (False, True, False), "verdict": (False, True, True),
    }  # fmt: skip
    assert {own[name].trigger_rule.value for name in ("restore", "verdict")} == {"all_done_setup_success"}


def test_restore_is_downstream_of_every_task_of_the_author_own_teardowns_and_mapped_ones_included():
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target()]):

        @setup
        def make_table():
            pass

        @teardown
        def drop_table():
            pass

        @task
        def fill(n):
            pass

        @task_group
        def more():
            work("deep")
            with TaskGroup("deeper"):
                work("deepest")

        made = make_table()
        made >> fill.expand(n=[1, 2]) >> drop_table().as_teardown(setups=made)
        more()
    restore = dag.task_dict["window.restore"]
    authors = {name for name in dag.task_ids if name.rpartition(".")[2] not in OWN}
    assert len(authors) == 5
    assert authors <= restore.upstream_task_ids
    for name in authors:
        assert "window.quiesce" in dag.task_dict[name].get_flat_relative_ids(upstream=True)


def test_a_window_without_work_is_still_a_window():
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target()]):
        pass
    assert ("window.quiesce", "window.restore") in arrows(dag)
    assert len(dag.task_ids) == 4


def test_what_follows_a_window_waits_for_the_leaves_and_for_restore():
    with DAG("nightly", schedule=None):
        with MaintenanceWindow("window", [target()]) as window:
            a, b, _ = work("a", "b", "c")
            a >> b
        after = EmptyOperator(task_id="after")
        window >> after
    assert after.upstream_task_ids == {"window.b", "window.c", "window.restore"}


def test_what_a_window_follows_comes_before_the_snapshot():
    with DAG("nightly", schedule=None):
        before = EmptyOperator(task_id="before")
        with MaintenanceWindow("window", [target()]) as window:
            work("a")
        before >> window
    assert before.downstream_task_ids == {"window.snapshot"}


def test_two_windows_may_follow_each_other():
    with DAG("nightly", schedule=None) as dag:
        with MaintenanceWindow("first", [target()]) as first:
            work("a")
        with MaintenanceWindow("second", [target()]) as second:
            work("b")
        first >> second
    assert {"first.a", "first.restore"} <= dag.task_dict["second.snapshot"].upstream_task_ids


@pytest.mark.parametrize("prefixed", [True, False])
def test_ids_are_prefixed_as_in_any_group(prefixed):
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target()], prefix_group_id=prefixed):
        work("a")
    prefix = "window." if prefixed else ""
    assert set(dag.task_ids) == {f"{prefix}{name}" for name in (*OWN, "a")}
    verdict = dag.task_dict[f"{prefix}verdict"]
    assert verdict.window == "nightly/window"


def test_a_window_inside_another_group_is_named_by_its_full_id():
    with DAG("nightly", schedule=None) as dag, TaskGroup("outer"), MaintenanceWindow("window", [target()]):
        work("a")
    assert dag.task_dict["outer.window.quiesce"].window == "nightly/outer.window"
    assert "outer.window.a" in dag.task_dict["outer.window.restore"].upstream_task_ids


def test_the_arguments_of_a_group_are_those_of_airflows():
    with DAG("nightly", schedule=None), MaintenanceWindow("window", [target()], tooltip="at night", ui_color="#123456") as window:  # fmt: skip
        pass
    assert (window.tooltip, window.ui_color) == ("at night", "#123456")


def test_a_task_made_after_the_window_has_ended_is_refused():
    with DAG("nightly", schedule=None):
        with MaintenanceWindow("window", [target()]) as window:
            work("a")
        with pytest.raises(ArgumentError, match=r"has ended, so .*late.*inside the 'with'"):
            EmptyOperator(task_id="late", task_group=window)


# what default_args could break


BREAKING = {
    "pool": "no_such_pool",
    "pool_slots": 99,
    "queue": "no_such_queue",
    "retries": 0,
    "retry_delay": timedelta(days=3),
    "retry_exponential_backoff": 5.0 if AIRFLOW >= (3, 2) else True,
    "max_retry_delay": timedelta(seconds=1),
    "depends_on_past": True,
    "ignore_first_depends_on_past": False,
    "wait_for_past_depends_before_skipping": True,
    "wait_for_downstream": True,
    "execution_timeout": timedelta(seconds=1),
    "start_date": datetime(2999, 1, 1, tzinfo=UTC),
    "end_date": datetime(2001, 1, 1, tzinfo=UTC),
    "priority_weight": 1,
    "weight_rule": "upstream",
    "pre_execute": lambda context: 1 / 0,
    "post_execute": lambda context, result: 1 / 0,
    "max_active_tis_per_dag": 1,
    "max_active_tis_per_dagrun": 1,
    **({"task_concurrency": 1} if AIRFLOW < (3, 0) else {}),
    "executor": "NoSuchExecutor",
    "do_xcom_push": False,
    "multiple_outputs": True,
    "inlets": [],
    "outlets": [],
    # our own arguments have names that somebody may use in default_args, too
    "timeout": 1,
    "poll_interval": 7,
    "deferrable": False,
    "targets": [],
    "group_id": "other",
    "policies": {},
    "judged": [],
    "own": [],
}
#: why each other argument of Airflow's is left to the author
LEFT = {
    "task_id": "the window's own",
    "owner": "says whom to ask",
    "email": "whom to tell",
    "email_on_retry": "whether to tell",
    "email_on_failure": "whether to tell",
    "on_execute_callback": "callbacks stay the author's",
    "on_failure_callback": "callbacks stay the author's",
    "on_success_callback": "callbacks stay the author's",
    "on_retry_callback": "callbacks stay the author's",
    "on_skipped_callback": "callbacks stay the author's",
    "dag": "comes from the context",
    "task_group": "comes from the context",
    "default_args": "what this is about",
    "params": "templates may use them",
    "trigger_rule": "refused, since it would reach the work",
    "retry_policy": "tested by itself: its kind is there from Airflow 3.3 on",
    "sla": "there is none any more",
    "resources": "no executor of Airflow's reads it",
    "run_as_user": "belongs to the machine that tasks run on",
    "executor_config": "belongs to the executor, for instance the image of a pod",
    "map_index_template": "no task of a window is mapped",
    "doc": "a text", "doc_md": "a text", "doc_json": "a text", "doc_yaml": "a text", "doc_rst": "a text",
    "task_display_name": "a text",
    "logger_name": "where the log goes",
    "allow_nested_operators": "only a warning",
    "render_template_as_native_obj": "targets take values and their texts alike",
    "self": "", "kwargs": "",
}  # fmt: skip


def test_of_each_argument_of_airflows_it_is_known_whether_it_is_pinned():
    known = set(BREAKING) | set(LEFT)
    assert set(inspect.signature(BaseOperator.__init__).parameters) - known == set()


def attributes(one):
    names = {"pre_execute": "_pre_execute_hook", "post_execute": "_post_execute_hook", "start_date": "start_date"}
    found = {}
    for name in BREAKING:
        value = getattr(one, names.get(name, name), None)
        # an object of its own in each task on 2.11, a word since
        found[name] = re.sub(" at 0x[0-9a-f]+", "", str(value)) if name == "weight_rule" else value
    return found


@pytest.mark.parametrize("where", ["the DAG", "a group around it", "the window itself"])
def test_default_args_change_nothing_of_the_four_tasks(where):
    def made(args):
        with DAG("nightly", schedule=None, default_args=args if where == "the DAG" else {}) as dag:
            outer_args = args if where == "a group around it" else {}
            own_args = {"default_args": args} if where == "the window itself" else {}
            with TaskGroup("outer", default_args=outer_args), MaintenanceWindow("window", [target()], **own_args):
                # the author's tasks are the author's
                work("a", pool="default_pool", start_date=None, end_date=None)
        return {name: attributes(dag.task_dict[f"outer.window.{name}"]) for name in OWN}

    args = {name: value for name, value in BREAKING.items() if where != "the DAG" or name != "start_date"}
    assert made(args) == made({})


@since("3.3", "retry policies")
def test_a_retry_policy_of_default_args_does_not_reach_them():
    from airflow.sdk.definitions.retry_policy import ExceptionRetryPolicy

    with DAG("nightly", schedule=None, default_args={"retry_policy": ExceptionRetryPolicy(rules=[])}) as dag, MaintenanceWindow("window", [target()]):  # fmt: skip
        work("a")
    assert dag.task_dict["window.a"].retry_policy is not None
    assert [dag.task_dict[f"window.{name}"].retry_policy for name in OWN] == [None] * 4


def test_retries_are_the_windows_own():
    with DAG("nightly", schedule=None, default_args={"retries": 0}) as dag, MaintenanceWindow("window", [target()]):
        pass
    own = [dag.task_dict[f"window.{name}"] for name in OWN]
    assert [one.retries for one in own] == [2, 2, 10, 2]
    restore = own[2]
    assert (restore.retry_delay, restore.max_retry_delay) == (timedelta(seconds=30), timedelta(minutes=10))
    assert restore.retry_exponential_backoff == (2.0 if AIRFLOW >= (3, 2) else True)
    assert {one.priority_weight for one in own} == {1_000_000}


def test_pool_and_queue_can_be_given_to_the_window():
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target()], pool="night", queue="edge"):
        (a,) = work("a")
    assert {(dag.task_dict[f"window.{name}"].pool, dag.task_dict[f"window.{name}"].queue) for name in OWN} == {("night", "edge")}  # fmt: skip
    assert (a.pool, a.queue) == ("default_pool", "default")


def test_callbacks_of_default_args_stay():
    with DAG("nightly", schedule=None, default_args={"on_failure_callback": print, "owner": "night shift"}) as dag, MaintenanceWindow("window", [target()]):  # fmt: skip
        pass
    for name in OWN:
        assert dag.task_dict[f"window.{name}"].on_failure_callback in (print, [print])
        assert dag.task_dict[f"window.{name}"].owner == "night shift"


def test_a_dag_that_fails_fast_may_have_a_window():
    fast = {"fail_fast" if AIRFLOW >= (3, 0) else "fail_stop": True}
    with DAG("nightly", schedule=None, **fast) as dag, MaintenanceWindow("window", [target()]):
        work("a")
    assert json.dumps(DagSerialization.to_dict(dag))


# what is refused


def nothing():
    pass


def in_dag(body=nothing, *, window=None, **dag):
    with DAG("nightly", schedule=None, **dag), MaintenanceWindow("window", [target()], **(window or {})):
        body()


def mapped():
    @task_group
    def each(n):
        with MaintenanceWindow("window", [target()]):
            work("a")

    with DAG("nightly", schedule=None):
        each.expand(n=[1, 2])


def rule(name, after=None):
    def make():
        (one,) = work("a", trigger_rule=name)
        if after:
            work(after)[0] >> one

    return make


REFUSED = [
    pytest.param(lambda: in_dag(dagrun_timeout=timedelta(hours=1)), r"dagrun_timeout.*nothing would be brought back.*execution_timeout", id="dagrun_timeout"),
    pytest.param(mapped, r"cannot be mapped. Give one window all its targets", id="a mapped window"),
    pytest.param(lambda: in_dag(default_args={"trigger_rule": "all_done"}), r"default_args\['trigger_rule'\].*'all_done'.*Take it out of default_args", id="a trigger rule in default_args"),
    pytest.param(lambda: in_dag(window={"default_args": {"trigger_rule": "none_failed"}}), r"default_args\['trigger_rule'\].*'none_failed'", id="a trigger rule in the window's default_args"),
    pytest.param(lambda: in_dag(rule("all_done", after="b")), r"trigger_rule of window.a.*'all_done' could let it work on a live fleet. Give one of all_success, none_failed.*or move", id="an all_done task"),
    pytest.param(lambda: in_dag(rule("one_failed", after="b")), "live fleet", id="a one_failed task"),
    pytest.param(lambda: in_dag(rule("one_success", after="b")), "live fleet", id="a one_success task"),
    pytest.param(lambda: in_dag(rule("always", after="b")), "live fleet", id="an always task"),
    pytest.param(lambda: in_dag(rule("none_skipped", after="b")), "live fleet", id="a none_skipped task"),
    pytest.param(lambda: in_dag(rule("all_failed", after="b")), "live fleet", id="an all_failed task"),
    pytest.param(lambda: in_dag(rule("none_failed")), r"'none_failed', and Airflow wants 'all_success' for what follows a setup directly", id="a first task with another safe rule"),
    pytest.param(lambda: in_dag(window={"on_quiesce_failure": "ignore"}), "on_quiesce_failure: 'ignore' is not possible. Possible are restore, continue", id="an unknown policy"),
    pytest.param(lambda: in_dag(window={"on_missing": "ignore"}), "on_missing: 'ignore' is not possible. Possible are report, fail", id="an unknown policy for what is missing"),
    pytest.param(lambda: in_dag(window={"timeout": 0}), "timeout", id="no time"),
    pytest.param(lambda: in_dag(window={"poll_interval": -1}), "poll_interval", id="no interval"),
    pytest.param(lambda: MaintenanceWindow("window", []), "is no list of targets", id="no targets"),
    pytest.param(lambda: MaintenanceWindow("window", target()), "is no list of targets", id="a target for a list"),
    pytest.param(lambda: MaintenanceWindow("window", ["wind-*"]), "is no list of targets", id="a text for a target"),
    pytest.param(EnosPipelines, "names nothing. Give pipeline_ids or name_pattern", id="EnOS: nothing named"),
    pytest.param(DliJobs, "names nothing. Give job_ids or name_pattern", id="DLI: nothing named"),
    pytest.param(lambda: CodeArtsPipelines(pipeline_ids=None), "names nothing. Give pipeline_ids", id="CodeArts: nothing named"),
    pytest.param(lambda: target(how="kill"), "EnosPipelines.how: 'kill' is not possible. Possible are pause, stop", id="an unknown how"),
    pytest.param(lambda: DliJobs(job_ids=[1], on_missing_savepoint="x"), "Possible are fail, start_clean", id="an unknown word for a savepoint"),
    pytest.param(lambda: CodeArtsPipelines(pipeline_ids=["a"], running="kill"), "Possible are wait, stop, leave", id="an unknown word for runs"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "said"), REFUSED)
def test_what_breaks_a_window_is_refused_with_the_remedy(make, said):
    with pytest.raises((ArgumentError, ValueError), match=said):
        make()
    # nothing of it stays open
    in_dag()


@pytest.mark.parametrize("name", ["all_success", "none_failed", "none_failed_min_one_success"])
def test_safe_rules_are_fine_further_down(name):
    in_dag(rule(name, after="b"))


def test_an_authors_teardown_may_run_whatever_happens():
    def make():
        a, b = work("a", "b")
        a.as_setup() >> b.as_teardown(setups=a)

    in_dag(make)


def test_an_error_in_the_body_of_a_window_is_the_one_that_is_seen():
    with pytest.raises(ZeroDivisionError), DAG("nightly", schedule=None), MaintenanceWindow("window", [target()]):
        1 / 0  # noqa: B018 -- what goes wrong


FILE = """
from datetime import timedelta
from tests.support.airflow import DAG
from tests.support.airflow import EmptyOperator
from airflow_provider_pipelines.window import EnosPipelines, MaintenanceWindow

with DAG("nightly", schedule=None, {dag}):
    with MaintenanceWindow("window", [EnosPipelines(name_pattern="wind-*", start={{"*": {{"execution_mode": 0, "kafka_rate": 1}}}})]):
        a = EmptyOperator(task_id="a")
        a >> EmptyOperator(task_id="b", {task})
"""
READ = """
import json, sys
from tests.support.airflow import DagBag
bag = DagBag(sys.argv[1])
print("\\n" + json.dumps([list(bag.dags), list(bag.import_errors.values())]))
"""


@pytest.mark.parametrize(
    ("dag", "task", "said"),
    [
        ("", "", ""),
        ("dagrun_timeout=timedelta(hours=1)", "", "dagrun_timeout: skips teardowns"),
        ("default_args={'trigger_rule': 'all_done'}", "", "Take it out of default_args"),
        ("", "trigger_rule='all_done'", "trigger_rule of window.b: 'all_done' could let it work on a live fleet"),
        ("default_args={'pool': 'none_such', 'retries': 0, 'depends_on_past': True}", "", ""),
    ],
)
def test_airflow_shows_it_as_an_import_error(tmp_path, dag, task, said):
    (tmp_path / "nightly.py").write_text(FILE.format(dag=dag, task=task))
    shown = subprocess.run([sys.executable, "-c", READ, str(tmp_path)], capture_output=True, text=True, timeout=180, check=False)  # fmt: skip
    assert shown.returncode == 0, shown.stderr[-2000:]
    dags, errors = json.loads(shown.stdout.splitlines()[-1])
    if said:
        assert dags == []
        assert said in errors[0]
    else:
        assert (dags, errors) == (["nightly"], [])


# what Airflow keeps of it


def test_a_window_survives_being_serialized():
    with DAG("nightly", schedule=None) as dag:
        with MaintenanceWindow("window", [target(), DliJobs(job_ids=[128, "{{ params.job }}"]), CodeArtsPipelines(pipeline_ids="{{ params.ids }}")]) as window:  # fmt: skip
            work("a")
        window >> EmptyOperator(task_id="after")
    kept = json.loads(json.dumps(DagSerialization.to_dict(dag)))
    again = DagSerialization.from_dict(kept)
    assert set(again.task_ids) == set(dag.task_ids)
    assert {(one.task_id, below) for one in again.tasks for below in one.downstream_task_ids} == arrows(dag)
    verdict = again.task_dict["window.verdict"]
    assert (verdict.is_teardown, verdict.on_failure_fail_dagrun, verdict.pool) == (True, True, "default_pool")
    assert again.task_dict["window.restore"].retries == 10
    assert "window" in again.task_group.children


def test_template_fields_are_json_and_hold_no_object():
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [target(pipeline_ids=["{{ params.x }}"]), DliJobs(job_ids=[1])]):  # fmt: skip
        pass
    for name in OWN:
        one = dag.task_dict[f"window.{name}"]
        assert one.template_fields == ("targets",)
        assert one.template_fields_renderers == {"targets": "json"}
        assert all(entry["target"] in {"EnosPipelines", "DliJobs"} for entry in json.loads(json.dumps(one.targets)))
    assert "name_pattern" not in json.dumps(dag.task_dict["window.restore"].targets)


# what an earlier task gives


def resolve(task, values):
    """Render a task as Airflow does, with what other tasks gave."""

    class Ti:
        task_id, dag_id, run_id, map_index = task.task_id, "nightly", "run1", -1

        def xcom_pull(self, task_ids, key="return_value", **_):
            return values[task_ids]

        def get_relevant_upstream_map_indexes(self, *_, **__):  # asked by 2.11 only
            return None

    task.render_template_fields({"ti": Ti(), "run_id": "run1", "expanded_ti_count": None, "params": {}})
    return task.targets


def test_ids_may_come_from_a_list_operator(fleet, turned):
    with DAG("nightly", schedule=None) as dag:
        listed = EnosListPipelinesOperator(task_id="listed", name_pattern="wind-[12]")
        with MaintenanceWindow("window", [target(name_pattern=None, pipeline_ids=listed.output)]):
            work("a")
    assert ("listed", "window.snapshot") in arrows(dag)
    assert json.dumps(DagSerialization.to_dict(dag))
    rows = [{"pipeline_id": WIND(n), "name": f"wind-{n}", "status": "RUNNING"} for n in (1, 2)]
    window = Window(turned, [])
    window.targets = resolve(dag.task_dict["window.snapshot"], {"listed": rows})
    plan, _ = window.snapshot()
    assert [thing.name for thing in plan.things] == ["wind-1", "wind-2"]


@pytest.mark.parametrize(
    ("target_of", "rows", "names"),
    [
        (lambda ids: target(name_pattern=None, pipeline_ids=ids), [WIND(2)], ["wind-2"]),
        (lambda ids: DliJobs(job_ids=ids), [{"job_id": 101, "name": "agg-1"}, {"job_id": 103}], ["agg-1", "agg-3"]),
        (lambda ids: DliJobs(job_ids=ids), [101, "102"], ["agg-1", "agg-2"]),
        (lambda ids: CodeArtsPipelines(pipeline_ids=ids), [{"pipeline_id": BUILD(1), "name": "build-1"}], ["build-1"]),
    ],
)
def test_ids_may_be_rows_or_ids_of_any_task(fleet, turned, target_of, rows, names):
    with DAG("nightly", schedule=None) as dag:

        @task
        def listed():
            return rows

        with MaintenanceWindow("window", [target_of(listed())]):
            work("a")
    window = Window(turned, [])
    window.targets = resolve(dag.task_dict["window.snapshot"], {"listed": rows})
    plan, _ = window.snapshot()
    assert [thing.name for thing in plan.things] == names


@pytest.mark.parametrize("given", [None, "", "None", [{"name": "wind-1"}], [None], 7])
def test_what_a_task_gives_that_is_no_list_of_ids_fails_the_snapshot(fleet, turned, given):
    window = Window(turned, [])
    window.targets = [{**target(name_pattern=None, pipeline_ids=["x"]).to_json(), "pipeline_ids": given}]
    with pytest.raises(ArgumentError, match=r"pipeline_ids|names nothing"):
        window.snapshot()
    assert fleet.writes() == []


def test_the_weight_of_the_work_fits_a_column_of_every_database():
    # Airflow's usual rule adds the weights of all tasks downstream, restore and verdict among them
    with DAG("weighty", schedule=None) as dag, MaintenanceWindow("window", targets=[DliJobs(job_ids=[1])]):
        EmptyOperator(task_id="work", priority_weight=100)
    work = dag.get_task("window.work")
    downstream = work.get_flat_relative_ids(upstream=False)
    assert work.priority_weight + sum(dag.get_task(id).priority_weight for id in downstream) < 2**31
