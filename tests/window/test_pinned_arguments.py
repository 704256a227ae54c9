"""What a window is as a task group: its four tasks with all that is pinned, its arrows, and what it refuses."""

from datetime import UTC, datetime, timedelta

import pytest

from airflow_provider_pipelines.errors import ArgumentError
from airflow_provider_pipelines.window import DliJobs, EnosPipelines, MaintenanceWindow
from tests.support.airflow import DAG, EmptyOperator, TaskGroup, task_group

WIND = EnosPipelines(name_pattern="wind-*", org_id="o1")
JOBS = DliJobs(job_ids=[1], region="eu-de")
PLACES = [
    {"target": "EnosPipelines", "org_id": "o1", "enos_conn_id": "enos_default"},
    {"target": "DliJobs", "project_id": None, "region": "eu-de", "huaweicloud_conn_id": "huaweicloud_default"},
]
SAFE = "all_success, none_failed, none_failed_min_one_success"


def work(*names, **more):
    return [EmptyOperator(task_id=name, **more) for name in names]


def made(targets=(WIND, JOBS), names=(), **more):
    """Make a DAG with a window; give its tasks by the last part of their ids."""
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", list(targets), **more):
        work(*names)
    return {task_id.rpartition(".")[2]: task for task_id, task in dag.task_dict.items()}


def refused(make, said, error=ArgumentError):
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == said
    # nothing of it stays open: what is made next is in no group
    with DAG("next", schedule=None) as dag:
        (task,) = work("free")
    assert task.task_id == "free"
    assert dag.task_ids == ["free"]


# its arguments


@pytest.mark.parametrize("targets", [None, [], (), 7, "wind", [WIND, "wind"], iter([WIND]), {"a": WIND}])
def test_targets_are_a_list_of_targets(targets):
    refused(
        lambda: MaintenanceWindow("window", targets),
        "targets: is no list of targets. Give EnosPipelines, DliJobs or CodeArtsPipelines.",
    )


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ({"on_quiesce_failure": 7}, "on_quiesce_failure: 7 is not possible. Possible are restore, continue."),
        ({"on_missing": None}, "on_missing: None is not possible. Possible are report, fail."),
    ],
)
def test_policies_are_words(argument, said):
    refused(lambda: made(**argument), said)


@pytest.mark.parametrize("name", ["timeout", "poll_interval"])
@pytest.mark.parametrize("value", [0, -1, "30", None, True])
def test_times_are_seconds(name, value):
    refused(lambda: made(**{name: value}), f"{name} has to be a number of seconds above 0, not {value!r}", ValueError)


def test_the_four_tasks_are_told_what_they_need():
    tasks = made(names=["a", "b"])
    snapshot, quiesce, restore, verdict = (tasks[name] for name in ("snapshot", "quiesce", "restore", "verdict"))
    assert snapshot.targets == [WIND.to_json(), JOBS.to_json()]
    assert [one.targets for one in (quiesce, restore, verdict)] == [PLACES] * 3
    for one in (snapshot, quiesce, restore, verdict):
        assert (one.group_id, one.poll_interval, one.deferrable) == ("window", 30.0, True)
        assert one.window == "nightly/window"
    assert (snapshot.timeout, quiesce.timeout) == (10800.0, 10800.0)
    assert snapshot.policies == {"on_quiesce_failure": "restore", "on_missing": "report"}
    assert verdict.own == ["window.snapshot", "window.quiesce", "window.restore"]
    assert verdict.judged == ["window.a", "window.b"]
    assert [type(tasks[name]).__name__ for name in ("snapshot", "quiesce", "restore", "verdict")] == [
        "SnapshotTask", "QuiesceTask", "RestoreTask", "VerdictTask",
    ]  # fmt: skip


def test_the_four_tasks_are_told_what_the_author_said():
    tasks = made(
        timeout=7, poll_interval=2.5, on_quiesce_failure="continue", on_missing="fail", pool="p", queue="q",
        deferrable=False, tooltip="at night",
    )  # fmt: skip
    for name in ("snapshot", "quiesce", "restore", "verdict"):
        one = tasks[name]
        assert (one.poll_interval, one.deferrable, one.pool, one.queue) == (2.5, False, "p", "q")
        assert one.task_group.tooltip == "at night"
    assert (tasks["snapshot"].timeout, tasks["quiesce"].timeout) == (7.0, 7.0)
    assert tasks["snapshot"].policies == {"on_quiesce_failure": "continue", "on_missing": "fail"}


def test_a_window_in_a_group_has_the_whole_name():
    with DAG("nightly", schedule=None) as dag, TaskGroup("outer"), MaintenanceWindow("window", [WIND]):
        work("a")
    verdict = dag.task_dict["outer.window.verdict"]
    assert verdict.window == "nightly/outer.window"
    assert verdict.judged == ["outer.window.a"]


# what is pinned

