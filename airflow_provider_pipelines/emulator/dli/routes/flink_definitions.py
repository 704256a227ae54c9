"""
DLI v1.0: what a Flink job is; it is created, updated, exported and imported, and DLI is let into buckets.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.dli import answers as dli
from airflow_provider_pipelines.emulator.dli.state.flink import CHANGING, DEFINITION, OWN, FlinkJob
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World, picked

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.dli.state.project import DliProject


table = Table("dli")

_STREAMING = "/v1.0/{project_id}/streaming"
_COMMON: Mapping[str, type] = {
    **dict.fromkeys(("name", "desc", "queue_name", "obs_bucket", "smn_topic", "runtime_config"), str),
    **dict.fromkeys(("execution_agency_urn", "resource_config_version", "flink_version", "flink_log_config"), str),
    **dict.fromkeys(("cu_number", "manager_cu_number", "parallel_number", "tm_cus", "tm_slot_num"), int),
    **dict.fromkeys(("checkpoint_interval", "resume_max_num"), int),
    **dict.fromkeys(("checkpoint_enabled", "log_enabled", "restart_when_exception", "resume_checkpoint"), bool),
    "checkpoint_mode": object,
    "resource_config": dict,
}
_SQL: Mapping[str, type] = {
    **_COMMON,
    **dict.fromkeys(("sql_body", "run_mode", "dirty_data_strategy", "udf_jar_url"), str),
    "idle_state_retention": int,
    "edge_group_ids": list,
}
_SQL_CREATE: Mapping[str, type] = {**_SQL, "template_id": int, "job_type": str, "tags": list}
_SQL_UPDATE: Mapping[str, type] = {**_SQL, "operator_config": str, "static_estimator_config": str}
_JAR: Mapping[str, type] = {
    **_COMMON,
    **dict.fromkeys(("main_class", "entrypoint", "entrypoint_args", "checkpoint_path", "feature", "image"), str),
    **dict.fromkeys(("dependency_jars", "dependency_files"), list),
}
_JAR_CREATE: Mapping[str, type] = {**_JAR, "tags": list}
_JAR_UPDATE: Mapping[str, type] = {**_JAR, "job_type": str}
# The Terraform provider changes only these while a job runs, and stops it for all others.
_RUN_TIME = {
    *("smn_topic", "restart_when_exception", "resume_checkpoint", "resume_max_num", "obs_bucket", "checkpoint_path"),
}
_MODES = {1: "exactly_once", 2: "at_least_once"}
_JAR_TYPE = "flink_jar_job"


def _checked(world: World, call: Call, known: Mapping[str, type], required: tuple[str, ...] = ()) -> Fields:
    """Return a definition whose fields are as documented; nulls are left out."""
    given = dli.body_of(call, known, required)
    dli.check_length(given, "name", 57)
    dli.check_length(given, "desc", 512 if world.settings.profile == "otc" else 2048)
    dli.check_length(given, "queue_name", 128)
    dli.check_length(given, "sql_body", 1024 * 1024)
    dli.check_tags(given)
    dli.check_word(given, "run_mode", ["shared_cluster", "exclusive_cluster", "edge_node"])
    dli.check_word(given, "resource_config_version", ["v1", "v2"])
    mode = given.get("checkpoint_mode", 1)
    # An integer in the tables, the word in the samples.
    if isinstance(mode, bool) or mode not in (*_MODES, *_MODES.values()):
        raise dli.invalid("checkpoint_mode must be 1 or 2")
    if "checkpoint_mode" in given:
        given["checkpoint_mode"] = _MODES.get(mode, mode)
    bucket = given.get("obs_bucket")
    unauthorised = bucket and bucket not in dli.project_of(world, call).obs_buckets
    if unauthorised and world.settings.dli_unauthorised_bucket == "refuse":
        raise dli.failure("DLI.11016", f"DLI is not authorized to access the OBS bucket {bucket}.")
    return given


def _split(given: Fields, config: Fields) -> Fields:
    """Return the fields of a job that a definition gives, its configuration put over another one."""
    own = {name: given[name] for name in OWN if name in given}
    if "obs_bucket" in own:
        own["obs_bucket"] = own["obs_bucket"] or None
    rest = {name: value for name, value in given.items() if name not in (*OWN, "template_id")}
    return {**own, "job_config": {**config, **rest}}


def _create(world: World, project: DliProject, given: Fields, message: str) -> Answer:
    if project.named(given["name"]) and world.settings.dli_same_name == "refuse":
        raise dli.failure("DLI.0006", f"The job {given['name']} already exists.")
    fields = {"queue_name": "", "obs_bucket": None, **_split(given, {})}
    job = project.create_job(fields, world.now)
    if job is None:
        raise dli.failure("DLI.0009", "No more jobs can be created.")
    row = {"job_id": int(job.id), "status_name": job.status, "status_desc": ""}
    return Answer(dli.said(world, True, message, job=row))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_sql_job.html
@table.route("POST", f"{_STREAMING}/sql-jobs", write=True)
def create_flink_sql_job(world: World, call: Call) -> Answer:
    """Create the draft of an SQL job."""
    project, given = dli.project_of(world, call), _checked(world, call, _SQL_CREATE, ("name",))
    dli.check_word(given, "job_type", ["flink_sql_job", "flink_opensource_sql_job", "flink_sql_edge_job"])
    # The documented defaults of both contradict each other: what is left out follows what is given.
    if "job_type" not in given:
        shared = given.get("run_mode") == "shared_cluster"
        given["job_type"] = "flink_sql_job" if shared else "flink_opensource_sql_job"
    if "run_mode" not in given:
        given["run_mode"] = "shared_cluster" if given["job_type"] == "flink_sql_job" else "exclusive_cluster"
    if given["run_mode"] == "shared_cluster" and given["job_type"] != "flink_sql_job":
        raise dli.invalid("job_type must be flink_sql_job when run_mode is shared_cluster")
    if "sql_body" not in given and "template_id" in given:
        template = project.templates.get(str(given["template_id"]))
        if template is None:
            raise dli.failure("DLI.0002", f"There is no template {given['template_id']}.")
        given["sql_body"] = template["sql_body"]
    return _create(world, project, given, "A DLI job is created successfully.")


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_flink_jar_job.html
@table.route("POST", f"{_STREAMING}/flink-jobs", write=True)
def create_flink_jar_job(world: World, call: Call) -> Answer:
    """Create the draft of a Jar job."""
    project, given = dli.project_of(world, call), _checked(world, call, _JAR_CREATE, ("name",))
    given = {**given, "job_type": _JAR_TYPE, "run_mode": "exclusive_cluster"}
    return _create(world, project, given, "A Flink job is created successfully.")


def _update(world: World, call: Call, known: Mapping[str, type], message: str, *, jar: bool) -> Answer:
    job, given = dli.job_of(world, call), _checked(world, call, known)
    dli.check_word(given, "job_type", [_JAR_TYPE])
    if (job.fields["job_type"] == _JAR_TYPE) is not jar:
        raise dli.failure("DLI.12002", f"The job is a {job.fields['job_type']}.")
    other = dli.project_of(world, call).named(given.get("name", ""))
    if other not in (None, job) and world.settings.dli_same_name == "refuse":
        raise dli.failure("DLI.0006", f"The job {given['name']} already exists.")
    if job.use_up("refuses_update"):
        raise dli.failure("DLI.0999", "Internal server error.")
    omitted = world.settings.dli_update_omitted
    config = job.fields["job_config"] if omitted == "kept" else {}
    changes = _split(given, config)
    if omitted == "default":
        kept = ("name", "job_type", "run_mode", "edge_group_ids", "tags")
        blank = {name: job.DEFAULTS[name] for name in OWN if name not in kept}
        changes = {**blank, "queue_name": "", "obs_bucket": None, **changes}
    _check_updatable(world, job, changes)
    job.change(job.status, world.now, **changes)
    return Answer(dli.said(world, True, message, job={"update_time": job.fields["update_time"]}))


def _check_updatable(world: World, job: FlinkJob, changes: Fields) -> None:
    """Refuse what a job in its status cannot take; a value that it has already is no change."""
    if job.status in CHANGING:
        raise dli.failure("DLI.12002", f"A job in status {job.status} cannot be updated.")
    if job.status != "job_running" or world.settings.dli_update_running == "any":
        return
    was, then = ({**one, **one["job_config"]} for one in (job.fields, {**job.fields, **changes}))
    changed = sorted(name for name in then if name != "job_config" and then[name] != was.get(name))
    refused = [name for name in changed if name not in _RUN_TIME or world.settings.dli_update_running == "none"]
    if refused:
        raise dli.failure("DLI.12002", f"A running job cannot be updated: {', '.join(refused)}.")


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/updating_a_sql_job.html
@table.route("PUT", f"{_STREAMING}/sql-jobs/{{job_id}}", write=True)
def update_flink_sql_job(world: World, call: Call) -> Answer:
    """Change an SQL job."""
    return _update(world, call, _SQL_UPDATE, "The job is updated successfully.", jar=False)


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/updating_a_flink_jar_job.html
@table.route("PUT", f"{_STREAMING}/flink-jobs/{{job_id}}", write=True)
def update_flink_jar_job(world: World, call: Call) -> Answer:
    """Change a Jar job."""
    return _update(world, call, _JAR_UPDATE, "The Flink job is updated successfully.", jar=True)


def _selected(call: Call) -> list[Any]:
    ids = call.fields.get("job_selected")
    return ids if isinstance(ids, list) else []


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/exporting_a_flink_job.html
@table.route("POST", f"{_STREAMING}/jobs/export", write=True, ids=_selected)
def export_flink_jobs(world: World, call: Call) -> Answer:
    """Write definitions to OBS; it changes no job."""
    project = dli.project_of(world, call)
    given = dli.body_of(call, {"obs_dir": str, "is_selected": bool, "job_selected": list}, ["obs_dir", "is_selected"])
    if given["is_selected"] and not given.get("job_selected"):
        raise dli.invalid("job_selected is required when is_selected is true")
    ids = [str(one) for one in given["job_selected"]] if given["is_selected"] else list(project.jobs)
    jobs = [project.job(id) for id in ids]
    if given["is_selected"] and None in jobs:
        raise dli.unknown_job(world)
    path = f"{given['obs_dir'].rstrip('/')}/aggregate_{world.now}.zip"
    definitions = {job.id: picked(job.fields, *DEFINITION) for job in jobs if job}
    project.archives[path] = definitions
    return Answer(dli.said(world, True, "The job is successfully exported.", zip_file=[path]))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/importing_a_flink_job.html
@table.route("POST", f"{_STREAMING}/jobs/import", write=True)
def import_flink_jobs(world: World, call: Call) -> Answer:
    """Read definitions from OBS, where an export has put them."""
    project, given = dli.project_of(world, call), dli.body_of(call, {"zip_file": str, "is_cover": bool}, ["zip_file"])
    folder = f"{given['zip_file'].rstrip('/')}/"
    found = [one for path, one in project.archives.items() if path == given["zip_file"] or path.startswith(folder)]
    if not found:
        raise dli.failure("DLI.0002", f"There is no file {given['zip_file']}.")
    mapping = [
        _import(world, project, old, fields, cover=given.get("is_cover", False))
        for archive in found
        for old, fields in archive.items()
    ]
    return Answer(dli.said(world, True, "The job is successfully imported.", job_mapping=mapping))


def _import(world: World, project: DliProject, old: str, fields: Fields, *, cover: bool) -> Fields:
    new, remark = "-1", "The job name already exists"
    there = project.named(fields["name"])
    if there is None:
        job = project.create_job(fields, world.now)
        new, remark = (job.id, "Job successfully created") if job else (new, "No more jobs can be created")
    elif cover and there.status in ("job_running", *CHANGING):
        remark = f"The job is in status {there.status}"
    elif cover:
        there.change("job_init", world.now, **fields)
        new, remark = there.id, "Job successfully updated"
    number = world.settings.dli_import_ids == "number"
    ids = {"old_job_id": int(old), "new_job_id": int(new)} if number else {"old_job_id": old, "new_job_id": new}
    return {**ids, "remark": remark}


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/out-of-date_apis/ (authorizing DLI to OBS)
@table.route("POST", "/v1.0/{project_id}/dli/obs-authorize", write=True, lacking=dli.deprecated)
def register_bucket(world: World, call: Call) -> Answer:
    """Let DLI use buckets."""
    project = dli.project_of(world, call)
    buckets = dli.body_of(call, {"obs_buckets": list}, ["obs_buckets"])["obs_buckets"]
    if not buckets or not all(isinstance(one, str) and one for one in buckets):
        raise dli.invalid("obs_buckets must be an array of names")
    project.obs_buckets = sorted({*project.obs_buckets, *buckets})
    named = ", ".join(buckets)
    return Answer(dli.said(world, True, f"The following OBS bucket is authorized successfully, {named}."))
