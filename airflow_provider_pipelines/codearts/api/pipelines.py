"""The operations on pipelines: list, look, make, change, enable, disable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.access import LABEL, SERVICE
from airflow_provider_pipelines.codearts.api.bodies import definition_body, filters, ids
from airflow_provider_pipelines.codearts.api.models import Pipeline, PipelineChanged, PipelineDetail, PipelineRun
from airflow_provider_pipelines.codearts.api.project import ProjectApi
from airflow_provider_pipelines.codearts.api.replies import agreed_by, object_of, page_of, rows_of
from airflow_provider_pipelines.core.checks import one_of, optional_id, text_id
from airflow_provider_pipelines.core.http.calls import Call, Request, segment
from airflow_provider_pipelines.core.http.reading import dump, expect, same
from airflow_provider_pipelines.errors import NotFound

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.paging import Listing

PIPELINES_PAGE_SIZE = 50
_OLDEST_FIRST = {"sort_key": "create_time", "sort_dir": "asc"}
#: the code for a pipeline that is not there
_NO_PIPELINE = "DEVPIPE.00011401"


class PipelinesApi(ProjectApi):
    """Pipelines."""

    def list_pipelines(
        self,
        *,
        name: str | None = None,
        status: Sequence[str] | None = None,
        project_id: str | None = None,
        project_ids: Sequence[str] | None = None,
        component_id: str | None = None,
        is_publish: bool | None = None,
        is_banned: bool | None = None,
        creator_id: str | None = None,
        creator_ids: Sequence[str] | None = None,
        executor_ids: Sequence[str] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        pipeline_run_update_time: str | None = None,
        exclude_pipeline_id: str | None = None,
        include_pipeline_id: str | None = None,
        tag_list: Sequence[str] | None = None,
        manifest_version_list: Sequence[str] | None = None,
        group_path_id: str | None = None,
        by_group: bool | None = None,
        query_new: bool | None = None,
        security_level_list: Sequence[int] | None = None,
        dev_uc_security_level_list: Sequence[int] | None = None,
        sort_key: str = "create_time",
        sort_dir: str = "asc",
    ) -> Call[list[Pipeline]]:
        """
        List the pipelines of the project, all pages. Who is no member of the project gets an empty list.

        The arguments are the vendor's filters; times are epoch milliseconds as text, or ``yyyy-MM-dd HH:mm:ss`` in a
        time zone of the vendor's choice.

        :param name: a part of the name, as the vendor searches
        :param status: statuses of the latest run
        :param project_id: the project of the rows, where the path's is not meant
        :param project_ids: several of them
        :param component_id: the microservice that they belong to
        :param is_publish: only change-triggered ones, or only others
        :param is_banned: only disabled ones, or only enabled ones
        :param creator_id: who made them
        :param creator_ids: several of them
        :param executor_ids: who ran them
        :param start_time: ran after this time
        :param end_time: ran before this time
        :param pipeline_run_update_time: the latest run changed at this time
        :param exclude_pipeline_id: all but this one
        :param include_pipeline_id: this one too
        :param tag_list: ids of tags
        :param manifest_version_list: versions of the pipeline's form
        :param group_path_id: the group that they are in
        :param by_group: whether only that group is looked through
        :param query_new: whether pipelines of the new kind are meant; the vendor's default is yes
        :param security_level_list: numbers of security levels
        :param dev_uc_security_level_list: the same, of the vendor's own
        :param sort_key: ``name``, ``create_time`` or ``update_time``
        :param sort_dir: ``asc`` or ``desc``
        :raises PipelinesError: it could not be read, or only in part

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelines.html
        """
        body = filters(
            name=name, status=status, project_id=project_id, project_ids=project_ids, component_id=component_id,
            is_publish=is_publish, is_banned=is_banned, creator_id=creator_id, creator_ids=creator_ids,
            executor_ids=executor_ids, start_time=start_time, end_time=end_time,
            pipeline_run_update_time=pipeline_run_update_time, exclude_pipeline_id=exclude_pipeline_id,
            include_pipeline_id=include_pipeline_id, tag_list=tag_list, manifest_version_list=manifest_version_list,
            group_path_id=group_path_id, by_group=by_group, query_new=query_new,
            security_level_list=security_level_list, dev_uc_security_level_list=dev_uc_security_level_list,
            sort_key=one_of(sort_key, "sort_key", ("name", "create_time", "update_time")), sort_dir=sort_dir,
        )  # fmt: skip
        return (yield from self._whole(Pipeline, self.pipeline_listing(body)))

    def pipeline_listing(self, body: Mapping[str, Any] = _OLDEST_FIRST) -> Listing:
        """Give the list of pipelines; :func:`pipeline_of` reads a row."""
        path = self._all("list")
        return self._listing("pipeline_id", "list_pipelines", path, body, "pipelines", PIPELINES_PAGE_SIZE)

    def count_pipelines(self) -> Call[int | None]:
        """Ask for one pipeline and give the number that the service says there are: a cheap read."""
        request = self._read("list_pipelines", "POST", self._all("list"), (), {"offset": 0, "limit": 1})
        return page_of(request, (yield request), "pipelines").total

    def show_pipeline_detail(self, pipeline_id: str) -> Call[PipelineDetail]:
        """
        Read a pipeline's configuration, among it the identifiers of its stages and jobs.

        :param pipeline_id: the pipeline's id
        :raises NotFound: there is no such pipeline in the project

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineDetail.html
        """
        request = self._read("show_pipeline_detail", "GET", self._of(pipeline_id))
        detail = expect(PipelineDetail, object_of(request, (yield request)), LABEL, request)
        same(text_id(pipeline_id, "pipeline_id"), detail.id, "pipeline", LABEL, request)
        return detail

    def batch_show_pipelines_latest_status(self, pipeline_ids: Sequence[str]) -> Call[list[PipelineRun]]:
        """
        Read the latest run of each of several pipelines; those that never ran are left out.

        :param pipeline_ids: the pipelines' ids
        :raises PipelinesError: it could not be read

        https://support.huaweicloud.com/intl/en-us/api-pipeline/BatchShowPipelinesLatestStatus.html
        """
        wanted = ids(pipeline_ids, "pipeline_ids")
        # body and answer are bare lists
        request = self._read("batch_show_pipelines_latest_status", "POST", self._all("status"), (), wanted)
        return [expect(PipelineRun, row, LABEL, request) for row in rows_of(request, (yield request), "pipelines")]

    def disable_pipeline(self, pipeline_id: str) -> Call[bool]:
        """
        Let a pipeline start no more runs. Those that go on are left alone.

        :param pipeline_id: the pipeline's id
        :returns: True
        :raises Conflict: the service did not confirm it
        :raises NotFound: there is no such pipeline in the project

        https://support.huaweicloud.com/intl/en-us/api-pipeline/DisablePipeline.html
        """
        return (yield from self._ban("disable_pipeline", pipeline_id, "ban"))

    def enable_pipeline(self, pipeline_id: str) -> Call[bool]:
        """
        Let a pipeline start runs again.

        :param pipeline_id: the pipeline's id
        :returns: True
        :raises Conflict: the service did not confirm it
        :raises NotFound: there is no such pipeline in the project

        https://support.huaweicloud.com/intl/en-us/api-pipeline/EnablePipeline.html
        """
        return (yield from self._ban("enable_pipeline", pipeline_id, "unban"))

    def _ban(self, operation: str, pipeline_id: Any, word: str) -> Call[bool]:
        # doing it twice does what doing it once does
        request = Request(operation, "PUT", self._of(pipeline_id, word), repeatable=True, service=SERVICE)
        return agreed_by(request, (yield request))

    def create_pipeline(self, *, body: Mapping[str, Any], component_id: str | None = None) -> Call[PipelineChanged]:
        """
        Make a pipeline. It is never sent twice.

        :param body: the pipeline in the vendor's field names; ``name``, ``is_publish`` and ``definition`` (JSON as
            text) are needed
        :param component_id: the micro service that it belongs to
        :raises InvalidRequest: the service does not accept the definition

        https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineNew.html
        """
        sent = definition_body(body, ("name", "is_publish", "definition"))
        path = self._root("pipelines")
        return (yield from self._write("create_pipeline", "POST", path, sent, component_id, repeatable=False))

    def update_pipeline(
        self, pipeline_id: str, *, body: Mapping[str, Any], component_id: str | None = None
    ) -> Call[PipelineChanged]:
        """
        Replace all of a pipeline's configuration: what the body leaves out is gone. A disabled one cannot be changed.

        :param pipeline_id: the pipeline's id
        :param body: the whole pipeline in the vendor's field names
        :param component_id: the micro service that it belongs to
        :raises NotFound: there is no such pipeline in the project
        :raises InvalidRequest: the service does not accept the definition

        https://support.huaweicloud.com/intl/en-us/api-pipeline/UpdatePipelineInfo.html
        """
        sent, path = definition_body(body), self._of(pipeline_id)
        return (yield from self._write("update_pipeline", "PUT", path, sent, component_id, repeatable=True))

    def delete_pipeline(self, pipeline_id: str) -> Call[PipelineChanged]:
        """
        Delete a pipeline. One that is not there counts as deleted.

        :param pipeline_id: the pipeline's id
        :raises NotFound: there is no such project, or the pipeline belongs to another one

        https://support.huaweicloud.com/intl/en-us/api-pipeline/DeletePipeline.html
        """
        try:
            return (yield from self._write("delete_pipeline", "DELETE", self._of(pipeline_id), None, repeatable=True))
        except NotFound as error:
            # the other code says that it is in another project
            if error.code != _NO_PIPELINE:
                raise
            return PipelineChanged(pipeline_id=pipeline_id)

    def create_pipeline_by_template(
        self, template_id: str, *, body: Mapping[str, Any], component_id: str | None = None
    ) -> Call[PipelineChanged]:
        """
        Make a pipeline from a template. It is never sent twice.

        :param template_id: the template's id
        :param body: what the template leaves open, in the vendor's field names; ``name`` is needed
        :param component_id: the micro service that it belongs to
        :raises InvalidRequest: there is no such template

        https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineByTemplateId.html
        """
        sent = definition_body(body, ("name",))
        path = self._root(f"pipeline-templates/{segment(text_id(template_id, 'template_id'))}/create-pipeline")
        operation = "create_pipeline_by_template"
        return (yield from self._write(operation, "POST", path, sent, component_id, repeatable=False))

    def _write(
        self,
        operation: str,
        method: str,
        path: str,
        body: dict[str, Any] | None,
        component_id: Any = None,
        *,
        repeatable: bool,
    ) -> Call[PipelineChanged]:
        component = optional_id(component_id, "component_id")
        query = () if component is None else (("component_id", component),)
        sent = None if body is None else dump(body)
        request = Request(operation, method, path, query, sent, repeatable=repeatable, service=SERVICE)
        return expect(PipelineChanged, object_of(request, (yield request)), LABEL, request)


_ROW = Request("list_pipelines", "POST", "")


def pipeline_of(row: Any) -> Pipeline:
    """
    Read a row of the list.

    :raises MalformedReply: it is no pipeline
    """
    return expect(Pipeline, row, LABEL, _ROW)
