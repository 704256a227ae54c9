"""
What a maintenance window stops: the three targets.

Loaded with every DAG file that has a window, so it imports next to nothing and looks nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from airflow_provider_pipelines.errors import ArgumentError


class Target:
    """
    What all targets have in common.

    Every field may be a template. What is none is checked while the DAG is parsed, all else when the task runs.
    """

    service: ClassVar[str]
    #: the fields that say where the things are; all that tasks after the snapshot need
    places: ClassVar[tuple[str, ...]]
    #: which words a field may be
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    #: the field with ids, and how else it may name things, in words
    ids_field: ClassVar[str]
    choices: ClassVar[str]
    allow_empty: Any

    def __post_init__(self) -> None:
        """Refuse what can never be right."""
        for name, allowed in self.words.items():
            value = getattr(self, name)
            if not _templated(value) and value not in allowed:
                raise ArgumentError(f"{type(self).__name__}.{name}", f"{value!r} is not possible. {_possible(allowed)}")
        if self.ids is None and getattr(self, "name_pattern", None) is None:
            raise ArgumentError(type(self).__name__, f"names nothing. Give {self.choices}.")

    @property
    def ids(self) -> Any:
        """The ids that it names, or None."""
        return getattr(self, self.ids_field)

    def to_json(self) -> dict[str, Any]:
        """Write it as plain values, templates included, with the name of its class as ``target``."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}  # type: ignore[arg-type]  # a dataclass
        return {"target": type(self).__name__, **values}

    def place(self) -> dict[str, Any]:
        """Write where its things are, and nothing else."""
        return {"target": type(self).__name__, **{name: getattr(self, name) for name in self.places}}


@dataclass(kw_only=True)
class EnosPipelines(Target):
    """
    EnOS stream pipelines of one organisation that a window pauses or stops, and starts again.

    :param pipeline_ids: the pipelines by id; an id that does not exist fails the snapshot (templated)
    :param name_pattern: those whose whole name matches, like a file name: ``wind-*``; capitals count, system pipelines
        never match (templated)
    :param exclude: ids and such patterns of pipelines that are left alone (templated)
    :param how: ``pause`` or ``stop`` (templated)
    :param start: how to start a pipeline again: ``{"execution_mode": 0 or 1, "kafka_rate": records a second,
        "resource_config": {...}}`` by id, by exact name, or ``"*"`` for the rest. The service does not tell these
        settings, so a running pipeline without any fails the snapshot (templated)
    :param org_id: the organisation, instead of the connection's (templated)
    :param enos_conn_id: the connection, of type ``enos`` (templated)
    :param allow_empty: whether a pattern may match nothing and an id may be missing (templated)

    https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/operate_pipeline
    """

    service = "enos"
    places = ("org_id", "enos_conn_id")
    ids_field, choices = "pipeline_ids", "pipeline_ids or name_pattern"
    words = {"how": ("pause", "stop")}  # noqa: RUF012 -- a class attribute of a dataclass, never changed

    pipeline_ids: Sequence[str] | Any = None
    name_pattern: str | None = None
    exclude: Sequence[str] | Any = ()
    how: str = "pause"
    start: Mapping[str, Mapping[str, Any]] | Any = None
    org_id: str | None = None
    enos_conn_id: str = "enos_default"
    allow_empty: bool | Any = False


@dataclass(kw_only=True)
class DliJobs(Target):
    """
    DLI Flink jobs of one project that a window stops and runs again.

    :param job_ids: the jobs: whole numbers or their digits; one that does not exist fails the snapshot (templated)
    :param name_pattern: those whose whole name matches, like a file name: ``agg-*``; capitals count (templated)
    :param exclude: ids and such patterns of jobs that are left alone (templated)
    :param trigger_savepoint: stop with a savepoint and run again from it; a running job without OBS bucket fails the
        snapshot (templated)
    :param on_missing_savepoint: what to do with a job that stopped without its savepoint being seen: ``fail`` leaves it
        stopped and says so, ``start_clean`` runs it without one (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :param allow_empty: whether a pattern may match nothing and an id may be missing (templated)

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_stopping_jobs.html
    """

    service = "dli"
    places = ("project_id", "region", "huaweicloud_conn_id")
    ids_field, choices = "job_ids", "job_ids or name_pattern"
    words = {"on_missing_savepoint": ("fail", "start_clean")}  # noqa: RUF012 -- a class attribute, never changed

    job_ids: Sequence[int] | Any = None
    name_pattern: str | None = None
    exclude: Sequence[Any] | Any = ()
    trigger_savepoint: bool | Any = False
    on_missing_savepoint: str = "fail"
    project_id: str | None = None
    region: str | None = None
    huaweicloud_conn_id: str = "huaweicloud_default"
    allow_empty: bool | Any = False


@dataclass(kw_only=True)
class CodeArtsPipelines(Target):
    """
    CodeArts pipelines that a window disables, so that nothing new starts, and enables again.

    Runs that were stopped are not started again; the report says so.

    :param pipeline_ids: the pipelines; one that does not exist fails the snapshot (templated)
    :param running: what to do with runs that go on: ``wait`` until they have ended, ``stop`` them, or ``leave`` them
        (templated)
    :param project_id: the CodeArts project, instead of the connection's ``codearts_project_id`` (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :param allow_empty: whether an id may be missing (templated)

    https://support.huaweicloud.com/intl/en-us/api-pipeline/DisablePipeline.html
    """

    service = "codearts"
    places = ("project_id", "region", "huaweicloud_conn_id")
    ids_field, choices = "pipeline_ids", "pipeline_ids"
    words = {"running": ("wait", "stop", "leave")}  # noqa: RUF012 -- a class attribute, never changed

    pipeline_ids: Sequence[str] | Any
    running: str = "wait"
    project_id: str | None = None
    region: str | None = None
    huaweicloud_conn_id: str = "huaweicloud_default"
    allow_empty: bool | Any = False


TARGETS: dict[str, type[Target]] = {kind.__name__: kind for kind in (EnosPipelines, DliJobs, CodeArtsPipelines)}


def target_from_json(data: Mapping[str, Any]) -> Target:
    """
    Read what :meth:`Target.to_json` wrote, after its templates were rendered.

    :raises ArgumentError: a field has a value that cannot be, or a template had no value
    """
    from airflow_provider_pipelines.core.checks import no_text_of_nothing

    values = dict(data)
    kind = values.pop("target")
    no_text_of_nothing({f"{kind}.{name}": value for name, value in values.items()})
    return TARGETS[kind](**values)


def _templated(value: Any) -> bool:
    return not isinstance(value, str) or "{" in value


def _possible(allowed: Sequence[str]) -> str:
    return f"Possible are {', '.join(allowed)}."
