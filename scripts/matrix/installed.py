"""An environment for one Airflow: its pins, and the built wheel on top of them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.live.processes import Failure
from scripts.live.stack import clean_environment
from scripts.matrix.versions import ROOT, Place

#: how often a DAG file is imported to see what it costs, and how many modules it may load
PARSES, MOST_MODULES = 7, 40
#: what the part of the tests needs that meets Airflow, beside the package itself
COPIED = ("tests", "scripts", "example_dags", "docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pyproject.toml")


def built_wheel(folder: Path) -> Path:
    """Build the wheel of the checkout."""
    shutil.rmtree(folder, ignore_errors=True)
    _run([uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def uv() -> str:
    """Return the path of uv, which the development tools bring."""
    found = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if found is None:
        raise Failure("there is no uv: run 'make setup' and use its environment.")
    return found


class Environment:
    """
    The environment for one Airflow.

    :param folder: where everything of it goes
    """

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self.home = folder / "home"
        self.venv = folder / "venv"

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.venv / "bin" / "python")

    @property
    def _install(self) -> list[str]:
        # with the bytecode, as pip does: without it each process compiles all of Airflow
        return [uv(), "pip", "install", "--quiet", "--compile-bytecode", "--python", self.python]

    @property
    def variables(self) -> dict[str, str]:
        """The variables for commands that need no running Airflow."""
        return {
            **clean_environment(),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PATH": f"{self.venv / 'bin'}:{os.environ['PATH']}",
        }

    def make(self) -> None:
        """Make it from the pins, unless it is there and they are the same."""
        stamp = self.folder / "pins.sha256"
        pins = hashlib.sha256(self.place.pins.read_bytes()).hexdigest()
        if stamp.is_file() and stamp.read_text() == pins:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        _run([uv(), "venv", "--quiet", "--no-python-downloads", "--python", self.place.python, str(self.venv)])
        _run([*self._install, "--requirement", str(self.place.pins)])
        stamp.write_text(pins)

    def install(self, wheel: Path) -> str:
        """
        Install the wheel on top of the pins, as a user does, and see that nothing else was touched.

        :raises Failure: something was changed, added or does not fit
        """
        pip = [uv(), "pip"]
        python = ["--python", self.python]
        _run([*pip, "uninstall", "--quiet", *python, "airflow-provider-pipelines"])
        before = _run([*pip, "freeze", "--quiet", *python])
        _run([*self._install, str(wheel)])
        after = _run([*pip, "freeze", "--quiet", *python])
        changed = [line for line in set(before.splitlines()) ^ set(after.splitlines()) if wheel.name not in line]
        if changed:
            raise Failure("installing the wheel changed what was installed.", sorted(changed))
        _run([*pip, "check", "--quiet", *python])
        return f"beside {len(before.splitlines())} pins"

    def imports(self) -> str:
        """Import everything; what Airflow calls deprecated is an error."""
        script = ROOT / "scripts" / "matrix" / "importing.py"
        shown = self.run([self.python, str(script)], check=False)
        answer = json.loads(shown.stdout.strip().splitlines()[-1]) if shown.stdout.strip() else {}
        if shown.returncode or answer.get("problems"):
            raise Failure("not everything can be imported.", answer.get("problems") or shown.stderr.splitlines()[-25:])
        return f"{answer['modules']} modules"

    def parses(self) -> str:
        """Import what a DAG file imports, some times. The number of modules is a promise, the time is for readers."""
        script = ROOT / "scripts" / "matrix" / "parsing.py"
        shown = [self.run([self.python, str(script)]).stdout.strip().splitlines()[-1] for _ in range(PARSES)]
        answers = [json.loads(one) for one in shown]
        modules, fastest = len(answers[0]["modules"]), min(answer["ms"] for answer in answers)
        if modules > MOST_MODULES:
            raise Failure(f"a DAG file loads {modules} modules, and not {MOST_MODULES} at most.")
        return f"{modules} modules, {fastest:.0f} ms"

    def suite(self, files: Sequence[str]) -> str:
        """Run a part of the tests against the installed wheel."""
        copy = self.folder / "suite"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, copy / name)
        line = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=short"]
        # what other packages of that day warn of is not ours
        line += ["-o", "filterwarnings=error:::airflow_provider_pipelines", *files]
        shown = self.run(line, cwd=copy, timeout=3600, check=False)
        (self.folder / "suite.log").write_text(shown.stdout + shown.stderr)
        last = (shown.stdout.strip().splitlines() or [""])[-1]
        if shown.returncode:
            raise Failure(f"pytest: {last}", [line for line in shown.stdout.splitlines() if line.startswith("FAILED")])
        return last.partition(" in ")[0]

    def run(
        self,
        command: Sequence[str],
        *,
        more: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout: float = 300,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command with the variables of this environment."""
        shown = subprocess.run(
            command, env={**self.variables, **(more or {})}, cwd=cwd or self.folder, timeout=timeout,
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if check and shown.returncode:
            raise Failure(
                f"'{' '.join(command)}' ends with {shown.returncode}.", (shown.stdout + shown.stderr).splitlines()[-25:]
            )
        return shown


def _run(command: Sequence[str]) -> str:
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    if shown.returncode:
        raise Failure(f"'{' '.join(command[:4])} ...' failed.", shown.stderr.splitlines()[-25:])
    return shown.stdout
