"""The operations on templates of SQL jobs and on global variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import flag, long_id, one_of
from airflow_provider_pipelines.core.http.calls import Call, Request
from airflow_provider_pipelines.core.http.reading import expect
from airflow_provider_pipelines.dli.api.access import LABEL
from airflow_provider_pipelines.dli.api.flink.bodies import tags as checked_tags
from airflow_provider_pipelines.dli.api.flink.bodies import text
from airflow_provider_pipelines.dli.api.flink.models import GlobalVariable, JobTemplate
from airflow_provider_pipelines.dli.api.project import ProjectApi, pages, words
from airflow_provider_pipelines.dli.api.replies import member, part, readable, rows_of
from airflow_provider_pipelines.errors import ArgumentError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.paging import Page

_VARIABLE = re.compile(r"(?!_)(?![0-9]+\Z)[0-9A-Za-z_]{1,128}")


class TemplatesApi(ProjectApi):
    """Templates of SQL jobs, and the variables that SQL texts refer to."""

    def list_job_templates(
        self, *, name: str | None = None, tags: str | None = None, order: str | None = None
    ) -> Call[list[JobTemplate]]:
        """
        List templates, all pages.

        :param name: the template's name; whether a part of it will do is not documented
        :param tags: ``key=value,key2=value2``
        :param order: ``asc`` or ``desc``, by time
        :raises PipelinesError: it could not be read, or only in part

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/
        querying_the_job_template_list.html
        """
        filters = words(name=name, tags=tags)
        if order is not None:
            filters.append(("order", one_of(order, "order", ("asc", "desc"))))
        path = yield from self._path("streaming/job-templates")

        def page_of(payload: Any, request: Request) -> Page:
            return rows_of(member(payload, "template_list", request), "templates", "total_count", request)

        rows = yield from pages("list_job_templates", path, filters, page_of, "template_id").read()
        return [expect(JobTemplate, row, LABEL, Request("list_job_templates", "GET", path)) for row in rows.values()]

    def create_job_template(
        self,
        name: str,
        *,
        desc: str | None = None,
        sql_body: str | None = None,
        tags: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        job_type: str | None = None,
    ) -> Call[JobTemplate]:
        """
        Make a template of SQL jobs.

        :param name: up to 64 characters
        :param desc: up to 512 characters
        :param sql_body: up to 10,000 characters, far fewer than a job's
        :param tags: a dictionary, or DLI's list of ``{"key", "value"}``
        :param job_type: ``flink_sql_job`` or ``flink_opensource_sql_job``
        :raises ApiError: it was refused, or the answer does not say

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/
        creating_a_template.html
        """
        body: dict[str, Any] = {"name": text(name, "name", 64, empty=False), **_texts(desc, sql_body)}
        if tags is not None:
            body["tags"] = checked_tags(tags, "tags")
        if job_type is not None:
            body["job_type"] = text(job_type, "job_type", empty=False)
        path = yield from self._path("streaming/job-templates")
        answer, request = yield from self._write("create_job_template", "POST", path, body)
        return expect(JobTemplate, part(answer, "template", dict, request), LABEL, request)

    def update_job_template(
        self, template_id: int, *, name: str | None = None, desc: str | None = None, sql_body: str | None = None
    ) -> Call[None]:
        """
        Change a template.

        :param template_id: the template
        :param name: up to 64 characters
        :param desc: up to 512 characters
        :param sql_body: up to 10,000 characters
        :raises ApiError: it was refused, or the answer does not say

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/
        updating_a_template.html
        """
        body = _texts(desc, sql_body)
        if name is not None:
            body = {"name": text(name, "name", 64, empty=False), **body}
        if not body:
            raise ArgumentError("name", "is empty, and so is all else. Give at least one field that shall change.")
        path = yield from self._template(template_id)
        yield from self._write("update_job_template", "PUT", path, body, repeatable=True)

    def delete_job_template(self, template_id: int) -> Call[None]:
        """
        Delete a template.

        :param template_id: the template
        :raises ApiError: it was refused, or the answer does not say

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/
        deleting_a_template.html
        """
        path = yield from self._template(template_id)
        yield from self._write("delete_job_template", "DELETE", path, None)

    def list_global_variables(self) -> Call[list[GlobalVariable]]:
        """
        List global variables, all pages.

        :raises PipelinesError: it could not be read, or only in part

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/
        querying_all_global_variables.html
        """
        path = yield from self._path("variables")

        def page_of(payload: Any, request: Request) -> Page:
            return rows_of(readable(payload, request), "global_vars", "count", request)

        rows = yield from pages("list_global_variables", path, (), page_of, "var_name").read()
        about = Request("list_global_variables", "GET", path)
        return [expect(GlobalVariable, row, LABEL, about) for row in rows.values()]

    def create_global_variable(self, var_name: str, var_value: str, is_sensitive: bool | None = None) -> Call[None]:
        """
        Make a global variable, which SQL texts refer to as ``{{name}}``.

        :param var_name: up to 128 letters, digits and ``_``; not ``_`` first, not only digits
        :param var_value: its value
        :param is_sensitive: whether the value is shown to nobody any more
        :raises ApiError: a variable of this name exists

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/
        creating_a_global_variable.html
        """
        body: dict[str, Any] = {"var_name": _variable(var_name), "var_value": text(var_value, "var_value", 1024 * 1024)}
        if is_sensitive is not None:
            body["is_sensitive"] = flag(is_sensitive, "is_sensitive")
        path = yield from self._path("variables")
        yield from self._write("create_global_variable", "POST", path, body)

    def update_global_variable(self, var_name: str, var_value: str) -> Call[None]:
        """
        Change the value of a global variable.

        :param var_name: the variable
        :param var_value: its new value
        :raises ApiError: it was refused, or the answer does not say

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/
        modifying_a_global_variable.html
        """
        name, body = _variable(var_name), {"var_value": text(var_value, "var_value", 1024 * 1024)}
        path = f"{yield from self._path('variables')}/{name}"
        yield from self._write("update_global_variable", "PUT", path, body, repeatable=True)

    def delete_global_variable(self, var_name: str) -> Call[None]:
        """
        Delete a global variable.

        :param var_name: the variable
        :raises ApiError: it was refused, or the answer does not say

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/
        deleting_a_global_variable.html
        """
        name = _variable(var_name)
        yield from self._write("delete_global_variable", "DELETE", f"{yield from self._path('variables')}/{name}", None)

    def _template(self, template_id: Any) -> Call[str]:
        id = long_id(template_id, "template_id")
        return f"{yield from self._path('streaming/job-templates')}/{id}"


def _texts(desc: Any, sql_body: Any) -> dict[str, Any]:
    limits = {"desc": (desc, 512), "sql_body": (sql_body, 10_000)}
    return {name: text(value, name, most) for name, (value, most) in limits.items() if value is not None}


def _variable(value: Any) -> str:
    name = text(value, "var_name", 128, empty=False)
    if not _VARIABLE.fullmatch(name):
        raise ArgumentError(
            "var_name", f"{name[:80]!r} is not possible. Give letters, digits and '_'; not '_' first, not only digits."
        )
    return name
