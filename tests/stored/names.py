"""The names that DAG files, Airflow and people's shells use: all of them as they are at the moment."""

from __future__ import annotations

import inspect
import re
import tomllib
from importlib import import_module
from pathlib import Path

PACKAGE = "airflow_provider_pipelines"
#: where a DAG author or Airflow finds something
MODULES = (
    *(f"{vendor}.{room}" for vendor in ("enos", "codearts", "dli") for room in ("hook", "operators", "sensors")),
    "window", "trigger", "errors",
)  # fmt: skip
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_IMPORT = re.compile(rf"from ({PACKAGE}[\w.]*) import ([\w, ]+)")


def write(root: Path):
    """Give all public names of the package in a working tree."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    paths = [root / "README.md", *sorted((root / "docs").glob("*.md")), *sorted((root / "example_dags").glob("*.py"))]
    text = "\n".join(path.read_text() for path in paths)
    told = set(re.findall(r"\w+", text))
    return {
        "scripts": project["scripts"],
        "entry_points": project["entry-points"],
        "provider_info": import_module(f"{PACKAGE}.provider").get_provider_info(),
        "imports": sorted(set(imported(text))),
        "classes": {
            name: about(kind)
            for module in MODULES
            for name, kind in classes(f"{PACKAGE}.{module}")
            if kind.__name__ in told or kind.__name__.endswith("Hook") or module in {"trigger", "errors"}
        },
        "errors": [event for _, kind in classes(f"{PACKAGE}.errors") if (event := event_of(kind)) is not None],
    }


def imported(text):
    """Give the names that a text tells people to import, by their paths."""
    return [
        f"{module}.{name.strip()}"
        for module, names in _IMPORT.findall(text)
        for name in names.split(",")
        if name.strip()
    ]


def classes(module):
    """Give the public classes of a module by path: those that it lists, else those that it defines."""
    found = import_module(module)
    listed = getattr(found, "__all__", None)
    for name, kind in vars(found).items():
        own = name in listed if listed is not None else getattr(kind, "__module__", None) == module
        if inspect.isclass(kind) and own and name == kind.__name__ and not name.startswith("_"):
            yield f"{module}.{name}", kind


def about(kind):
    """Give what a class may be called with, and what else of it people use."""
    own = [base for base in kind.__mro__ if base.__module__.startswith(PACKAGE)]
    parameters = {
        name
        for base in own
        if "__init__" in vars(base)
        for name, one in inspect.signature(base.__init__).parameters.items()
        if name != "self" and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    }
    found = {
        "parameters": sorted(parameters),
        "bases": [base.__name__ for base in kind.__mro__ if issubclass(base, Exception)],
    }
    if "template_fields" in {name for base in own for name in vars(base)}:
        found["template_fields"] = sorted(kind.template_fields)
    if kind.__name__.endswith("Hook"):
        found["operations"] = sorted(name for name in dir(kind) if _is_operation(inspect.getattr_static(kind, name)))
    return found


def event_of(kind):
    """Give what stands for an error in an event, and in what is known of a thing; None for one that is never there."""
    from airflow_provider_pipelines.errors import error_from_event, error_to_event

    needed = set()
    for base in (base for base in kind.__mro__ if "__init__" in vars(base)):
        parameters = inspect.signature(base.__init__).parameters.values()
        needed |= {one.name for one in parameters if one.default is one.empty and one.kind in _NAMED}
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break
    status = {"status": 500} if "status" in needed else {}
    event = error_to_event(kind(**{**{name: f"the {name}" for name in needed - {"self"}}, **status}))
    return event if type(error_from_event(event)) is kind else None


def _is_operation(member):
    """Tell what a hook offers of its service from what every hook has."""
    return type(member).__module__.startswith(PACKAGE) and hasattr(member, "__get__")
