"""The task group of a maintenance window: four tasks around the author's own."""

from __future__ import annotations

import sys
from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.compat import TaskGroup
from airflow_provider_pipelines.errors import ArgumentError
from airflow_provider_pipelines.task.boundary import seconds
from airflow_provider_pipelines.window.targets import Target
from airflow_provider_pipelines.window.tasks import QuiesceTask, RestoreTask, SnapshotTask, VerdictTask, WindowTask

#: the rules of a task that never begins on a live fleet
_SAFE_RULES = ("all_success", "none_failed", "none_failed_min_one_success")
#: before everything else that waits for a slot; far below the largest number of a database's column, since Airflow's
#: usual weight rule adds it to the weight of each task of the work
_PRIORITY = 1_000_000


class MaintenanceWindow(TaskGroup):
    """
    Stops exactly what runs, lets the tasks inside work, and always brings exactly that back.

    Four tasks are put around those of the author: ``snapshot`` (changes nothing), ``quiesce``, then the work,
    ``restore`` (whatever happens after the snapshot) and ``verdict`` (red unless all is well). ``window >> next`` waits
    for the work and for ``restore``; inside another group draw that arrow from the window itself.

    :param group_id: the group's id; with the DAG's id it names the window
    :param targets: what is stopped: :class:`~airflow_provider_pipelines.window.targets.EnosPipelines`,
        :class:`~airflow_provider_pipelines.window.targets.DliJobs`,
        :class:`~airflow_provider_pipelines.window.targets.CodeArtsPipelines`; their fields are templated
    :param timeout: seconds for each attempt of ``snapshot`` and of ``quiesce``
    :param poll_interval: seconds, the longest time between two looks
    :param on_quiesce_failure: where something cannot be stopped: ``restore`` (work does not run) or ``continue`` (it
        does); the run is red either way
    :param on_missing: where something is gone at the end: ``report``, or ``fail`` for a red run
    :param pool: the pool of the four tasks, instead of the default one
    :param queue: the queue of the four tasks, instead of the default one
    :param deferrable: whether ``quiesce`` and ``restore`` leave mere waiting to the triggerer
    :param task_group_arguments: arguments of Airflow's ``TaskGroup``
    :raises ArgumentError: as an import error of the DAG: an argument is not possible, the DAG has a
        ``dagrun_timeout``, the window is mapped, or a task inside could begin on a live fleet
    """

    def __init__(
        self,
        group_id: str,
        targets: Sequence[Target],
        timeout: float = 3 * 3600,
        poll_interval: float = 30,
        on_quiesce_failure: str = "restore",
        on_missing: str = "report",
        pool: str | None = None,
        queue: str | None = None,
        deferrable: bool = True,
        **task_group_arguments: Any,
    ) -> None:
        given: Any = targets
        if not isinstance(given, Sequence) or not given or not all(isinstance(one, Target) for one in given):
            raise ArgumentError("targets", "is no list of targets. Give EnosPipelines, DliJobs or CodeArtsPipelines.")
        _word(on_quiesce_failure, "on_quiesce_failure", ("restore", "continue"))
        _word(on_missing, "on_missing", ("report", "fail"))
        super().__init__(group_id, **task_group_arguments)
        self.targets = list(targets)
        self._pinned: dict[str, Any] = _pins(pool, queue)
        self._limits: dict[str, Any] = {"timeout": seconds(timeout, "timeout")}
        self._policies = {"on_quiesce_failure": on_quiesce_failure, "on_missing": on_missing}
        self._common: dict[str, Any] = {
            "group_id": str(self.group_id), "poll_interval": seconds(poll_interval, "poll_interval"),
            "deferrable": deferrable,
        }  # fmt: skip
        self._own: dict[str, WindowTask] = {}
        self._ended = False

    def __enter__(self) -> MaintenanceWindow:
        """Begin the window: tasks made from here on are its work."""
        self._refuse_what_breaks_it()
        super().__enter__()
        try:
            self._begin()
        except BaseException:
            # Airflow does not end what did not begin
            super().__exit__(*sys.exc_info())  # type: ignore[no-untyped-call]  # Airflow's
            raise
        return self

    def _begin(self) -> None:
        whole = [target.to_json() for target in self.targets]
        places = [target.place() for target in self.targets]
        self._own["snapshot"] = SnapshotTask(
            task_id="snapshot", targets=whole, policies=self._policies, **self._limits, **self._common,
            **self._pinned, **_retries(2, 30),
        )  # fmt: skip
        self._own["quiesce"] = QuiesceTask(
            task_id="quiesce", targets=places, **self._limits, **self._common, **self._pinned, **_retries(2, 10)
        )

    def __exit__(self, kind: Any, value: Any, trace: Any) -> None:
        """End the window: draw the arrows around the work."""
        try:
            if kind is None:
                self._end()
        finally:
            # also after an error of ours, or the rest of the process would make its tasks in here
            super().__exit__(kind, value, trace)  # type: ignore[no-untyped-call]  # Airflow's

    def _end(self) -> None:
        places = [target.place() for target in self.targets]
        work = self._work()
        self._own["restore"] = RestoreTask(
            task_id="restore", targets=places, **self._common, **self._pinned, **_retries(10, 30, 600)
        )
        own = [task.task_id for task in self._own.values()]
        self._own["verdict"] = VerdictTask(
            task_id="verdict",
            targets=places,
            own=own,
            judged=[task.task_id for task in work],
            **self._common,
            **self._pinned,
            **_retries(2, 30),
        )
        self._draw(work)
        self._ended = True

    def add(self, task: Any) -> Any:
        """
        Add a task, as Airflow does while the window is open.

        :raises ArgumentError: the window has ended, so that the task could begin on a live fleet
        """
        # Airflow's own constructor adds nothing, but may be asked before ours is through
        if getattr(self, "_ended", False):
            raise ArgumentError(
                f"window {self.group_id}",
                f"has ended, so {getattr(task, 'task_id', task)} would not be guarded by it. Make the task inside the "
                "'with' of the window.",
            )
        return super().add(task)

    def _work(self) -> list[Any]:
        """Give the author's tasks."""
        own = set(map(id, self._own.values()))
        return [task for task in self if id(task) not in own]

    def _draw(self, work: Sequence[Any]) -> None:
        snapshot, quiesce, restore, verdict = self._own.values()
        ids = {task.task_id for task in work}
        roots = [task for task in work if not task.upstream_task_ids & ids]
        for task in work:
            if not task.is_teardown and _rule(task) not in _SAFE_RULES:
                raise ArgumentError(
                    f"trigger_rule of {task.task_id}",
                    f"{_rule(task)!r} could let it work on a live fleet. Give one of {', '.join(_SAFE_RULES)}, or move "
                    "the task out of the window.",
                )
        for task in roots:
            if not task.is_teardown and _rule(task) != "all_success":
                raise ArgumentError(
                    f"trigger_rule of {task.task_id}",
                    f"is {_rule(task)!r}, and Airflow wants 'all_success' for what follows a setup directly. Give "
                    "that, or put a task before it.",
                )
        snapshot.as_setup()  # type: ignore[no-untyped-call]  # Airflow's
        quiesce.as_setup()  # type: ignore[no-untyped-call]  # Airflow's
        snapshot >> quiesce
        restore.as_teardown(setups=[snapshot, quiesce])
        verdict.as_teardown(setups=[snapshot, quiesce], on_failure_fail_dagrun=True)
        for task in roots:
            quiesce >> task
        for task in work:
            task >> restore
        quiesce >> restore
        restore >> verdict

    def _refuse_what_breaks_it(self) -> None:
        if getattr(self.dag, "dagrun_timeout", None) is not None:
            raise ArgumentError(
                "dagrun_timeout",
                "skips teardowns, so that nothing would be brought back. Take it out of the DAG, and give the tasks in "
                "the window an execution_timeout instead.",
            )
        group: Any = self
        while group is not None:
            # a group knows its parent by a proxy, whose type is not that of the group
            if group.__class__.__name__ == "MappedTaskGroup":
                raise ArgumentError(
                    f"window {self.group_id}", "cannot be mapped. Give one window all its targets; it costs four tasks."
                )
            group = group.parent_group
        defaults = {**(self.dag.default_args or {}), **(self.default_args or {})}
        rule = _word_of(defaults.get("trigger_rule", "all_success"))
        if rule != "all_success":
            raise ArgumentError(
                "default_args['trigger_rule']",
                f"{rule!r} would reach the window's work, which has to begin with 'all_success'. Take it out of "
                "default_args, and give it to the tasks that need it.",
            )

    def get_leaves(self) -> Generator[Any, None, None]:
        """Give what ``window >> next`` waits for: the last tasks of the work, and ``restore``."""
        work = self._work()
        ids = {task.task_id for task in work}
        for task in work:
            if not task.is_teardown and not any(
                down.task_id in ids and not down.is_teardown for down in task.downstream_list
            ):
                yield task
        if "restore" in self._own:
            yield self._own["restore"]


