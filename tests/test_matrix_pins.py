"""The package goes with the pins of every supported release's day, and needs nothing beside them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts.matrix.installed import uv as path_of_uv
from scripts.matrix.versions import NEWEST, OLDEST, PLACES

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def uv(*arguments, timeout=300):
    return subprocess.run([path_of_uv(), *arguments], capture_output=True, text=True, timeout=timeout, check=False)


def pinned(place):
    return dict(line.split("==") for line in place.pins.read_text().splitlines())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_wheel_resolves_under_the_pins_of_a_release_day(wheel, place, tmp_path):
    wanted = tmp_path / "wanted.in"
    wanted.write_text(f"apache-airflow=={place.airflow}\nairflow-provider-pipelines[emulator] @ {wheel.as_uri()}\n")
    found = uv(
        "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-version", place.python,
        "--constraint", str(place.pins), str(wanted),
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    resolved = {line.split("==")[0]: line for line in found.stdout.splitlines() if "==" in line}
    pins = pinned(place)
    assert {name: line for name, line in resolved.items() if line != f"{name}=={pins.get(name)}"} == {}


@pytest.mark.parametrize("place", [OLDEST, NEWEST], ids=lambda place: place.name)
def test_everything_can_be_imported_on_the_oldest_and_the_newest(wheel, place, tmp_path):
    python = tmp_path / "venv" / "bin" / "python"
    assert (made := uv("venv", "--quiet", "--python", sys.executable, str(python.parents[1]))).returncode == 0, made
    pip = ("pip", "install", "--quiet", "--python", str(python))
    assert (put := uv(*pip, "-r", str(place.pins), str(wheel), timeout=600)).returncode == 0, put.stderr
    shown = subprocess.run(
        [python, ROOT / "scripts" / "matrix" / "importing.py"], capture_output=True, text=True, timeout=300,
        check=False, cwd=tmp_path,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert '"problems": []' in shown.stdout


def test_pins_are_small_files_without_addresses():
    for file in (ROOT / "tests" / "matrix").glob("airflow-*.txt"):
        lines = file.read_text().splitlines()
        assert 100 < len(lines) < 200
        assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+==[\w.+!]+", line)] == []


def test_each_release_has_pins_and_no_pins_are_left_over():
    used = {place.pins for place in PLACES}
    assert set((ROOT / "tests" / "matrix").glob("airflow-*.txt")) == used
    assert all(pinned(place)["apache-airflow"] == place.airflow for place in PLACES)


def test_each_lower_bound_is_what_the_oldest_release_was_tested_with():
    pins = pinned(OLDEST)
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        assert pins[requirement.name].split(".")[:2] == bound.version.split(".")[:2], text


def test_common_compat_is_not_asked_for():
    assert [text for text in PROJECT["dependencies"] if "common-compat" in text] == []


def test_the_part_of_the_tests_that_meets_airflow_is_there():
    for name in (ROOT / "tests" / "matrix" / "suite.txt").read_text().split():
        assert (ROOT / name).exists(), name
