"""The arrows between the rooms, what is loaded at DAG parse, and what every operator owes Airflow."""

import ast
import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import airflow_provider_pipelines
from airflow_provider_pipelines.provider import CONNECTIONS, get_provider_info
from airflow_provider_pipelines.task import ListOperator

ROOT = Path(airflow_provider_pipelines.__file__).parent
NAME = "airflow_provider_pipelines"
VENDORS = ("codearts", "dli", "enos")

#: what a room may import of the package, its own room aside
ALLOWED = {
    "__init__": set(),
    "provider": set(),
    "errors": set(),
    "core": {"errors"},
    "compat": set(),
    "hook": {"errors", "core", "compat", "provider"},
    "huaweicloud": {"errors", "core", "hook"},
    "watching": {"errors", "core", "hook"},
    "trigger": {"errors", "core", "hook", "watching", "compat"},
    "task": {"errors", "core", "hook", "trigger", "compat"},
    "once": {"errors", "core", "task", "compat"},
    "window": {"errors", "core", "hook", "compat", "trigger", "task", *VENDORS},
    "cli": {"commands"},
    "commands": {"errors", "core", "hook", "window", *VENDORS},
    "emulator": set(),
}
VENDOR_ALLOWED = {
    "api": {"errors", "core"},
    "hook": {"errors", "core", "hook", "huaweicloud"},
    "operators": {"errors", "core", "hook", "task", "once", "compat"},
    "sensors": {"errors", "core", "hook", "task"},
}


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield pytest.param(path, parts, id=".".join(parts))


