"""Builds wheel and sdist, and puts the wheel where a user would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.live.processes import Failure

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).resolve().parent / "as_a_user.py"


def moment() -> str:
    """Return the time that the files in the archives are given: that of the last commit, unless one is named."""
    return os.environ.get("SOURCE_DATE_EPOCH") or run(["git", "log", "-1", "--format=%ct"]).strip()


def build(folder: Path, epoch: str) -> list[Path]:
    """Build the sdist, and the wheel from it."""
    shutil.rmtree(folder, ignore_errors=True)
    run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)],
        {**os.environ, "SOURCE_DATE_EPOCH": epoch},
    )
    return sorted(folder.iterdir())


def differing(one: Sequence[Path], other: Sequence[Path]) -> list[str]:
    """Return the names of the files that two builds do not agree on."""
    names = {file.name: file.read_bytes() for file in one}, {file.name: file.read_bytes() for file in other}
    return sorted(name for name in names[0].keys() | names[1].keys() if names[0].get(name) != names[1].get(name))


def check_types(wheel: Path, folder: Path) -> None:
    """
    Let ``mypy --strict`` look at a user's script beside the installed wheel.

    :param folder: for an environment that has the wheel, and everything else from the one that this runs in
    :raises Failure: mypy finds something, or does not look at the wheel
    """
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    (packages,) = folder.glob("lib/python*/site-packages")
    run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(packages)])
    # what stands in a path file of that folder is not followed: the checkout, which is installed so, stays out
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run([str(python), "-c", "import airflow_provider_pipelines as it; print(it.__file__)"], cwd=folder)
    if not where.strip().startswith(str(packages)):
        raise Failure("the installed wheel is not what is found there.", [where])
    script = shutil.copy(SCRIPT, folder / SCRIPT.name)
    mypy = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-executable", str(python)]
    run([*mypy, "--cache-dir", str(ROOT / ".mypy_cache" / "as-a-user"), str(script)], cwd=folder)


def run(command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """
    Run a command.

    :raises Failure: it fails
    """
    shown = subprocess.run(command, env=env, cwd=cwd, capture_output=True, text=True, check=False)
    if shown.returncode:
        told = (shown.stdout + shown.stderr).splitlines()
        raise Failure(f"'{' '.join(Path(word).name for word in command[:4])} ...' failed.", told[-25:])
    return shown.stdout
