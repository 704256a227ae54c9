"""What the log tells while a window works: each change, and once a minute how far things are."""

import itertools
import re

import pytest

from tests.support.playing import BUILD, WIND, Window, world
from tests.support.scenes import begin, change
from tests.window.conftest import all_targets

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

LINE = re.compile(r"(\d+)/(\d+) (stopped|back), (\d+) waiting: (.+)")


@pytest.fixture
def timed(fleet, turned):
    """A window whose lines carry their time."""

    def make(**more):
        begin(fleet, world(enos=6, dli=6, codearts=1, **more))
        window = Window(turned, all_targets())
        window.told = []
        window.dependencies.tell = lambda line: window.told.append((turned.time(), line))
        return window

    return make


def gaps(told, begun, ended):
    times = [begun, *(at for at, _ in told), ended]
    return [later - earlier for earlier, later in itertools.pairwise(times)]


@pytest.mark.parametrize("poll_interval", [5.0, 30.0, 600.0])
def test_there_is_a_line_at_least_once_a_minute(fleet, turned, timed, poll_interval):
    window = timed(
        pipeline={"pause_seconds": 900.0, "start_seconds": 200.0},
        job={"cancel_seconds": 700.0, "submit_seconds": 800.0},
    )
    window.poll_interval = poll_interval
    window.snapshot()
    for work in (window.quiesce, window.restore):
        window.told.clear()
        begun = turned.time()
        work()
        assert turned.time() - begun > 600
        assert max(gaps(window.told, begun, turned.time())) <= 61
    assert any(LINE.fullmatch(line) for _, line in window.told)


def test_a_line_says_how_many_are_done_and_names_the_slow_ones(fleet, turned, timed):
    window = timed()
    change(fleet, "enos", WIND(2), pause_seconds=300.0)
    change(fleet, "dli", 105, cancel_seconds=300.0)
    change(fleet, "dli", 106, cancel_seconds=300.0)
    window.snapshot()
    window.quiesce()
    found = [match for _, line in window.told if (match := LINE.fullmatch(line))]
    assert 3 <= len(found) <= 6
    for match in found:
        assert match.groups()[:4] == ("10", "13", "stopped", "3")
        assert match[5].split(", ") == [f"wind-2 ({WIND(2)})", "agg-5 (105)", "agg-6 (106)"]


def test_a_long_list_of_slow_ones_is_cut(fleet, turned, timed):
    window = timed(pipeline={"pause_seconds": 300.0})
    window.snapshot()
    window.quiesce()
    found = [match for _, line in window.told if (match := LINE.fullmatch(line))]
    assert found[0][5].endswith(f"wind-5 ({WIND(5)}) and 1 more")


def test_each_change_of_state_has_one_line_with_the_name_before_the_id(fleet, turned, timed):
    window = timed()
    window.snapshot()
    window.quiesce()
    lines = [line for _, line in window.told]
    for n in range(1, 7):
        assert lines.count(f"wind-{n} ({WIND(n)}): RUNNING -> PAUSING") == 1
        assert lines.count(f"wind-{n} ({WIND(n)}): PAUSING -> PAUSED") == 1
        assert lines.count(f"agg-{n} ({100 + n}): job_running -> job_canceling") == 1
        assert lines.count(f"agg-{n} ({100 + n}): job_canceling -> job_cancel_success") == 1
    assert lines.count(f"build-1 ({BUILD(1)}): ENABLED -> DISABLED") == 1
    window.told.clear()
    window.restore()
    lines = [line for _, line in window.told]
    for n in range(1, 7):
        assert len([line for line in lines if line.startswith(f"wind-{n} (") and line.endswith(" -> RUNNING")]) == 1
        assert lines.count(f"agg-{n} ({100 + n}): job_submitting -> job_running") == 1


def test_no_line_begins_with_a_bare_id(fleet, turned, timed):
    window = timed()
    change(fleet, "enos", WIND(3), refuses_pause=1, refuses_start=1)
    change(fleet, "dli", 103, refuses_stop=1, refuses_start=1)
    fleet.fault("list_pipelines", times=2, skip=3, kind="reply", status=503)
    window.snapshot()
    window.quiesce()
    window.restore()
    for _, line in window.told:
        assert not re.match(r"[0-9a-f-]{30,}|\d+:", line), line


@pytest.mark.parametrize("seconds", [400.0])
def test_things_that_settle_before_the_snapshot_are_named_once_a_minute(fleet, turned, timed, seconds):
    window = timed()
    change(fleet, "enos", WIND(2), pause_seconds=seconds)
    fleet.thing("enos", WIND(2), "PAUSING")
    begun = turned.time()
    window.snapshot()
    assert turned.time() - begun > seconds - 20
    lines = [
        (at, line) for at, line in window.told if line == f"waiting until it has settled: wind-2 ({WIND(2)}) is PAUSING"
    ]
    assert len(lines) >= seconds // 60 - 1
    assert max(gaps(lines, begun, turned.time())) <= 80
