"""What ``make mutants`` makes of mutmut's notes."""

import json

import pytest

from scripts.mutants import running
from scripts.mutants.verdicts import FOLDER, complete, reopen, scores


@pytest.fixture
def notes(tmp_path, monkeypatch):
    """Give a function that writes what mutmut notes of the mutants of a module."""
    monkeypatch.chdir(tmp_path)
    told = (
        'source_paths = ["p"]\nonly_mutate = ["p/a.py", "p/b.py"]\npytest_add_cli_args_test_selection = ["tests/t.py"]'
    )
    for name, text in {"pyproject.toml": f"[tool.mutmut]\n{told}", "constraints.txt": "", "tests/t.py": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)

    def write(module, *codes):
        path = tmp_path / FOLDER / f"p/{module}.py.meta"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"exit_code_by_key": {f"{module}{n}": code for n, code in enumerate(codes)}}))

    return write


def test_failed_and_endless_tests_kill_and_all_else_survives(notes):
    notes("a", 1, 3, -24, 0, 33, -11, 2, None)
    (score, _) = scores()
    assert (score.killed, score.survivors, score.left) == (3, ("a3", "a4", "a5", "a6"), 1)
    assert score.share == pytest.approx(3 / 7)
    assert not score.enough


@pytest.mark.parametrize(
    ("codes", "enough"),
    [([1] * 17 + [0] * 3, True), ([1] * 16 + [0] * 3, False), ([1] * 20 + [None], False), ([], False)],
)
def test_all_mutants_of_a_module_are_tried_and_85_in_100_noticed(notes, codes, enough):
    notes("a", *codes)
    assert scores()[0].enough is enough


def test_a_mutant_that_was_under_way_when_the_run_was_stopped_is_tried_again(notes):
    notes("a", 1, 2, 0)
    reopen()
    assert (scores()[0].killed, scores()[0].left) == (1, 1)


def test_a_run_goes_on_unless_what_it_is_made_of_has_changed(notes, tmp_path):
    assert running.prepare() is False
    notes("a", 1)
    assert not complete()
    assert running.prepare() is False
    notes("a", 1)
    notes("b", 1)
    assert running.prepare() is True
    assert scores()[1].killed == 1
    (tmp_path / "tests/t.py").write_text("changed")
    assert running.prepare() is False
    assert scores()[1].killed == 0
