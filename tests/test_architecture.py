"""The arrows between the rooms, what is loaded at DAG parse, and what every operator owes Airflow."""

import ast
import inspect
import json
import re
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import airflow_provider_pipelines
from airflow_provider_pipelines.provider import CONNECTIONS, get_provider_info
from airflow_provider_pipelines.task.list_operator import ListOperator

ROOT = Path(airflow_provider_pipelines.__file__).parent
NAME = "airflow_provider_pipelines"
VENDORS = ("codearts", "dli", "enos")
FLOORS = ("api", "flows", "states")

SHARED = ("core", "hook", "task", "trigger", "compat")
CORE_BELOW_VERBS = {"core.checks", "core.clock"}

#: what a room may import besides itself and ``errors``; the longest prefix of a module's name is its room
ALLOWED = {
    "provider": set(),
    "compat": set(),
    "errors": set(),
    "core": set(),
    "core.http": CORE_BELOW_VERBS,
    "core.verbs": {*CORE_BELOW_VERBS, "core.http"},
    "hook": {"core", "compat", "provider"},
    "trigger": {"core", "compat", "hook"},
    "task": {"core", "compat", "hook", "trigger"},
    "huaweicloud": {"core"},
    "huaweicloud.hook": {"core", "hook", "huaweicloud"},
    "huaweicloud.tasks": {"compat", "hook"},
    "window": {"window.group", "window.targets"},
    "window.record": {"core"},
    "window.targets": {"core"},
    "window.airflow": {"compat"},
    "window.fleets": {"core", "hook", "window.record", *(f"{v}.{floor}" for v in VENDORS for floor in FLOORS)},
    "window.coordination": {"core", "window.fleets", "window.record", "window.targets"},
    "window.phases": {"core", "window.fleets", "window.record", "window.targets", "window.coordination"},
    "window.tasks": {"core", "task", "trigger", "compat", "window"},
    "window.group": {"task", "compat", "window.targets", "window.tasks"},
    "commands": {"compat", "core", "hook", "window", *VENDORS},
    "cli": {"commands"},
    "emulator": {"emulator"},
}
for vendor in VENDORS:
    of_tasks = {"core", "task", "compat", "huaweicloud.tasks", *(f"{vendor}.{room}" for room in ("hook", *FLOORS))}
    ALLOWED |= {
        vendor: set(),
        f"{vendor}.states": {"core.verbs", "core.checks"},
        f"{vendor}.api": {"core.http", "core.checks", f"{vendor}.states", "huaweicloud"},
        f"{vendor}.flows": {"core", f"{vendor}.api", f"{vendor}.states"},
        f"{vendor}.hook": {"core", "hook", "huaweicloud", *(f"{vendor}.{floor}" for floor in FLOORS)},
        f"{vendor}.operators": of_tasks,
        f"{vendor}.sensors": of_tasks,
    }

#: the emulator's floors, lowest first; a module may import its own floor and those below
EMULATOR_FLOORS = [
    r"settings|clock|credentials",
    r"things",
    r"wire",
    r"(\w+)\.(state(\.\w+)?|gateway|signature)",
    r"world",
    r"operations",
    r"(enos|codearts|dli|huaweicloud)(\.\w+)*|default_world",
    r"server(\.\w+)?",
    r"__main__",
]


def modules():
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").rstrip("."): path
        for path in sorted(ROOT.rglob("*.py"))
    }


MODULES = modules()


def imported(name):
    """Give the modules of the package that a module imports anywhere, functions and type checks included."""
    path, found = MODULES[name], set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for full in names:
            if full.startswith(f"{NAME}."):
                # the longest part that is a module; the rest is a name in it
                parts = full.split(".")[1:]
                found.add(next(at for n in range(len(parts), -1, -1) if (at := ".".join(parts[:n])) in MODULES))
    return found - {name}


ARROWS = {name: imported(name) for name in MODULES}


def room_of(name):
    return max((room for room in ALLOWED if within(name, room)), key=len, default="")


def within(name, room):
    return name == room or name.startswith(f"{room}.")


@pytest.mark.parametrize("name", MODULES)
def test_arrows_point_one_way(name):
    room = room_of(name)
    allowed = {room, "errors", *ALLOWED.get(room, ())} - {""}
    wrong = {
        target
        for target in ARROWS[name]
        if not any(within(target, one) for one in allowed) or (target == "huaweicloud.hook" and room.endswith(".api"))
    }
    assert wrong == set(), f"{name}, in the room {room or 'at the top'}, imports {sorted(wrong)}"


@pytest.mark.parametrize("name", [name for name in MODULES if within(name, "emulator") and name != "emulator"])
def test_the_emulators_floors_rest_on_those_below(name):
    def floor(module):
        rest = module.removeprefix("emulator.")
        return next(n for n, pattern in enumerate(EMULATOR_FLOORS) if re.fullmatch(pattern, rest))

    packages = {other for other in MODULES if any(one.startswith(f"{other}.") for one in MODULES)}
    wrong = {target for target in ARROWS[name] - packages if floor(target) > floor(name)}
    assert wrong == set(), f"{name} imports {sorted(wrong)}"


def test_no_modules_import_each_other_in_a_circle():
    ends = TopologicalSorter(ARROWS)
    ends.prepare()  # raises CycleError, which names the circle


VENDOR_MODULES = [name for name in MODULES if any(within(name, room) for room in ("enos", "codearts", "dli"))]
#: loops over things whose errors are borne that are no loop over ids: a token's proofs, the logs of failed steps
OTHER_LOOPS = {"enos.api.access", "codearts.flows.failures"}


