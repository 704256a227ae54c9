"""Operators for the savepoints of Flink jobs; Open Telekom Cloud has no calls for these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.dli.operators.flink_jobs import DliJobOperator
from airflow_provider_pipelines.dli.states import IMPORT_SAVEPOINT, SAVEPOINT_MARK, TRIGGER_SAVEPOINT
from airflow_provider_pipelines.task.boundary import airflow_errors, planned

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.work import Work


class DliTriggerSavepointOperator(DliJobOperator):
    """
    Makes a savepoint of a running Flink job, which goes on running, and waits until the savepoint is seen.

    DLI answers neither an id nor a path. The savepoint counts as seen if ``has_savepoint`` is true, and the job had
    none before, or its path changed, or ``job_savepointing`` was seen. A job that is being submitted, or that makes
    a savepoint already, is waited for first; one that does not run fails the task, and nothing is sent.

    https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0392.html

    :param job_id: the job: a whole number or its digits (templated)
    :param savepoint_path: the folder in OBS: ``obs://bucket/folder/``, or without ``obs://`` (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :raises NotSupported: Open Telekom Cloud has no such call
    :raises WatchFailed: the job does not run, ended meanwhile, or runs again and no savepoint was seen
    """

    kind = "flink_savepoint"
    template_fields: Sequence[str] = ("job_id", "savepoint_path", "project_id", "region", "huaweicloud_conn_id")
    does = TRIGGER_SAVEPOINT

    def __init__(self, *, savepoint_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.savepoint_path = savepoint_path

    def plan(self) -> list[str]:
        """Check the id and the path."""
        from airflow_provider_pipelines.dli.api.flink.bodies import obs_path

        obs_path(self.savepoint_path, "savepoint_path")
        return super().plan()

    def execute(self, context: Any) -> Any:
        """Make no call at all where the edition has none for this; else look, act once, and wait or defer."""
        with airflow_errors():
            planned(self)
            self.hook.get_conn().api.check_offered(self.verb.name)
        return super().execute(context)

    def write(self, api: Any, id: str) -> Call[Mapping[str, Any]]:
        """Ask for the savepoint."""
        yield from api.execute_flink_job_savepoint(int(id), self.savepoint_path)
        return {}

    def _conclude(self, context: Any, work: Work) -> Any:
        for item in work.items.values():
            item.made.pop(SAVEPOINT_MARK, None)
        return super()._conclude(context, work)


class DliImportSavepointOperator(DliTriggerSavepointOperator):
    """
    Gives a Flink job that does not run a savepoint, from which it goes on when it is run with ``resume_savepoint``.

    A job that is being stopped is waited for first; one that runs fails the task, and nothing is sent. DLI's answer is
    what counts: whether the job then shows the savepoint is not documented. ``has_savepoint`` and ``savepoint_path``
    of the outcome are what it showed.

    https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0393.html

    :param job_id: the job: a whole number or its digits (templated)
    :param savepoint_path: the folder in OBS that holds the file ``_metadata``, of a savepoint or a checkpoint
        (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :raises NotSupported: Open Telekom Cloud has no such call
    :raises WatchFailed: the job runs
    """

    kind = "flink_job"
    does = IMPORT_SAVEPOINT

    def write(self, api: Any, id: str) -> Call[Mapping[str, Any]]:
        """Give it the savepoint."""
        yield from api.import_flink_job_savepoint(int(id), self.savepoint_path)
        return {}