PINNED = {
    "pool": "default_pool", "pool_slots": 1, "queue": "default", "depends_on_past": False,
    "ignore_first_depends_on_past": True, "wait_for_past_depends_before_skipping": False, "wait_for_downstream": False,
    "execution_timeout": None, "end_date": None, "max_active_tis_per_dag": None, "max_active_tis_per_dagrun": None,
    "weight_rule": "absolute", "priority_weight": 1000000, "executor": None, "start_date": None, "multiple_outputs": False, "inlets": [],
    "outlets": [], "_pre_execute_hook": None, "_post_execute_hook": None, "do_xcom_push": True,
}  # fmt: skip
BREAKING = {
    "pool": "none_such", "pool_slots": 99, "queue": "nobody", "depends_on_past": True,
    "ignore_first_depends_on_past": False, "wait_for_past_depends_before_skipping": True, "wait_for_downstream": True,
    "execution_timeout": timedelta(seconds=1), "end_date": datetime(2000, 1, 1, tzinfo=UTC),
    "max_active_tis_per_dag": 1, "max_active_tis_per_dagrun": 1, "weight_rule": "upstream", "priority_weight": 1,
    "executor": "CeleryExecutor", "start_date": datetime(2900, 1, 1, tzinfo=UTC), "multiple_outputs": True,
    "pre_execute": lambda context: 1 / 0, "post_execute": lambda context, result: 1 / 0, "do_xcom_push": False,
    "retries": 0, "retry_delay": timedelta(days=1), "retry_exponential_backoff": 7.0,
    "max_retry_delay": timedelta(seconds=1), "retry_policy": object(),
}  # fmt: skip
RETRIES = {
    "snapshot": (2, timedelta(seconds=30), 0, None), "quiesce": (2, timedelta(seconds=10), 0, None),
    "restore": (10, timedelta(seconds=30), 2.0, timedelta(seconds=600)), "verdict": (2, timedelta(seconds=30), 0, None),
}  # fmt: skip


@pytest.mark.parametrize("name", list(RETRIES))
@pytest.mark.parametrize("default_args", [{}, BREAKING], ids=["usual", "breaking"])
def test_nothing_of_default_args_can_break_the_four_tasks(name, default_args):
    task = made(default_args=default_args)[name]
    assert {attribute: getattr(task, attribute) for attribute in PINNED} == PINNED
    kept = (task.retries, task.retry_delay, task.retry_exponential_backoff, task.max_retry_delay)
    assert kept == RETRIES[name]
    assert task.retry_policy is None
    assert task.trigger_rule.value == ("all_success" if name in {"snapshot", "quiesce"} else "all_done_setup_success")


# arrows


def arrows(*tasks):
    return {(one.task_id, below) for one in tasks for below in one.downstream_task_ids}


def test_work_is_between_quiesce_and_restore():
    with DAG("nightly", schedule=None) as dag:
        (before,) = work("before")
        with MaintenanceWindow("window", [WIND]) as window:
            a, b, c = work("a", "b", "c")
            a >> b
            before >> c
        (after,) = work("after")
        window >> after
    assert arrows(*dag.tasks) == {
        ("before", "window.c"),
        ("window.snapshot", "window.quiesce"),
        ("window.quiesce", "window.a"), ("window.quiesce", "window.c"),
        ("window.a", "window.b"),
        *((f"window.{name}", "window.restore") for name in ("a", "b", "c", "quiesce", "snapshot")),
        *((f"window.{name}", "window.verdict") for name in ("quiesce", "snapshot", "restore")),
        *((f"window.{name}", "after") for name in ("b", "c", "restore")),
    }  # fmt: skip


def test_roles_are_those_of_setups_and_teardowns():
    tasks = made()
    assert {name: (one.is_setup, one.is_teardown, one.on_failure_fail_dagrun) for name, one in tasks.items()} == {
        "snapshot": (True, False, False), "quiesce": (True, False, False),
        "restore": (False, True, False), "verdict": (False, True, True),
    }  # fmt: skip


def test_leaves_are_the_last_tasks_of_the_work_that_are_no_teardowns():
    with DAG("nightly", schedule=None):
        with MaintenanceWindow("window", [WIND]) as window:
            open_leaves = [one.task_id for one in window.get_leaves()]
            a, b, c, down = work("a", "b", "c", "down")
            a >> [b, c]
            b.as_setup() >> down.as_teardown(setups=b)
            during = [one.task_id for one in window.get_leaves()]
        (after,) = work("after")
        c >> after
    assert open_leaves == []
    assert during == ["window.b", "window.c"]
    assert [one.task_id for one in window.get_leaves()] == ["window.b", "window.c", "window.restore"]


def test_the_window_is_what_the_with_statement_gives():
    with DAG("nightly", schedule=None):
        window = MaintenanceWindow("window", [WIND])
        with window as entered:
            assert entered is window
            assert work("a")[0].task_group is window


# what is refused


