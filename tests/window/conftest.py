import pytest

from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.conftest import Emulator, SteppedClock
from tests.support.playing import BUILD, START, Window, forget_credentials, world


@pytest.fixture(scope="session")
def fleet_server():
    running = Emulator(world(enos=4, dli=4, codearts=1))
    yield running
    running.stop()


@pytest.fixture
def fleet(fleet_server, monkeypatch):
    """A small fleet, all of it running."""
    fleet_server.reset()
    for name, value in fleet_server.env.items():
        monkeypatch.setenv(name, value)
    forget_credentials()
    return fleet_server


@pytest.fixture
def turned(fleet):
    return SteppedClock(fleet)


def all_targets(**more):
    return [
        EnosPipelines(name_pattern="wind-*", start=START, **more.get("enos", {})),
        DliJobs(name_pattern="agg-*", **more.get("dli", {})),
        CodeArtsPipelines(pipeline_ids=[BUILD(1)], **more.get("codearts", {})),
    ]


@pytest.fixture
def window(turned):
    return Window(turned, all_targets())
