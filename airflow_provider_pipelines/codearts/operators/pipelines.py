"""Operators for CodeArts pipelines themselves, and the base of all operators for CodeArts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.codearts.states import DISABLE, ENABLE, STATUSES
from airflow_provider_pipelines.core.checks import flag, one_of, optional_id, text_id
from airflow_provider_pipelines.huaweicloud.tasks import HuaweiCloudTask
from airflow_provider_pipelines.task.list_operator import ListOperator
from airflow_provider_pipelines.task.operator import VerbOperator

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.errors import PipelinesError


class CodeArtsPipelineOperator(HuaweiCloudTask, VerbOperator):
    """
    Does something to a CodeArts pipeline, or to runs of it: the base of the operators.

    :param pipeline_id: the pipeline (templated)
    :param project_id: the CodeArts project, instead of the connection's ``codearts_project_id`` (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    vendor = "codearts"
    template_fields: Sequence[str] = ("pipeline_id", "project_id", "region", "huaweicloud_conn_id")
    does: ClassVar[Verb]

    def __init__(
        self,
        *,
        pipeline_id: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline_id = pipeline_id

    @property
    def verb(self) -> Verb:
        """What is done."""
        return self.does

    @property
    def scope(self) -> dict[str, Any]:
        """The pipeline."""
        return {"pipeline_id": self.pipeline_id}

    def plan(self) -> list[str]:
        """Check the ids."""
        text_id(self.pipeline_id, "pipeline_id")
        optional_id(self.project_id, "project_id")
        return []

    def outcome_id(self, id: str) -> str:
        """Show the pipeline; the run is beside it."""
        return self.pipeline_id


class CodeArtsEnablePipelineOperator(CodeArtsPipelineOperator):
    """
    Enables a CodeArts pipeline, so that it may be run, and waits until it is shown as enabled.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/EnablePipeline.html

    :param pipeline_id: the pipeline (templated)
    :raises NotFound: there is no such pipeline in the project
    """

    kind = "pipeline"
    does = ENABLE

    def plan(self) -> list[str]:
        """Check the ids."""
        super().plan()
        return [self.pipeline_id]

    @property
    def scope(self) -> dict[str, Any]:
        """The project, which the hook knows; so that all waits of it share their looks."""
        return {}

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send it."""
        from airflow_provider_pipelines.core.verbs.looking import act_each

        return (yield from act_each(ids, getattr(api, self.does.name)))


class CodeArtsDisablePipelineOperator(CodeArtsEnablePipelineOperator):
    """
    Disables a CodeArts pipeline, so that nothing new starts, and waits until it is shown as disabled.

    Runs that go on are left alone; :class:`CodeArtsStopRunOperator` stops them.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/DisablePipeline.html

    :param pipeline_id: the pipeline (templated)
    :raises NotFound: there is no such pipeline in the project
    """

    does = DISABLE


class CodeArtsListPipelinesOperator(HuaweiCloudTask, ListOperator):
    """
    Lists the pipelines of a CodeArts project; the result feeds ``.expand()`` and ``.map()``.

    Gives a list of ``{"pipeline_id", "name", "status"}``, in the order in which they were made; ``status`` is that of
    the latest run, None for a pipeline that never ran. Who is no member of the project gets an empty list.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelines.html

    :param name_pattern: only those whose whole name matches, like a file name: ``build-*``; capitals count (templated)
    :param status: only those whose latest run is in this status (templated)
    :param is_banned: only disabled ones, or only enabled ones (templated)
    :param project_id: the CodeArts project, instead of the connection's ``codearts_project_id`` (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :raises NotFound: there is no such project
    """

    vendor = "codearts"
    template_fields: Sequence[str] = (
        "name_pattern", "status", "is_banned", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        is_banned: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.is_banned = is_banned

    def rows(self) -> list[dict[str, Any]]:
        """List all pipelines; the service's own search by name is fuzzy, so it is not asked for names."""
        optional_id(self.project_id, "project_id")
        if self.status is not None:
            one_of(self.status, "status", STATUSES)
        banned = None if self.is_banned is None else flag(self.is_banned, "is_banned")
        project_id = self.hook.get_conn().api.project_id
        found, strange = [], 0
        for row in self.hook.list_pipelines(is_banned=banned):
            if row.project_id not in (None, "", project_id):
                strange += 1  # its id is of no use to other operators with this project
            elif banned in (None, row.banned):
                status = row.latest_run.status if row.latest_run is not None else None
                found.append({"pipeline_id": row.pipeline_id, "name": row.name, "status": status})
        if strange:
            self.log.info("%d pipelines of other projects are left out", strange)
        return found
