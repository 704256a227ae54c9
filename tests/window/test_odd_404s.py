"""A window over two things behind a gateway that now and then knows no such API: nothing counts as gone for that."""

from contextlib import suppress

import pytest

from airflow_provider_pipelines.window.phases.restore import NotRestored
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.odd404 import ODD
from tests.support.playing import BUILD, START, WIND, Window, statuses, world
from tests.support.scenes import begin

EVERY_ODD = pytest.mark.parametrize("odd", ODD)
FOR_EVER = 10**6
#: two things of each service, and the operations that show them
FLEETS = {
    "enos": (EnosPipelines(pipeline_ids=[WIND(1), WIND(2)], start=START), ("list_pipelines",)),
    "dli": (DliJobs(job_ids=[101, 102]), ("show_flink_job",)),
    "codearts": (
        CodeArtsPipelines(pipeline_ids=[BUILD(1), BUILD(2)]),
        ("list_pipelines", "show_pipeline_detail", "list_pipeline_runs", "list_pipeline_queue"),
    ),
}


@pytest.fixture(params=FLEETS)
def service(request):
    return request.param


@pytest.fixture
def two(fleet, turned, service):
    begin(fleet, world(**{"enos": 0, "dli": 0, "codearts": 0, service: 2}))
    target, _ = FLEETS[service]
    return Window(turned, [target])


def unknown(fleet, service, odd, times=FOR_EVER):
    for operation in FLEETS[service][1]:
        fleet.fault(operation, service=service, kind="reply", status=404, body=ODD[odd], times=times)


@EVERY_ODD
@pytest.mark.parametrize("times", [2, 7])
def test_things_that_cannot_be_seen_for_a_while_come_back(fleet, two, service, odd, times):
    before = statuses(fleet.state())
    two.snapshot()
    two.quiesce()
    unknown(fleet, service, odd, times)
    for _ in range(10):
        # what this attempt does not see at all the next one brings back, as Airflow would try again
        with suppress(NotRestored):
            report = two.restore()
            break
    assert report["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert two.verdict() == []


@EVERY_ODD
def test_things_that_can_never_be_seen_are_not_back(fleet, two, service, odd):
    two.snapshot()
    two.quiesce()
    unknown(fleet, service, odd)
    with pytest.raises(NotRestored):
        two.restore()
    assert two.verdict()


@EVERY_ODD
def test_work_does_not_begin_on_things_that_cannot_be_seen(fleet, two, service, odd):
    two.snapshot()
    before = statuses(fleet.state())
    unknown(fleet, service, odd)
    with pytest.raises(Exception, match="404"):
        two.quiesce()
    assert statuses(fleet.state()) == before


@EVERY_ODD
def test_a_snapshot_of_what_cannot_be_seen_is_none(fleet, two, service, odd):
    unknown(fleet, service, odd)
    with pytest.raises(Exception, match="404"):
        two.snapshot()