def loops_of(name):
    tree = ast.parse(MODULES[name].read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]


@pytest.mark.parametrize("name", VENDOR_MODULES)
def test_a_vendors_room_has_no_pager_of_its_own(name):
    """A request in a loop is a list that is read page by page: :mod:`core.http.paging` alone does that."""
    requests = [
        node
        for loop in loops_of(name)
        for node in ast.walk(loop)
        if isinstance(node, ast.Yield)
        and not (isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "Sleep")
    ]
    assert not requests, f"{name} asks for pages in lines {[node.lineno for node in requests]}: use Listing"


@pytest.mark.parametrize("name", [name for name in VENDOR_MODULES if name not in OTHER_LOOPS])
def test_a_vendors_room_bears_errors_one_by_one_in_one_way(name):
    """:mod:`core.verbs.looking` alone looks at things and acts on them one by one, whatever becomes of each."""
    borne = [loop.lineno for loop in loops_of(name) for node in ast.walk(loop) if isinstance(node, ast.Try)]
    assert not borne, f"{name} bears errors in the loops of lines {borne}: use look_each or act_each"


@pytest.mark.parametrize(
    "name", [name for name in MODULES if not within(name, "core") and not within(name, "emulator")]
)
def test_once_and_its_marker_and_gone_are_ideas_of_the_core(name):
    tree = ast.parse(MODULES[name].read_text())
    made = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    assert not made & {"Marker", "SingleStart", "gone", "_gone"}, name
    # caught for its own reasons: what is not there counts as deleted, or is not shown yet
    if any(within(name, room) for room in ("enos", "task", "window.phases", "commands")):
        assert "NotFound" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} or name in {
            "enos.api.pipelines",
            "enos.api.access",
        }, name


@pytest.mark.parametrize("name", [name for name in MODULES if any(within(name, room) for room in SHARED)])
def test_what_serves_all_vendors_names_none(name):
    tree = ast.parse(MODULES[name].read_text())
    documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    texts = {
        node.value.lower() for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } - {(doc or "").lower() for doc in docs}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    words = {word for text in (*texts, *names) for word in re.split(r"[^a-z]+", text.lower())}
    assert words & {*VENDORS, "huawei", "huaweicloud", "otc", "iam"} == set()


#: packages whose ``__init__`` is a list of public names
PUBLIC_LISTS = {"window", "codearts.operators", "dli.operators"}


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if name and path.name == "__init__.py"])
def test_a_rooms_init_holds_a_docstring_or_a_public_list(name):
    first, *rest = ast.parse(MODULES[name].read_text()).body
    assert isinstance(first, ast.Expr)
    if name in PUBLIC_LISTS:
        assert {type(node) for node in rest} == {ast.ImportFrom, ast.Assign}
    else:
        assert rest == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_holds_one_idea_of_readable_length(name):
    assert len(MODULES[name].read_text().splitlines()) <= 350


def test_a_folder_can_be_overlooked():
    sizes = Counter(path.parent for path in MODULES.values())
    assert {str(folder): size for folder, size in sizes.items() if size > 16} == {}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_it_is_for(name):
    assert not {"utils", "helpers", "common", "misc"} & set(name.split("."))


def test_core_knows_no_airflow():
    for path in (ROOT / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name == "airflow" or name.startswith("airflow.")], path


def test_the_page_about_the_architecture_names_files_that_exist():
    page = (Path(__file__).parents[1] / "docs" / "architecture.md").read_text()
    here = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py")}
    named = set(re.findall(r"[\w/]+\.py\b", page.replace("VENDOR", "enos"))) - {"tests/test_architecture.py"}
    assert {name for name in named if not any(path == name or path.endswith(f"/{name}") for path in here)} == set()
    folders = {str(Path(path).parent) for path in here} - {"."}
    assert {folder for folder in folders if Path(folder).name not in re.split(r"[^\w]+", page)} == set()


PARSING = Path(__file__).parents[1] / "scripts" / "matrix" / "parsing.py"


def test_operators_and_sensors_load_little_and_nothing_of_a_third_party():
    shown = subprocess.run([sys.executable, PARSING], capture_output=True, text=True, check=True, timeout=120)
    loaded = json.loads(shown.stdout.splitlines()[-1])["modules"]
    assert len(loaded) <= 40, loaded
    foreign = [
        name
        for name in loaded
        if name.split(".")[0] not in {NAME, "airflow"} and name.split(".")[0] not in sys.stdlib_module_names
    ]
    assert foreign == []
    heavy = re.compile(r"\.(api|flows|hook|trigger|http)(\.|$)")
    assert [name for name in loaded if name.startswith(f"{NAME}.") and heavy.search(name)] == []


def test_what_airflow_imports_at_start_imports_nothing():
    code = f"import sys, {NAME}; b = set(sys.modules); import {NAME}.provider; print(sorted(set(sys.modules) - b))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(shown.stdout.replace("'", '"')) == [f"{NAME}.provider"]


def tasks():
    from tests.support.airflow import BaseOperator

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
    from tests.support.airflow import DAG, DagSerialization

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
    assert entry["conn-fields"].keys() == CONNECTIONS[hook.conn_type]["fields"].keys()


@pytest.mark.parametrize("part", ["hooks", "operators", "sensors", "triggers"])
def test_the_modules_that_are_announced_exist(part):
    for entry in get_provider_info()[part]:
        for module in entry["python-modules"]:
            assert import_module(module)
