"""``status``: the fleet of a connection."""

import json

import pytest

from airflow_provider_pipelines.commands import fleets
from airflow_provider_pipelines.dli.api.flink.models import FlinkJob
from tests.commands.conftest import RUN
from tests.support.playing import BUILD, WIND


def of(service, shown):
    return {one["id"]: one for one in shown.data["things"] if one["service"] == service}


def test_enos_shows_user_and_system_pipelines(desk, fleet):
    seed = fleet.state()
    (org,) = seed["enos"]["orgs"].values()
    some = next(iter(org["pipelines"]))
    shown = desk("status", "--conn-id", "enos_default", "--json")
    assert (shown.code, shown.err) == (0, "")
    assert set(of("enos", shown)) == set(org["pipelines"])
    one = of("enos", shown)[some]
    assert (one["status"], one["meaning"], one["system"], one["window"]) == ("RUNNING", "runs", False, None)
    # the format of EnOS's times is not known: shown as it is
    assert isinstance(one["since"], str)
    assert one["age_seconds"] is None


def test_huaweicloud_shows_jobs_and_pipelines(desk):
    shown = desk("status", "--conn-id", "huaweicloud_default", "--json")
    assert shown.code == 0
    assert set(of("dli", shown)) == {101, 102, 103, 104}
    assert set(of("codearts", shown)) == {BUILD(1)}
    assert of("codearts", shown)[BUILD(1)]["status"] == "ENABLED"


def test_the_table_is_for_people(desk):
    shown = desk("status", "--conn-id", "huaweicloud_default")
    assert shown.code == 0
    assert "\x1b" not in shown.out
    title, *rows = shown.out.splitlines()
    assert title.split() == ["service", "name", "id", "status", "since", "age", "last", "run", "window"]
    assert next(row.split()[:4] for row in rows if row.startswith("dli")) == ["dli", "agg-1", "101", "job_running"]


def test_a_pattern_chooses_by_the_whole_name(desk):
    shown = desk("status", "--conn-id", "enos_default", "--name-pattern", "wind-[12]", "--json")
    assert {one["name"] for one in shown.data["things"]} == {"wind-1", "wind-2"}
    shown = desk("status", "--conn-id", "enos_default", "--name-pattern", "Wind-*")
    assert (shown.code, shown.out) == (0, "")
    assert "Nothing matches" in shown.err


def test_a_thing_in_an_open_window_says_which_one(desk, played, database):
    played("snapshot", "quiesce")
    database.run_is("running")
    shown = desk("status", "--conn-id", "enos_default", "--json")
    assert of("enos", shown)[WIND(1)]["window"] == f"nightly/window/{RUN}"
    assert of("enos", shown)[WIND(1)]["window_says"] == "stopped"
    assert of("dli", desk("status", "--conn-id", "huaweicloud_default", "--json"))[101]["window"]
    assert f"nightly/window/{RUN}: stopped" in desk("status", "--conn-id", "enos_default").out
    assert desk("restore", "nightly/window", "--yes").code == 0
    assert of("enos", desk("status", "--conn-id", "enos_default", "--json"))[WIND(1)]["window"] is None


def test_a_service_that_fails_does_not_hide_the_other(desk, fleet):
    fleet.fault("list_pipelines", service="codearts", times=99, kind="reply", status=403, body={})
    shown = desk("status", "--conn-id", "huaweicloud_default", "--json")
    assert shown.code == 1
    assert [error["service"] for error in shown.data["errors"]] == ["codearts"]
    assert len(of("dli", shown)) == 4
    assert "codearts:" in shown.err


def without(fleet, *fields):
    connection = json.loads(fleet.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    connection["extra"] = {name: value for name, value in connection["extra"].items() if name not in fields}
    return {"AIRFLOW_CONN_HUAWEICLOUD_DEFAULT": json.dumps(connection)}


def test_a_service_that_a_connection_is_not_meant_for_is_no_failure(desk, fleet):
    shown = desk("status", "--conn-id", "huaweicloud_default", **without(fleet, "codearts_project_id"))
    assert shown.code == 0
    assert "codearts:" in shown.err
    assert "agg-1" in shown.out
    bare = without(fleet, "codearts_project_id", "dli_endpoint", "region")
    assert desk("status", "--conn-id", "huaweicloud_default", **bare).code == 2


def test_an_unknown_connection_is_wrong_usage(desk):
    shown = desk("status", "--conn-id", "nowhere")
    assert (shown.code, shown.out) == (2, "")
    assert "AIRFLOW_CONN_NOWHERE" in shown.err
    shown = desk("status", "--conn-id", "web", AIRFLOW_CONN_WEB="http://example.com")
    assert shown.code == 2
    assert "type 'http'" in shown.err


def test_refused_credentials_are_no_unknown_connection(desk, fleet):
    connection = {**json.loads(fleet.env["AIRFLOW_CONN_ENOS_DEFAULT"]), "password": "wrong"}
    shown = desk("status", "--conn-id", "enos_default", AIRFLOW_CONN_ENOS_DEFAULT=json.dumps(connection))
    assert (shown.code, shown.out) == (1, "")
    assert "enos:" in shown.err


@pytest.mark.parametrize(
    ("job", "since", "failed"),
    [
        ({"status": "job_running", "start_time": 5000, "create_time": 1000, "update_time": 2000}, 5.0, False),
        ({"status": "job_init", "start_time": None, "create_time": 1000}, 1.0, False),
        ({"status": "job_cancel_success", "start_time": 5000, "update_time": 7000}, 7.0, False),
        ({"status": "job_running", "start_time": 0}, None, False),
        ({"status": "job_running_exception", "update_time": "7000"}, 7.0, True),
        ({"status": "job_of_tomorrow"}, None, False),
    ],
)
def test_the_age_of_a_jobs_status_is_told_where_dli_tells_it(job, since, failed):
    class Api:
        def list_flink_jobs(self):
            yield from ()
            return [FlinkJob.model_validate({"job_id": 1, **job})]

    with pytest.raises(StopIteration) as end:
        next(fleets.dli(Api()))
    (row,) = end.value.value
    assert (row.since, row.failed) == (since, failed)
