"""
CodeArts Pipeline v5: pipelines are created, changed and deleted.

https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineNew.html and the pages beside it
"""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_pipelines.emulator.codearts.lookup import (
    PIPELINE,
    PIPELINES,
    failure,
    invalid,
    pipeline_of,
    project_of,
)
from airflow_provider_pipelines.emulator.codearts.state import plan as plans
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World
from airflow_provider_pipelines.emulator.things import SeedError

table = Table("codearts")

#: Chinese, letters, digits, hyphen and underscore
_NAME = re.compile(r"[\w\-]{1,128}")


def _described(world: World, call: Call, stages: list[Fields] | None = None) -> Fields:
    """Return the fields of a pipeline from the body that describes it."""
    body = call.json
    if not isinstance(body, dict):
        raise invalid(world)
    name, description = body.get("name"), body.get("description") or ""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise invalid(world, "name must have 1 to 128 letters, digits, hyphens or underscores")
    if not isinstance(description, str) or len(description) > 1024:
        raise invalid(world, "description must be a text of up to 1024 characters")
    configuration = dict(body)
    if stages is None:
        if not isinstance(body.get("is_publish"), bool):
            raise invalid(world, "is_publish is missing")
        stages = _stages(world, body.get("definition"))
    control = body.get("concurrency_control")
    return {
        "name": name,
        "description": description,
        "stages": stages,
        "variables": [one for one in body.get("variables") or [] if isinstance(one, dict)],
        "concurrency_control": control if isinstance(control, dict) else None,
        "configuration": configuration,
    }


def _stages(world: World, definition: Any) -> list[Fields]:
    try:
        return plans.from_definition(definition)
    except SeedError as error:
        raise invalid(world, str(error)) from None


# https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineNew.html
@table.route("POST", PIPELINES, write=True)
def create_pipeline(world: World, call: Call) -> Answer:
    """Create a pipeline."""
    project = project_of(world, call)
    return Answer({"pipeline_id": project.create(world.now, _described(world, call)).id})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/UpdatePipelineInfo.html
@table.route("PUT", PIPELINE, write=True)
def update_pipeline(world: World, call: Call) -> Answer:
    """Replace the description of a pipeline; its runs stay."""
    pipeline = pipeline_of(world, call)
    if not pipeline.fields["enabled"]:
        # That a disabled pipeline cannot be edited is known from the vendor's Terraform provider, its code is not.
        raise failure(world, "DEVPIPE.00011498", "the pipeline is disabled")
    pipeline.fields.update(_described(world, call))
    return Answer({"pipeline_id": pipeline.id})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/DeletePipeline.html
@table.route("DELETE", PIPELINE, write=True)
def delete_pipeline(world: World, call: Call) -> Answer:
    """Delete a pipeline with all its runs."""
    pipeline = pipeline_of(world, call)
    del project_of(world, call).pipelines[pipeline.id]
    return Answer({"pipeline_id": pipeline.id})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineByTemplateId.html
@table.route("POST", "/v5/{project_id}/api/pipeline-templates/{template_id}/create-pipeline", write=True)
def create_pipeline_by_template(world: World, call: Call) -> Answer:
    """Create a pipeline that does what a template says."""
    project = project_of(world, call)
    template = project.templates.get(call.params["template_id"])
    if template is None:
        raise failure(world, "DEVPIPE.00011203", "the template does not exist")
    return Answer({"pipeline_id": project.create(world.now, _described(world, call, template["stages"])).id})
