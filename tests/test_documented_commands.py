"""The commands that README, CONTRIBUTING and docs name are there and do something."""

import json
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()


def code(text):
    """Give what a page shows as code: in a line, and in blocks for a shell."""
    blocks = re.findall(r"^```(?:bash)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return [*re.findall(r"`([^`]+)`", prose), *(line for block in blocks for line in block.splitlines())]


SHOWN = [(page, piece) for page in PAGES for piece in code(page.read_text())]


def made(piece):
    """Give targets and variables of a call of make."""
    words = shlex.split(piece)[1:] if piece.startswith("make ") else []
    targets = [word for word in words if re.fullmatch("[a-z]+", word)]
    return targets, [word.partition("=")[0] for word in words if "=" in word]


def selections():
    """Give the arguments of each call of pytest that is shown."""
    for page, piece in SHOWN:
        if (found := re.search(r'PYTEST_ARGS="(.*)"', piece)) or (found := re.search(r"(?:^|\s)pytest (.+)", piece)):
            yield page.name, found[1]


def test_each_target_that_is_shown_is_there():
    calls = [(page.name, piece) for page, piece in SHOWN if made(piece)[0]]
    assert len(calls) > 10
    assert [(page, piece) for page, piece in calls if not set(made(piece)[0]) <= TARGETS] == []


def test_each_variable_that_is_shown_means_something():
    shown = {name for _, piece in SHOWN for name in made(piece)[1]}
    assert {"KEEP", "PYTHON"} <= shown
    assert {name for name in shown if f"$({name})" not in MAKEFILE and f",$({name})" not in MAKEFILE} == set()


def test_each_target_with_an_explanation_is_told_of():
    explained = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    assert {"dist", "bench", "matrix"} <= explained
    told = {target for piece in code(CONTRIBUTING) for target in made(piece)[0]}
    assert explained - told == set()


def test_each_module_that_is_run_is_there():
    names = {found[1] for _, piece in SHOWN if (found := re.search(r"python -m ([\w.]+)", piece))}
    assert "scripts.reference" in names
    assert [name for name in names if find_spec(name) is None] == []


def test_each_path_of_the_repository_is_there():
    paths = {
        piece for piece in code(CONTRIBUTING) if re.fullmatch(r"(tests|scripts|docs|example_dags)/[a-z_/.]+", piece)
    }
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_each_call_of_pytest_selects_something():
    calls = list(selections())
    assert len(calls) >= 3
    # all in one process: most of the time goes into loading Airflow
    collect = ["--collect-only", "-qq", "-p", "no:cacheprovider"]
    lines = [[*collect, *shlex.split(arguments)] for _, arguments in calls]
    program = "import json, sys, pytest; print(json.dumps([pytest.main(line) for line in json.loads(sys.argv[1])]))"
    shown = subprocess.run(
        [sys.executable, "-c", program, json.dumps(lines)], cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    codes = json.loads(shown.stdout.splitlines()[-1])
    assert [call for call, code in zip(calls, codes, strict=True) if code != pytest.ExitCode.OK] == []
