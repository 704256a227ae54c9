"""A window over two jobs behind a gateway that now and then knows no such API: nothing counts as gone for that."""

import pytest

from airflow_provider_pipelines.window.phases.restore import NotRestored
from airflow_provider_pipelines.window.targets import DliJobs
from tests.support.odd404 import ODD
from tests.support.playing import Window, statuses, world
from tests.support.scenes import begin

EVERY_ODD = pytest.mark.parametrize("odd", ODD)
FOR_EVER = 10**6


@pytest.fixture
def two(fleet, turned):
    begin(fleet, world(enos=0, dli=2))
    return Window(turned, [DliJobs(job_ids=[101, 102])])


def unknown(fleet, odd, times=FOR_EVER, skip=0):
    fleet.fault("show_flink_job", service="dli", kind="reply", status=404, body=ODD[odd], times=times, skip=skip)


@EVERY_ODD
@pytest.mark.parametrize("times", [2, 7])
def test_jobs_that_cannot_be_seen_for_a_while_come_back(fleet, two, odd, times):
    before = statuses(fleet.state())
    two.snapshot()
    two.quiesce()
    unknown(fleet, odd, times=times)
    try:
        report = two.restore()
    except NotRestored:
        # not seen at all by this attempt: the next one goes on
        report = two.restore()
    assert report["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert two.verdict() == []


@EVERY_ODD
def test_jobs_that_can_never_be_seen_are_not_back(fleet, two, odd):
    two.snapshot()
    two.quiesce()
    unknown(fleet, odd)
    with pytest.raises(NotRestored):
        two.restore()
    assert two.verdict()


@EVERY_ODD
def test_work_does_not_begin_on_jobs_that_cannot_be_seen(fleet, two, odd):
    two.snapshot()
    unknown(fleet, odd)
    with pytest.raises(Exception, match=r"101|404"):
        two.quiesce()
    assert {status for (service, _), status in statuses(fleet.state()).items() if service == "dli"} == {"job_running"}


@EVERY_ODD
def test_a_snapshot_of_what_cannot_be_seen_is_none(fleet, two, odd):
    unknown(fleet, odd)
    with pytest.raises(Exception, match="404"):
        two.snapshot()
