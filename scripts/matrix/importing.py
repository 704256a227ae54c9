"""
Imports every module of the installed package and reports what Airflow calls deprecated of what it uses.

Run by the interpreter of each environment: uses nothing but the standard library and the package.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import traceback
import warnings

NAME = "airflow_provider_pipelines"


def main() -> int:
    """Import all modules; 1 if one cannot be imported or uses something deprecated."""
    problems: list[str] = []

    def hear(message: Warning | str, category: type[Warning], filename: str, lineno: int, *_: object) -> None:
        about = category.__name__
        airflows = about.startswith(("Removed", "Deprecated", "Airflow"))
        ours = NAME in filename
        caused = any(f"/{NAME}/" in frame.filename for frame in traceback.extract_stack())
        if ours or (airflows and caused):
            problems.append(f"{filename}:{lineno}: {about}: {message}")

    warnings.simplefilter("always")
    warnings.showwarning = hear  # type: ignore[assignment]  # takes the same arguments by position
    package = importlib.import_module(NAME)
    found = [one.name for one in pkgutil.walk_packages(package.__path__, f"{NAME}.")]
    for name in found:
        if name.endswith("__main__"):
            continue
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 -- whatever it is, the reader wants to see all of them
            problems.append(f"{name}: {type(error).__name__}: {error}")
    entry = importlib.import_module(f"{NAME}.provider").get_provider_info()
    for one in entry["connection-types"]:
        module, _, kind = one["hook-class-name"].rpartition(".")
        getattr(importlib.import_module(module), kind)
    print("\n" + json.dumps({"modules": len(found), "problems": problems}))  # noqa: T201 -- the answer
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
