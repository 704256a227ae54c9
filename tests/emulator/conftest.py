from __future__ import annotations

import pytest

from tests.emulator.clients import Enos, Huawei
from tests.emulator.running import start_emulator


@pytest.fixture(scope="session")
def shared_emulator():
    with start_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator):
    """The default world, with a clock that stands still."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture
def enos(emulator):
    return Enos(emulator)


@pytest.fixture
def huawei(emulator):
    return Huawei(emulator)
