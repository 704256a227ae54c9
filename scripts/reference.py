"""``python -m scripts.reference``: writes docs/operators.md, every operator, sensor and target with its arguments."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

from airflow_provider_pipelines.compat import BaseOperator
from airflow_provider_pipelines.window import MaintenanceWindow
from airflow_provider_pipelines.window.targets import TARGETS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operators.md"
ROOMS = {"EnOS": "enos", "CodeArts": "codearts", "DLI": "dli"}
_SHARED = {"VerbOperator", "GoalSensor"}
_HEAD = """# Operators, sensors and the maintenance window

Every argument, as the docstrings have it. `python -m scripts.reference` writes this page; a test keeps it true.
The arguments about waiting, which all operators share, are in the [README](../README.md#waiting).
"""


def classes(vendor: str) -> list[type]:
    """Give the public operators and sensors of a vendor's room."""
    found: dict[str, type] = {}
    for room in ("operators", "sensors"):
        module = import_module(f"airflow_provider_pipelines.{vendor}.{room}")
        for name, kind in vars(module).items():
            public = inspect.isclass(kind) and issubclass(kind, BaseOperator) and not name.startswith("_")
            if public and f".{vendor}." in kind.__module__ and "base of" not in (kind.__doc__ or ""):
                found[name] = kind
    return [found[name] for name in sorted(found)]


def window_classes() -> list[type]:
    """Give the maintenance window and its targets."""
    return [MaintenanceWindow, *TARGETS.values()]


def arguments(kind: type) -> dict[str, inspect.Parameter]:
    """Give a class's own keyword arguments, those of its bases in the room included."""
    named: dict[str, inspect.Parameter] = {}
    for base in reversed(kind.__mro__):
        # what all operators and sensors take is told elsewhere
        own = base.__module__.startswith("airflow_provider_pipelines.") and base.__name__ not in _SHARED
        if own and "__init__" in vars(base):
            for name, parameter in inspect.signature(vars(base)["__init__"]).parameters.items():
                if name != "self" and parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                    named[name] = parameter
    return named


def told(kind: type) -> dict[str, str]:
    """Give what the docstrings say of each argument."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        doc = inspect.cleandoc(base.__doc__ or "")
        for match in re.finditer(r"^:param (\w+): (.*(?:\n    .*)*)", doc, re.MULTILINE):
            texts[match[1]] = " ".join(match[2].split())
    return texts


def page() -> str:
    """Write the page."""
    lines = [_HEAD]
    rooms = {title: classes(vendor) for title, vendor in ROOMS.items()}
    for title, kinds in {**rooms, "The maintenance window": window_classes()}.items():
        lines.append(f"## {title}\n")
        for kind in kinds:
            doc = inspect.cleandoc(kind.__doc__ or "").split("\n:param", 1)[0].strip()
            lines.append(f"### `{kind.__name__}`\n\n{_markdown(doc)}\n")
            texts = told(kind)
            for name, parameter in arguments(kind).items():
                default = "" if parameter.default is parameter.empty else f" = `{parameter.default!r}`"
                lines.append(f"* `{name}`{default}: {_markdown(texts.get(name, ''))}")
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _markdown(text: str) -> str:
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
    return text.replace("``", "`")


def main() -> int:
    """Write the page to its file."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
