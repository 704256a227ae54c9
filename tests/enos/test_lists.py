"""The operator that lists pipelines."""

import pytest

from airflow_provider_pipelines.enos.operators import EnosListPipelinesOperator
from tests.enos.conftest import RUNNING
from tests.support.airflow import AirflowFailException
from tests.support.modes import context_of, on


def listed(clock, **arguments):
    return on(EnosListPipelinesOperator(task_id="t", **arguments), clock).execute(context_of())


def test_the_list_feeds_other_operators(emulator, clock):
    rows = listed(clock)
    assert len(rows) == 13
    assert {"pipeline_id": RUNNING, "name": "wind-1", "status": "RUNNING"} in rows
    assert [row["name"] for row in listed(clock, name_pattern="solar-*", status="PAUSED")] == ["solar-paused"]
    assert listed(clock, name_pattern="SOLAR-*") == []
    assert listed(clock, name_pattern="solar") == []


@pytest.mark.parametrize("arguments", [{"name_pattern": 3}, {"name_pattern": ""}, {"status": "None"}, {"status": []}])
def test_a_filter_that_is_none_is_named(emulator, clock, arguments):
    with pytest.raises(AirflowFailException, match=next(iter(arguments))):
        listed(clock, **arguments)
    assert emulator.calls() == []