@pytest.mark.parametrize("rule", ["all_done", "one_failed", "none_skipped", "always"])
def test_a_rule_that_could_begin_on_a_live_fleet_is_refused(rule):
    def make():
        with DAG("nightly", schedule=None), MaintenanceWindow("window", [WIND]):
            a, b = work("a")[0], EmptyOperator(task_id="b", trigger_rule=rule)
            a >> b

    refused(
        make,
        f"trigger_rule of window.b: {rule!r} could let it work on a live fleet. Give one of {SAFE}, or move the task "
        "out of the window.",
    )


@pytest.mark.parametrize("rule", ["none_failed", "none_failed_min_one_success"])
def test_the_first_tasks_need_all_success(rule):
    def make():
        with DAG("nightly", schedule=None), MaintenanceWindow("window", [WIND]):
            EmptyOperator(task_id="b", trigger_rule=rule)

    refused(
        make,
        f"trigger_rule of window.b: is {rule!r}, and Airflow wants 'all_success' for what follows a setup directly. "
        "Give that, or put a task before it.",
    )
    with DAG("nightly", schedule=None), MaintenanceWindow("window", [WIND]):
        a, b = work("a")[0], EmptyOperator(task_id="b", trigger_rule=rule)
        a >> b


def test_a_teardown_of_the_author_may_have_its_own_rule():
    with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", [WIND]):
        EmptyOperator(task_id="a").as_teardown()
        b, c = work("b", "c")
        b >> c.as_teardown()
    assert {("window.quiesce", "window.a"), ("window.a", "window.restore")} <= arrows(*dag.tasks)


def test_a_dag_with_a_time_limit_is_refused():
    def make():
        with DAG("n", schedule=None, dagrun_timeout=timedelta(hours=1)), MaintenanceWindow("window", [WIND]):
            raise AssertionError

    refused(
        make,
        "dagrun_timeout: skips teardowns, so that nothing would be brought back. Take it out of the DAG, and give the "
        "tasks in the window an execution_timeout instead.",
    )


def test_a_mapped_window_is_refused():
    def make():
        with DAG("n", schedule=None):

            @task_group
            def each(n):
                with TaskGroup("between"), MaintenanceWindow("window", [WIND]):
                    work("a")

            each.expand(n=[1, 2])

    refused(make, "window each.between.window: cannot be mapped. Give one window all its targets; it costs four tasks.")


@pytest.mark.parametrize("where", ["dag", "group"])
@pytest.mark.parametrize("rule", ["all_done", "none_failed"])
def test_a_rule_for_all_tasks_is_refused(where, rule):
    hers, its = ({"trigger_rule": rule}, None) if where == "dag" else ({"retries": 1}, {"trigger_rule": rule})

    def make():
        with (
            DAG("n", schedule=None, default_args=hers),
            MaintenanceWindow("window", [WIND], **({"default_args": its} if its else {})),
        ):
            raise AssertionError

    refused(
        make,
        f"default_args['trigger_rule']: {rule!r} would reach the window's work, which has to begin with 'all_success'. "
        "Take it out of default_args, and give it to the tasks that need it.",
    )


def test_the_group_may_take_back_the_rule_of_the_dag():
    with (
        DAG("n", schedule=None, default_args={"trigger_rule": "all_done"}),
        MaintenanceWindow("window", [WIND], default_args={"trigger_rule": "all_success"}),
    ):
        work("a")


def test_a_task_that_comes_too_late_is_refused():
    def make():
        with DAG("n", schedule=None):
            with MaintenanceWindow("window", [WIND]) as window:
                work("a")
            EmptyOperator(task_id="late", task_group=window)

    refused(
        make,
        "window window: has ended, so window.late would not be guarded by it. Make the task inside the 'with' of the "
        "window.",
    )


def test_a_group_that_comes_too_late_is_refused_by_its_name():
    def make():
        with DAG("n", schedule=None):
            with MaintenanceWindow("window", [WIND]) as window:
                work("a")
            window.add("anything")

    refused(
        make,
        "window window: has ended, so anything would not be guarded by it. Make the task inside the 'with' of the "
        "window.",
    )


def test_a_window_that_cannot_begin_leaves_nothing_open():
    with DAG("n", schedule=None) as dag:
        EmptyOperator(task_id="window.snapshot")
        with pytest.raises(Exception, match=r"window\.snapshot"), MaintenanceWindow("window", [WIND]):
            raise AssertionError
        (free,) = work("free")
    assert free.task_id == "free"
    assert free.task_group is dag.task_group


def test_an_error_in_the_body_is_the_one_that_is_seen_and_leaves_nothing_open():
    with DAG("n", schedule=None) as dag:
        with pytest.raises(ZeroDivisionError), MaintenanceWindow("window", [WIND]):
            EmptyOperator(task_id="a", trigger_rule="all_done", retries=1 / 0)
        (free,) = work("free")
    assert free.task_group is dag.task_group
    assert "window.restore" not in dag.task_ids
