"""What targets may say while a DAG is parsed, and what tasks are told of them."""

import pytest

from airflow_provider_pipelines.errors import ArgumentError
from airflow_provider_pipelines.window.targets import (
    TARGETS,
    CodeArtsPipelines,
    DliJobs,
    EnosPipelines,
    Target,
    target_from_json,
)

ENOS = {
    "target": "EnosPipelines", "pipeline_ids": None, "name_pattern": "wind-*", "exclude": (), "how": "pause",
    "start": None, "org_id": None, "enos_conn_id": "enos_default", "allow_empty": False,
}  # fmt: skip
DLI = {
    "target": "DliJobs", "job_ids": [128], "name_pattern": None, "exclude": (), "trigger_savepoint": False,
    "on_missing_savepoint": "fail", "project_id": None, "region": None,
    "huaweicloud_conn_id": "huaweicloud_default", "allow_empty": False,
}  # fmt: skip
CODEARTS = {
    "target": "CodeArtsPipelines", "pipeline_ids": ["p"], "running": "wait", "project_id": None, "region": None,
    "huaweicloud_conn_id": "huaweicloud_default", "allow_empty": False,
}  # fmt: skip


def refused(make, said):
    with pytest.raises(ArgumentError) as caught:
        make()
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("target", "written", "place"),
    [
        (EnosPipelines(name_pattern="wind-*"), ENOS, ("org_id", "enos_conn_id")),
        (DliJobs(job_ids=[128]), DLI, ("project_id", "region", "huaweicloud_conn_id")),
        (CodeArtsPipelines(pipeline_ids=["p"]), CODEARTS, ("project_id", "region", "huaweicloud_conn_id")),
    ],
)
def test_a_target_is_written_as_plain_values_and_read_again(target, written, place):
    assert target.to_json() == written
    assert target_from_json(written) == target
    assert written["target"] == type(target).__name__, "what was given to be read is left as it was"
    assert target.place() == {name: written[name] for name in ("target", *place)}


def test_every_target_is_known_by_its_name():
    assert list(TARGETS.items()) == [
        ("EnosPipelines", EnosPipelines), ("DliJobs", DliJobs), ("CodeArtsPipelines", CodeArtsPipelines),
    ]  # fmt: skip
    assert [kind.service for kind in TARGETS.values()] == ["enos", "dli", "codearts"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: EnosPipelines(), "EnosPipelines: names nothing. Give pipeline_ids or name_pattern."),
        (lambda: DliJobs(), "DliJobs: names nothing. Give job_ids or name_pattern."),
        (lambda: CodeArtsPipelines(pipeline_ids=None), "CodeArtsPipelines: names nothing. Give pipeline_ids."),
        (
            lambda: EnosPipelines(name_pattern="x", how="halt"),
            "EnosPipelines.how: 'halt' is not possible. Possible are pause, stop.",
        ),
        (
            lambda: DliJobs(job_ids=[1], on_missing_savepoint=""),
            "DliJobs.on_missing_savepoint: '' is not possible. Possible are fail, start_clean.",
        ),
        (
            lambda: CodeArtsPipelines(pipeline_ids=["p"], running="kill"),
            "CodeArtsPipelines.running: 'kill' is not possible. Possible are wait, stop, leave.",
        ),
        (
            lambda: target_from_json({**ENOS, "how": "halt"}),
            "EnosPipelines.how: 'halt' is not possible. Possible are pause, stop.",
        ),
    ],
)
def test_what_can_never_be_right_is_refused_with_what_would_be(make, said):
    refused(make, said)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EnosPipelines(pipeline_ids=[]),
        lambda: EnosPipelines(name_pattern="wind-*"),
        lambda: EnosPipelines(name_pattern=""),
        lambda: DliJobs(job_ids=()),
        lambda: DliJobs(name_pattern="agg-*"),
        lambda: CodeArtsPipelines(pipeline_ids=[]),
        lambda: EnosPipelines(name_pattern="x", how="{{ params.how }}"),
        lambda: EnosPipelines(name_pattern="x", how=object()),
        *(lambda how=how: EnosPipelines(name_pattern="x", how=how) for how in ("pause", "stop")),
        *(lambda word=word: DliJobs(job_ids=[1], on_missing_savepoint=word) for word in ("fail", "start_clean")),
        *(lambda word=word: CodeArtsPipelines(pipeline_ids=[1], running=word) for word in ("wait", "stop", "leave")),
    ],
)
def test_what_may_be_right_is_left_to_the_task(make):
    make()


def test_a_target_of_no_kind_says_nothing():
    bare = object.__new__(Target)
    for name in ("ids", "choices"):
        with pytest.raises(AttributeError):
            getattr(bare, name)
