"""A template without a value renders to the text "None": that is refused by name, and never taken for "left out"."""

import inspect
from dataclasses import MISSING, fields

import pytest

from airflow_provider_pipelines.errors import ArgumentError
from airflow_provider_pipelines.window.fleets.selection import choose
from airflow_provider_pipelines.window.targets import TARGETS, target_from_json
from tests.support.airflow import AirflowFailException
from tests.support.modes import context_of, on
from tests.test_architecture import NAME, TASKS

UUID = "00000000-fa4e-4000-8000-000000000001"
NEEDED = {
    "pipeline_id": UUID, "pipeline_run_id": "5" * 32, "execution_mode": 1, "job_ids": [128], "job_id": 128,
    "decision": "pass", "savepoint_path": "obs://b/x", "name": "n", "sql": "SELECT 1", "file": "obs://b/pi.jar",
    "sql_body": "SELECT 1", "entrypoint": "obs://b/x.jar", "batch_id": UUID,
}  # fmt: skip


def arguments_of(kind):
    found = {}
    for base in reversed(kind.__mro__):
        if base.__module__.startswith(NAME) and "__init__" in vars(base):
            found |= {
                name: parameter.default
                for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items()
                if parameter.kind is parameter.KEYWORD_ONLY
            }
    return found


def optional():
    """Give each argument that may be left out, of each operator and sensor, with the others that it needs."""
    for task in TASKS:
        (kind,) = task.values
        given = arguments_of(kind)
        needed = {
            name: NEEDED.get(name, "x")
            for name, default in given.items()
            if default is inspect.Parameter.empty and name in kind.template_fields
        }
        if kind.__name__ == "DliSqlJobSensor":
            needed["job_id"] = UUID
        if kind.__name__.startswith("DliUpdate"):
            needed["desc"] = "new"
        for name, default in given.items():
            if name in kind.template_fields and default is not inspect.Parameter.empty:
                yield pytest.param(kind, {**needed, name: "None"}, name, id=f"{kind.__name__}-{name}")


OPTIONAL = list(optional())


@pytest.mark.parametrize(("kind", "arguments", "name"), OPTIONAL)
def test_an_optional_argument_that_renders_to_nothing_is_refused_by_name(emulator, clock, kind, arguments, name):
    task = on(kind(task_id="t", **arguments), clock)
    with pytest.raises(
        (ArgumentError, AirflowFailException), match=rf"^(dli_)?{name.removeprefix('dli_')}\b"
    ) as caught:
        task.execute(context_of())
    error = caught.value if isinstance(caught.value, ArgumentError) else caught.value.__cause__
    assert isinstance(error, ArgumentError)
    assert emulator.calls() == []


def test_the_table_holds_every_optional_argument():
    assert len(OPTIONAL) > 150
    assert {"region", "org_id", "name_pattern", "comment", "description", "queue_name"} <= {
        entry.values[2] for entry in OPTIONAL
    }


@pytest.mark.parametrize(
    ("target", "field"),
    [
        pytest.param(kind, entry.name, id=f"{kind.__name__}-{entry.name}")
        for kind in TARGETS.values()
        for entry in fields(kind)
        if entry.default is not MISSING
    ],
)
def test_a_field_of_a_target_that_renders_to_nothing_is_refused_by_name(target, field):
    needed = {"pipeline_ids": ["p"]} if "pipeline_ids" in {one.name for one in fields(target)} else {"job_ids": [1]}
    data = {**target(**needed).to_json(), field: " None "}
    with pytest.raises(ArgumentError, match=rf"^{target.__name__}\.{field}: "):
        target_from_json(data)


@pytest.mark.parametrize("exclude", ["None", ["None"], ["wind-1", None], ("None",), '["None"]', "[null]"])
def test_what_is_excluded_is_never_nothing_by_mistake(exclude):
    with pytest.raises(ArgumentError, match=r"^exclude: "):
        choose([], {"name_pattern": "wind-*", "exclude": exclude, "allow_empty": True}, None, "pipeline_ids")


def test_a_text_that_only_mentions_none_is_a_text(emulator, clock):
    kind = next(entry.values[0] for entry in OPTIONAL if entry.values[0].__name__ == "EnosListPipelinesOperator")
    assert on(kind(task_id="t", name_pattern="None-*"), clock).execute(context_of()) == []
