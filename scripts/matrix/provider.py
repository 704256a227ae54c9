"""What Airflow's own commands say of the installed provider."""

from __future__ import annotations

import json
from typing import Any

from scripts.live.processes import Failure
from scripts.matrix.installed import Environment

DISTRIBUTION = "airflow-provider-pipelines"
HOOKS = {"enos": "airflow_provider_pipelines.enos.", "huaweicloud": "airflow_provider_pipelines."}


def known_to_airflow(environment: Environment) -> str:
    """
    Ask for providers and hooks.

    :raises Failure: the package or one of its connection types is not among them
    """
    providers = rows(environment, "providers", "list")
    if not any(one["package_name"] == DISTRIBUTION for one in providers):
        raise Failure(f"'airflow providers list' does not show {DISTRIBUTION}.")
    classes = {one["connection_type"]: str(one["class"]) for one in rows(environment, "providers", "hooks")}
    for kind, start in HOOKS.items():
        if not classes.get(kind, "").startswith(start):
            raise Failure(f"'airflow providers hooks' says of {kind}: {classes.get(kind, 'nothing')}")
    return f"{len(HOOKS)} connection types"


def rows(environment: Environment, *command: str) -> list[dict[str, Any]]:
    """Return the rows that an ``airflow`` command writes as JSON; it may log something before them."""
    shown = environment.run([environment.python, "-m", "airflow", *command, "--output", "json"]).stdout
    for start in (index for index, letter in enumerate(shown) if letter == "["):
        try:
            found: list[dict[str, Any]] = json.loads(shown[start:])
        except ValueError:
            continue
        return found
    raise Failure(f"'airflow {' '.join(command)}' gives no JSON.", shown.splitlines()[-25:])
