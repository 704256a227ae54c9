"""
The base of the operators that create and update Flink jobs.

Their arguments have DLI's names; None means that a field is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import long_id
from airflow_provider_pipelines.dli.operators.flink_jobs import DliOperator
from airflow_provider_pipelines.dli.states import CREATE_JAR, CREATE_SQL
from airflow_provider_pipelines.errors import WatchFailed
from airflow_provider_pipelines.task.operator import airflow_edge

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call


class DliDefinitionOperator(DliOperator):
    """
    Holds what Flink jobs of all kinds are defined by.

    :param name: the job's name, up to 57 characters (templated)
    :param desc: a description (templated)
    :param queue_name: the queue; without one the job cannot be run (templated)
    :param cu_number: CUs in all, the JobManager's included: 2 to 400; a CU is 1 vCPU and 4 GB (templated)
    :param manager_cu_number: CUs of the JobManager (templated)
    :param parallel_number: parallelism: 1 to 2000 (templated)
    :param checkpoint_enabled: make checkpoints (templated)
    :param checkpoint_mode: 1 or ``exactly_once``, 2 or ``at_least_once`` (templated)
    :param checkpoint_interval: seconds between two checkpoints (templated)
    :param obs_bucket: the OBS bucket for checkpoints, savepoints and logs (templated)
    :param log_enabled: keep logs in the bucket (templated)
    :param smn_topic: the topic for alarms (templated)
    :param restart_when_exception: start again after a failure (templated)
    :param tm_cus: CUs of a TaskManager (templated)
    :param tm_slot_num: slots of a TaskManager (templated)
    :param resume_checkpoint: go on from the latest checkpoint after a failure (templated)
    :param resume_max_num: restarts an hour at most; -1 for no limit (templated)
    :param runtime_config: Flink's settings: a dictionary, or DLI's JSON text (templated)
    :param flink_version: Flink's version, as text: ``"1.12"`` (templated)
    :param flink_log_config: log levels: a dictionary, or DLI's JSON text (Huawei Cloud) (templated)
    :param execution_agency_urn: the name of the agency that the job acts for; needed from Flink 1.15 on (templated)
    :param resource_config_version: ``v1`` or ``v2`` (templated)
    :param resource_config: slots, CPU and memory, for ``v2``: DLI's structure (templated)
    """

    #: the job that an update changes; a create has none
    job_id: int | str

    def __init__(
        self,
        *,
        name: str | None = None,
        desc: str | None = None,
        queue_name: str | None = None,
        cu_number: int | None = None,
        manager_cu_number: int | None = None,
        parallel_number: int | None = None,
        checkpoint_enabled: bool | None = None,
        checkpoint_mode: int | str | None = None,
        checkpoint_interval: int | None = None,
        obs_bucket: str | None = None,
        log_enabled: bool | None = None,
        smn_topic: str | None = None,
        restart_when_exception: bool | None = None,
        tm_cus: int | None = None,
        tm_slot_num: int | None = None,
        resume_checkpoint: bool | None = None,
        resume_max_num: int | None = None,
        runtime_config: Mapping[str, Any] | Sequence[Any] | str | None = None,
        flink_version: str | None = None,
        flink_log_config: Mapping[str, Any] | str | None = None,
        execution_agency_urn: str | None = None,
        resource_config_version: str | None = None,
        resource_config: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.desc = desc
        self.queue_name = queue_name
        self.cu_number = cu_number
        self.manager_cu_number = manager_cu_number
        self.parallel_number = parallel_number
        self.checkpoint_enabled = checkpoint_enabled
        self.checkpoint_mode = checkpoint_mode
        self.checkpoint_interval = checkpoint_interval
        self.obs_bucket = obs_bucket
        self.log_enabled = log_enabled
        self.smn_topic = smn_topic
        self.restart_when_exception = restart_when_exception
        self.tm_cus = tm_cus
        self.tm_slot_num = tm_slot_num
        self.resume_checkpoint = resume_checkpoint
        self.resume_max_num = resume_max_num
        self.runtime_config = runtime_config
        self.flink_version = flink_version
        self.flink_log_config = flink_log_config
        self.execution_agency_urn = execution_agency_urn
        self.resource_config_version = resource_config_version
        self.resource_config = resource_config

    @property
    def _creates(self) -> bool:
        return self.does in (CREATE_SQL, CREATE_JAR)

    def definition(self) -> dict[str, Any]:
        """
        Check all fields and make the body.

        :raises ArgumentError: names the field
        """
        from airflow_provider_pipelines.dli.api.flink.bodies import FIELDS, definition

        return definition(self.does.name, {name: getattr(self, name) for name in FIELDS[self.does.name]})

    def plan(self) -> list[str]:
        """Check all fields, and the id of the job that shall change; which job a create makes shows later."""
        self.definition()
        return [] if self._creates else [str(long_id(self.job_id, "job_id"))]

    def execute(self, context: Any) -> Any:
        """Create the job, once; or look at the one that shall change, change it once, and wait or defer."""
        return self._create(context) if self._creates else super().execute(context)

    def _create(self, context: Any) -> Any:
        from airflow_provider_pipelines import compat
        from airflow_provider_pipelines.core.verbs.work import Item, Work
        from airflow_provider_pipelines.dli.flows.flink_creation import Creation

        with airflow_edge():
            body = self.definition()
            client = self.hook.get_conn()
            where = [self.huaweicloud_conn_id, self.project_id, self.region]
            creation = Creation(client.api, self.does.name, body, where, compat.state_store(context), self.log.info)
            if self._killed:
                raise WatchFailed(f"the task was killed before {body['name']!r} was created.")
            job = client.run(creation.fulfil(), self._patience())
            item = Item(str(job.job_id), known=job.status, made={"name": body["name"]})
            item.finish("done", f"{body['name']!r} was created: {job.job_id} is {job.status}.")
            result = self._conclude(context, Work(self.does, [item], self._deadline()))
            creation.done()
            return result

    def write(self, api: Any, id: str) -> Call[Mapping[str, Any]]:
        """Send what shall change, and say when it was changed."""
        answer = yield from getattr(api, self.does.name)(int(id), self.definition())
        return {"update_time": answer.update_time}
