"""Whatever goes wrong in a night, in the end everything is as it was: random schedules, each from its seed."""

from __future__ import annotations

import pytest

from tests.support.random_nights import Night, told

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

SCHEDULES = 320


@pytest.mark.parametrize("seed", range(SCHEDULES), ids="seed{}".format)
def test_everything_is_brought_back_whatever_goes_wrong(seed, monkeypatch):
    night = Night(seed)
    for name, value in night.services.env.items():
        monkeypatch.setenv(name, value)
    assert not night.play(), told(night)
