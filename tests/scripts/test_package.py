"""What ``make dist`` takes for a good wheel and a good sdist, and what it refuses."""

import tomllib

import pytest

from airflow_provider_pipelines.provider import get_provider_info
from scripts.package import building
from scripts.package.contents import Archive, read, sdist_problems, tracked, wheel_problems

PACKAGE = "airflow_provider_pipelines"
CHECKOUT = {
    *(f"{PACKAGE}/{name}" for name in ("__init__.py", "provider.py", "py.typed", "emulator/__main__.py")),
    *("tests/test_a.py", "example_dags/a.py", "README.md", "LICENSE", ".ci/run", ".git-blame-ignore-revs"),
}
METADATA = """Metadata-Version: 2.4
Name: airflow-provider-pipelines
Version: 0.1.0
Summary: Pipelines
Project-URL: Documentation, https://example.com/
License-Expression: Apache-2.0
License-File: LICENSE
Requires-Python: >=3.11
Description-Content-Type: text/markdown

# Title

| a | b |
| --- | --- |
| 1 | 2 |
"""
COMMANDS = """[console_scripts]
airflow-pipelines = a:main
pipelines-emulator = b:main
[apache_airflow_provider]
provider_info = c:info
"""


def wheel(without=(), metadata=METADATA, commands=COMMANDS, **more):
    about = "airflow_provider_pipelines-0.1.0.dist-info"
    files = {name: b"" for name in CHECKOUT if name.startswith(PACKAGE)}
    files |= {f"{about}/{name}": b"" for name in ("RECORD", "WHEEL", "licenses/LICENSE")}
    files |= {f"{about}/METADATA": metadata.encode(), f"{about}/entry_points.txt": commands.encode()}
    files |= {name: content.encode() for name, content in more.items()}
    return Archive(
        "airflow_provider_pipelines-0.1.0-py3-none-any.whl",
        {name: content for name, content in files.items() if not name.endswith(tuple(without) or "?")},
    )


def sdist(without=(), metadata=METADATA, **more):
    names = {name for name in CHECKOUT if not name.startswith(".")} | set(more)
    files = {name: b"" for name in names if name not in without} | {"PKG-INFO": metadata.encode()}
    return Archive("airflow_provider_pipelines-0.1.0.tar.gz", files)


def test_a_good_wheel_and_a_good_sdist_are_taken():
    assert wheel_problems(wheel(), CHECKOUT) == []
    assert sdist_problems(sdist(), CHECKOUT) == []


@pytest.mark.parametrize(
    "name", ["tests/test_a.py", "scripts/demo/play.py", "example_dags/a.py", f"{PACKAGE}/left_over.py", ".env"]
)
def test_a_wheel_with_something_else_in_it_is_refused(name):
    assert wheel_problems(wheel(**{name: ""}), CHECKOUT) == [f"{name} does not belong there"]


@pytest.mark.parametrize("name", [f"{PACKAGE}/py.typed", f"{PACKAGE}/provider.py", "licenses/LICENSE"])
def test_a_wheel_that_lacks_something_is_refused(name):
    (problem,) = wheel_problems(wheel(without=[name]), CHECKOUT)
    assert problem.endswith(f"{name} is missing")


def test_what_everybody_needs_is_missed_also_where_the_checkout_has_lost_it():
    left = CHECKOUT - {f"{PACKAGE}/py.typed"}
    assert wheel_problems(wheel(without=["py.typed"]), left) == [f"{PACKAGE}/py.typed is missing"]


@pytest.mark.parametrize("name", ["tests/test_a.py", "example_dags/a.py", "LICENSE"])
def test_an_sdist_that_lacks_something_is_refused(name):
    assert sdist_problems(sdist(without=[name]), CHECKOUT) == [f"{name} is missing"]


def test_an_sdist_with_something_else_in_it_is_refused():
    assert sdist_problems(sdist(**{"notes.txt": ""}), CHECKOUT) == ["notes.txt does not belong there"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Documentation,", "Home,", "Project-URL 'Documentation'"),
        ("License-Expression: Apache-2.0\n", "", "no License-Expression"),
        ("License-Expression: Apache-2.0", "License-Expression: Whatever I like", "the metadata is refused"),
        ("Version: 0.1.0", "Version: newest", "the metadata is refused"),
        ("text/markdown", "text/plain", "not Markdown"),
        ("# Title", "Title", "does not render"),
        ("| --- | --- |\n", "", "does not render"),
    ],
)
def test_metadata_that_an_index_or_airflow_would_not_show_is_refused(old, new, problem):
    assert old in METADATA
    for problems in (
        wheel_problems(wheel(metadata=METADATA.replace(old, new)), CHECKOUT),
        sdist_problems(sdist(metadata=METADATA.replace(old, new)), CHECKOUT),
    ):
        assert [found for found in problems if problem in found], problems


def test_a_wheel_without_its_commands_is_refused():
    (problem,) = wheel_problems(wheel(commands=COMMANDS.replace("pipelines-emulator", "emulator")), CHECKOUT)
    assert "'pipelines-emulator'" in problem


def test_two_builds_that_differ_are_told_apart(tmp_path):
    for folder, content in (("one", "1"), ("other", "2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same").write_text("")
        (tmp_path / folder / "changed").write_text(content)
    (tmp_path / "other" / "more").write_text("")
    one, other = (list((tmp_path / folder).iterdir()) for folder in ("one", "other"))
    assert building.differing(one, other) == ["changed", "more"]
    assert building.differing(one, one) == []


def test_what_the_checkout_builds_is_good(tmp_path):
    built_sdist, built_wheel = sorted(building.build(tmp_path / "dist", "1767225600"), key=lambda file: file.suffix)
    checkout = tracked(building.ROOT)
    assert wheel_problems(read(built_wheel), checkout) == []
    assert sdist_problems(read(built_sdist), checkout) == []


def test_the_addresses_of_the_project_are_pages_that_the_provider_links_already():
    urls = tomllib.loads((building.ROOT / "pyproject.toml").read_text())["project"]["urls"]
    linked = {one["external-doc-url"] for one in get_provider_info()["integrations"]}
    assert set(urls.values()) == linked