def imported(path):
    """Give the parts of the package that a module imports anywhere, functions and type checks included."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == NAME else [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name == NAME or name.startswith(f"{NAME}."):
                yield name.split(".")[1:] or ["__init__"]


def allowed_for(parts):
    room = parts[0]
    if room in VENDORS:
        # a room's operators may be spread over several modules, for instance ``sql_operators``
        roles = [allowed for role, allowed in VENDOR_ALLOWED.items() if role in parts[1].split("_")]
        return (roles[0] if roles else {"errors", "core"}) | {room}
    return ALLOWED[room] | {room}


@pytest.mark.parametrize(("path", "parts"), list(modules()))
def test_arrows_point_one_way(path, parts):
    rooms = {".".join(found[:1]) for found in imported(path)}
    assert rooms - {"__init__"} <= allowed_for(parts), f"{'.'.join(parts)} imports {sorted(rooms)}"


@pytest.mark.parametrize("module", ["trigger", "task", "once", "watching", "hook", "compat"])
def test_what_serves_all_vendors_names_none(module):
    tree = ast.parse((ROOT / f"{module}.py").read_text())
    documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    words = {
        node.value.lower() for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } - {(doc or "").lower() for doc in docs}
    assert not [word for word in words for vendor in (*VENDORS, "huawei") if vendor in word.split()]


@pytest.mark.parametrize("room", ["core", *VENDORS, "emulator"])
def test_a_rooms_init_holds_a_docstring(room):
    body = ast.parse((ROOT / room / "__init__.py").read_text()).body
    assert [type(node) for node in body] == [ast.Expr]


def test_core_knows_no_airflow():
    for path in (ROOT / "core").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name == "airflow" or name.startswith("airflow.")], path


PARSE = """
import json, sys
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, BaseHook, TaskGroup
before = set(sys.modules)
import airflow_provider_pipelines.enos.operators, airflow_provider_pipelines.enos.sensors
import airflow_provider_pipelines.codearts.operators, airflow_provider_pipelines.codearts.sensors
import airflow_provider_pipelines.dli.operators, airflow_provider_pipelines.dli.sensors
import airflow_provider_pipelines.window
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_operators_and_sensors_load_little_and_nothing_of_a_third_party():
    shown = subprocess.run([sys.executable, "-c", PARSE], capture_output=True, text=True, check=True, timeout=120)
    loaded = json.loads(shown.stdout.splitlines()[-1])
    assert len(loaded) <= 40, loaded
    foreign = [
        name
        for name in loaded
        if name.split(".")[0] not in {NAME, "airflow"} and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []
    assert not [name for name in loaded if name.endswith((".models", ".api", ".hook", ".trigger", ".transports"))]


def test_what_airflow_imports_at_start_imports_nothing():
    code = f"import sys, {NAME}; b = set(sys.modules); import {NAME}.provider; print(sorted(set(sys.modules) - b))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(shown.stdout.replace("'", '"')) == [f"{NAME}.provider"]


def tasks():
    from airflow.providers.common.compat.sdk import BaseOperator

    found = []
    for vendor in sorted(VENDORS):
        for room in ("operators", "sensors"):
            module = import_module(f"{NAME}.{vendor}.{room}")
            for name, kind in sorted(vars(module).items()):
                if (
                    inspect.isclass(kind)
                    and issubclass(kind, BaseOperator)
                    and kind.__module__.startswith(f"{NAME}.{vendor}.")
                    and "base of" not in (kind.__doc__ or "")
                ):
                    found.append(pytest.param(kind, id=name))
    return found


TASKS = tasks()


def example(kind, **more):
    """Give an object with an odd value in every template field."""
    arguments = {name: ["{{ params.x }}"] for name in kind.template_fields}
    return kind(task_id="task", **{**arguments, **more}), arguments


@pytest.mark.parametrize("kind", TASKS)
def test_a_template_field_is_the_very_object_that_was_passed_in(kind):
    task, arguments = example(kind)
    for name, value in arguments.items():
        assert getattr(task, name) is value


@pytest.mark.parametrize("kind", TASKS)
def test_every_argument_of_an_author_is_a_template_field_or_known_not_to_be(kind):
    fixed = {
        "wait_for_completion", "deferrable", "poll_interval", "defer_after", "timeout", "max_poll_failures",
        "cancel_on_kill", "resource_wait",
    }  # fmt: skip
    # DLI's, kept under other names, since the attributes are Airflow's
    kept = {"queue", "resources"} & {name.removeprefix("dli_") for name in kind.template_fields}
    named = set()
    for base in kind.__mro__:
        if base.__module__.startswith(NAME) and "__init__" in vars(base):
            named |= {
                name
                for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items()
                if parameter.kind is parameter.KEYWORD_ONLY
            }
    if "target_status" not in kind.template_fields:
        kept = {*kept, "target_status"}  # a sensor that has but one target
    assert named - fixed - kept == set(kind.template_fields)


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_may_be_mapped_and_serialized(kind):
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import DagSerialization

    field, *rest = kind.template_fields
    with DAG("mapped", schedule=None) as dag:
        kind.partial(task_id="mapped", **dict.fromkeys(rest, "x")).expand(**{field: ["a", "b"]})
        example(kind)
    assert json.dumps(DagSerialization.to_dict(dag))


@pytest.mark.parametrize("kind", TASKS)
def test_a_class_derives_from_airflows_base_first(kind):
    chain = [base.__name__ for base in kind.__mro__ if not base.__module__.startswith(NAME)]
    assert chain[0] in {"BaseOperator", "BaseSensorOperator"}


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize(
    ("argument", "value"),
    [("poll_interval", 0), ("timeout", -1), ("max_poll_failures", -1), ("max_poll_failures", True)],
)
def test_what_is_not_templated_is_checked_at_once(kind, argument, value):
    if argument in {"poll_interval", "timeout"} and not hasattr(kind, "act"):
        pytest.skip("Airflow's own argument of a sensor")
    if issubclass(kind, ListOperator):
        pytest.skip("waits for nothing")
    with pytest.raises(ValueError, match=argument):
        example(kind, **{argument: value})


def test_the_provider_info_fits_airflows_schema():
    import airflow
    import jsonschema

    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


@pytest.mark.parametrize("entry", get_provider_info()["connection-types"], ids=lambda entry: entry["connection-type"])
def test_a_connection_type_is_what_its_hook_says(entry):
    module, _, name = entry["hook-class-name"].rpartition(".")
    hook = getattr(import_module(module), name)
    assert (hook.conn_type, hook.hook_name) == (entry["connection-type"], entry["hook-name"])
    assert hook(**{hook.conn_name_attr: "some_id"}).conn_id == "some_id"
    behaviour, legacy = entry["ui-field-behaviour"], hook.get_ui_field_behaviour()
    assert behaviour["hidden-fields"] == legacy["hidden_fields"]
    assert behaviour["relabeling"] == legacy["relabeling"]
    assert behaviour["placeholders"] == legacy["placeholders"]
    assert entry["conn-fields"] == CONNECTIONS[hook.conn_type]["fields"]


@pytest.mark.parametrize("part", ["hooks", "operators", "sensors", "triggers"])
def test_the_modules_that_are_announced_exist(part):
    for entry in get_provider_info()[part]:
        for module in entry["python-modules"]:
            assert import_module(module)
