"""
DLI v1.0: templates of Flink SQL jobs, and the global variables that statements may name.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/
"""

from __future__ import annotations

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.dli import answers as dli
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World, picked

table = Table("dli")

_TEMPLATES = "/v1.0/{project_id}/streaming/job-templates"
_VARIABLES = "/v1.0/{project_id}/variables"
_TEMPLATE = {"name": str, "desc": str, "sql_body": str}


def _check_template(given: Fields) -> None:
    dli.check_length(given, "name", 64)
    dli.check_length(given, "desc", 512)
    dli.check_length(given, "sql_body", 10_000)
    dli.check_tags(given)


def _template(world: World, call: Call) -> Fields:
    template = dli.project_of(world, call).templates.get(call.params["template_id"])
    if template is None:
        raise dli.failure("DLI.0002", "The template does not exist.")
    return template


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/creating_a_template.html
@table.route("POST", _TEMPLATES, write=True)
def create_job_template(world: World, call: Call) -> Answer:
    """Keep a statement for jobs to be."""
    project = dli.project_of(world, call)
    given = dli.body_of(call, {**_TEMPLATE, "tags": list, "job_type": str}, ["name"])
    _check_template(given)
    if any(one["name"] == given["name"] for one in project.templates.values()):
        raise dli.failure("DLI.0006", f"The template {given['name']} already exists.")
    id = project.create_template(given, world.now)
    shown = picked(project.templates[id], "name", "desc", "create_time", "job_type")
    return dli.succeeded("A template is created successfully.", template={"template_id": int(id), **shown})


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/updating_a_template.html
@table.route("PUT", f"{_TEMPLATES}/{{template_id}}", write=True)
def update_job_template(world: World, call: Call) -> Answer:
    """Change a template; jobs that were made from it stay as they are."""
    template, given = _template(world, call), dli.body_of(call, _TEMPLATE)
    _check_template(given)
    template.update(given, update_time=world.now)
    return dli.succeeded("The template is updated successfully.")


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/deleting_a_template.html
@table.route("DELETE", f"{_TEMPLATES}/{{template_id}}", write=True)
def delete_job_template(world: World, call: Call) -> Answer:
    """Delete a template."""
    _template(world, call)
    id = call.params["template_id"]
    del dli.project_of(world, call).templates[id]
    return dli.succeeded("The template is deleted successfully.", template={"template_id": int(id)})


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/apis_related_to_flink_job_templates/
# (querying the template list)
@table.route("GET", _TEMPLATES)
def list_job_templates(world: World, call: Call) -> Answer:
    """Give one page of templates, the newest first unless asked otherwise."""
    project = dli.project_of(world, call)
    offset, limit = dli.page_number(call, "offset", 0, 0), dli.page_number(call, "limit", 10, 0, 100)
    rows = [
        {"template_id": int(id), **{name: value for name, value in one.items() if name != "tags"}}
        for id, one in project.templates.items()
        if (call.query.get("name") or "") in one["name"] and dli.tagged(call, one["tags"])
    ]
    rows.sort(key=lambda row: (row["create_time"], row["template_id"]), reverse=call.query.get("order") != "asc")
    listed = {"total_count": len(rows), "templates": rows[offset : offset + limit]}
    return dli.succeeded(template_list=listed)


def _variable(world: World, call: Call) -> Fields:
    variable = dli.project_of(world, call).variables.get(call.params["var_name"])
    if variable is None:
        # The vendor's page on variables prints this code, with the text of another object.
        raise dli.failure("DLI.12004", "The variable does not exist.")
    return variable


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/creating_a_global_variable.html
@table.route("POST", _VARIABLES, write=True)
def create_global_variable(world: World, call: Call) -> Answer:
    """Keep a value for statements, which name it as ``{{name}}``."""
    project = dli.project_of(world, call)
    given = dli.body_of(call, {"var_name": str, "var_value": str, "is_sensitive": bool}, ["var_name", "var_value"])
    dli.check_name(given, "var_name")
    if given["var_name"] in project.variables:
        # So it is worded on the page of this call.
        raise dli.failure("DLI.0999", "The object exists.")
    project.variables[given["var_name"]] = {
        "id": max((one["id"] for one in project.variables.values()), default=0) + 1,
        "value": given["var_value"],
        "is_sensitive": given.get("is_sensitive", False),
        "create_time": world.now,
        "update_time": world.now,
    }
    return dli.succeeded()


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/modifying_a_global_variable.html
@table.route("PUT", f"{_VARIABLES}/{{var_name}}", write=True)
def update_global_variable(world: World, call: Call) -> Answer:
    """Change a value."""
    variable, given = _variable(world, call), dli.body_of(call, {"var_value": str}, ["var_value"])
    variable.update(value=given["var_value"], update_time=world.now)
    return dli.succeeded()


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/deleting_a_global_variable.html
@table.route("DELETE", f"{_VARIABLES}/{{var_name}}", write=True)
def delete_global_variable(world: World, call: Call) -> Answer:
    """Delete a value."""
    _variable(world, call)
    del dli.project_of(world, call).variables[call.params["var_name"]]
    return dli.succeeded()


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/global_variable-related_apis/
# (querying all global variables)
@table.route("GET", _VARIABLES)
def list_global_variables(world: World, call: Call) -> Answer:
    """Give one page of values; sensitive ones are covered."""
    project = dli.project_of(world, call)
    offset, limit = dli.page_number(call, "offset", 0, 0), dli.page_number(call, "limit", 100, 0, 100)
    rows = [
        {
            "id": one["id"],
            "var_name": name,
            "var_value": "******" if one["is_sensitive"] else one["value"],
            "project_id": call.params["project_id"],
            "user_id": credentials.IAM_USER_ID,
            "user_name": credentials.IAM_USER,
            **picked(one, "is_sensitive", "create_time", "update_time"),
        }
        for name, one in project.variables.items()
    ]
    return dli.succeeded(global_vars=rows[offset : offset + limit], count=len(rows))
