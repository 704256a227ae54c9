"""Everything that DLI keeps of one project: jobs and batches, templates, variables, and what was exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import count
from typing import Any, ClassVar

from airflow_provider_pipelines.emulator.dli.state.flink import CHANGING, DEFINITION, FlinkJob
from airflow_provider_pipelines.emulator.dli.state.spark import SparkBatch
from airflow_provider_pipelines.emulator.dli.state.sql import SqlJob
from airflow_provider_pipelines.emulator.things import Fields, SeedError, Settings, Thing, checked

LARGEST_ID = 2**63 - 1
_THINGS = ("jobs", "sql_jobs", "spark_batches")


class DliProject:
    """
    The jobs of one project, and what belongs to them.

    ``statements`` and ``programs`` say how SQL statements and Spark files behave when they are sent: fields of the
    SQL job by its text, fields of the Spark batch by its ``file``. ``archives`` holds what was exported, by path.
    """

    TEMPLATE: ClassVar[Mapping[str, Any]] = {
        "name": "",
        "desc": "",
        "sql_body": "",
        "job_type": "flink_opensource_sql_job",
        "tags": [],
        "create_time": 0,
        "update_time": 0,
    }
    VARIABLE: ClassVar[Mapping[str, Any]] = {
        "id": 0,
        "value": "",
        "is_sensitive": False,
        "create_time": 0,
        "update_time": 0,
    }
    #: members of a seed besides the things, with their value if it does not give them
    MEMBERS: ClassVar[Mapping[str, Any]] = {
        "job_templates": {},
        "global_variables": {},
        "statements": {},
        "programs": {},
        "obs_buckets": [],
        "archives": {},
        "last_job_id": 0,
        "last_template_id": 0,
    }

    def __init__(self, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        unknown = set(given) - set(_THINGS) - set(self.MEMBERS)
        if unknown:
            raise SeedError(f"unknown members of a DLI project: {', '.join(sorted(unknown))}")
        self.settings = settings
        self.jobs = {id: FlinkJob(id, fields, settings, now) for id, fields in given.get("jobs", {}).items()}
        self.sql_jobs = {id: SqlJob(id, fields, settings, now) for id, fields in given.get("sql_jobs", {}).items()}
        self.spark_batches = {
            id: SparkBatch(id, fields, settings, now) for id, fields in given.get("spark_batches", {}).items()
        }
        rest = {name: given[name] for name in self.MEMBERS if name in given}
        rest = {**deepcopy(dict(self.MEMBERS)), **deepcopy(checked("a DLI project", rest, self.MEMBERS, {}))}
        dated = {"create_time": now, "update_time": now}
        self.templates: dict[str, Fields] = {
            str(int(id)): {**self.TEMPLATE, **dated, **checked(id, one, self.TEMPLATE, {})}
            for id, one in rest["job_templates"].items()
        }
        self.variables: dict[str, Fields] = {
            name: {**self.VARIABLE, "id": number, **dated, **checked(name, one, self.VARIABLE, {})}
            for number, (name, one) in enumerate(rest["global_variables"].items(), 1)
        }
        for text, fields in rest["statements"].items():
            checked(text, fields, SqlJob.DEFAULTS, SqlJob.OPTIONAL)
        for file, fields in rest["programs"].items():
            checked(file, fields, SparkBatch.DEFAULTS, SparkBatch.OPTIONAL)
        definition = {name: FlinkJob.DEFAULTS[name] for name in DEFINITION}
        for old, fields in (one for archive in rest["archives"].values() for one in archive.items()):
            if "name" not in checked(str(int(old)), fields, definition, FlinkJob.OPTIONAL):
                raise SeedError(f"{old}: a job in an archive needs a name")
        self.statements: dict[str, Fields] = rest["statements"]
        self.programs: dict[str, Fields] = rest["programs"]
        self.obs_buckets: list[str] = rest["obs_buckets"]
        self.archives: dict[str, dict[str, Fields]] = rest["archives"]
        self.last_job_id: int = rest["last_job_id"]
        self.last_template_id: int = rest["last_template_id"]

    def things(self) -> Iterator[Thing]:
        """Yield everything that has a status."""
        yield from self.jobs.values()
        yield from self.sql_jobs.values()
        yield from self.spark_batches.values()

    def job(self, id: str) -> FlinkJob | None:
        """Return a Flink job that was not deleted."""
        job = self.jobs.get(id)
        return None if job is None or job.fields["deleted"] else job

    def named(self, name: str) -> FlinkJob | None:
        """Return the Flink job of a name."""
        return next((job for job in self.jobs.values() if job.fields["name"] == name and self.job(job.id)), None)

    def create_job(self, fields: Mapping[str, Any], now: int) -> FlinkJob | None:
        """Create a draft; None if there is no id left."""
        first = max(self.settings.dli_first_job_id, self.last_job_id + 1)
        id = next(number for number in count(first) if str(number) not in self.jobs)
        if id > LARGEST_ID:
            return None
        self.last_job_id = id
        job = FlinkJob(str(id), {**fields, "status": "job_init"}, self.settings, now)
        job.before = None
        self.jobs[job.id] = job
        return job

    def delete(self, job: FlinkJob, now: int) -> None:
        """Delete a Flink job; whether its record still shows is not documented."""
        if self.settings.dli_deleted == "gone":
            del self.jobs[job.id]
            return
        ended = job.status in ("job_running", *CHANGING)
        job.pending = []
        job.change("job_cancel_success" if ended else job.status, now, deleted=True)

    def create_template(self, fields: Mapping[str, Any], now: int) -> str:
        """Keep a template and return its id."""
        self.last_template_id = max([self.last_template_id, *map(int, self.templates)]) + 1
        id = str(self.last_template_id)
        self.templates[id] = {**self.TEMPLATE, **fields, "create_time": now, "update_time": now}
        return id

    def dump(self, now: int) -> Fields:
        """Return the project as a seed may give it."""
        return deepcopy(
            {
                "jobs": {id: one.dump(now) for id, one in self.jobs.items()},
                "sql_jobs": {id: one.dump(now) for id, one in self.sql_jobs.items()},
                "spark_batches": {id: one.dump(now) for id, one in self.spark_batches.items()},
                "job_templates": self.templates,
                "global_variables": self.variables,
                "statements": self.statements,
                "programs": self.programs,
                "obs_buckets": self.obs_buckets,
                "archives": self.archives,
                "last_job_id": self.last_job_id,
                "last_template_id": self.last_template_id,
            }
        )