def _rule(task: Any) -> str:
    return _word_of(task.trigger_rule)


def _word_of(rule: Any) -> str:
    return str(getattr(rule, "value", rule))


def _word(value: Any, argument: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ArgumentError(argument, f"{value!r} is not possible. Possible are {', '.join(allowed)}.")


def _pins(pool: str | None, queue: str | None) -> dict[str, Any]:
    """Give every argument of Airflow's that ``default_args`` could break a window with."""
    return {
        "pool": pool or "default_pool",
        "pool_slots": 1,
        "queue": queue or compat.default_queue(),
        "trigger_rule": "all_success",
        "depends_on_past": False,
        "ignore_first_depends_on_past": True,
        "wait_for_past_depends_before_skipping": False,
        "wait_for_downstream": False,
        "execution_timeout": None,
        "end_date": None,
        "max_active_tis_per_dag": None,
        "max_active_tis_per_dagrun": None,
        "weight_rule": "absolute",
        "priority_weight": _PRIORITY,
        "executor": None,
        "start_date": None,
        "multiple_outputs": False,
        "inlets": None,
        "outlets": None,
        "pre_execute": None,
        "post_execute": None,
        "do_xcom_push": True,
        **compat.further_pins(),
    }


def _retries(count: int, delay: float, longest: float | None = None) -> Mapping[str, Any]:
    """Give everything that Airflow has about retries, but for a policy."""
    return {
        "retries": count,
        "retry_delay": timedelta(seconds=delay),
        "retry_exponential_backoff": compat.exponential(longest is not None),
        "max_retry_delay": timedelta(seconds=longest) if longest is not None else None,
    }
