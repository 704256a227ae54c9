from __future__ import annotations

import json

import pytest

from tests.emulator.clients import Enos, Huawei
from tests.emulator.running import start_emulator

SETTLED = {
    "enos": {"PUBLISHED", "RUNNING", "PAUSED", "STOPPED"},
    "codearts": {"COMPLETED", "RUNNING", "FAILED", "CANCELED", "PAUSED", "SUSPEND", "IGNORED"},
    "dli": {
        "job_init",
        "job_submit_fail",
        "job_running",
        "job_running_exception",
        "job_cancel_success",
        "job_cancel_fail",
        "job_arrearage_stopped",
        "job_finish",
        "job_idle",
    },
}


def statuses(state, service):
    (owner,) = next(iter(state[service].values())).values()
    things = owner.get("jobs") or owner["pipelines"]
    if service == "codearts":
        return {run["status"] for pipeline in things.values() for run in pipeline["runs"].values()}
    return {thing["status"] for thing in things.values()}


class TestState:
    @pytest.mark.parametrize("service", SETTLED)
    def test_the_default_world_has_something_in_every_settled_state(self, emulator, service):
        assert SETTLED[service] <= statuses(emulator.state(), service)

    def test_the_default_world_stays_as_it_is(self, emulator):
        before = {service: statuses(emulator.state(), service) for service in SETTLED}
        emulator.advance(3600)
        assert {service: statuses(emulator.state(), service) for service in SETTLED} == before

    def test_the_state_is_a_seed_in_the_middle_of_everything(self, emulator, enos, huawei):
        enos.act("stop", emulator.find("enos", "wind-1"))
        enos.act("start", emulator.find("enos", "solar-stopped"))
        huawei.dli("POST", "/stop", {"job_ids": [128], "trigger_savepoint": True})
        huawei.dli("POST", "/run", {"job_ids": [145]})
        huawei.codearts("POST", f"/{emulator.find('codearts', 'nightly')}/run", {"description": "x"})
        huawei.codearts("POST", f"/{emulator.find('codearts', 'one-at-a-time')}/run", {"description": "y"})
        emulator.advance(1)
        state = emulator.state()
        with start_emulator(json.loads(json.dumps(state))) as other:
            assert other.state() == state
            for one in (emulator, other):
                one.advance(100)
            first, second = emulator.state(), other.state()
            for service in ("enos", "codearts", "dli"):
                assert statuses(first, service) == statuses(second, service)

    def test_a_reset_goes_back_to_the_seed_and_the_first_settings(self, emulator, enos):
        wind = emulator.find("enos", "wind-1")
        enos.act("stop", wind)
        emulator.settings(enos_stop_seconds=1)
        emulator.fault("dli", "*", "drop")
        emulator.reset()
        assert emulator.status("enos", wind) == "RUNNING"
        assert emulator.settings()["enos_stop_seconds"] == 10
        assert (emulator.faults(), emulator.journal()) == ([], [])
        assert enos.list()["code"] == 0

    def test_the_smallest_seeds_are_enough(self):
        seed = {
            "enos": {"orgs": {"o1": {"pipelines": {"a": {"name": "wind-1", "status": "RUNNING", "is_system": False}}}}},
            "codearts": {
                "projects": {
                    "c": {
                        "pipelines": {
                            "p": {"name": "n", "enabled": True, "runs": {"r": {"status": "RUNNING"}}, "queue": []}
                        }
                    }
                }
            },
            "dli": {
                "projects": {"d": {"jobs": {"128": {"name": "agg", "status": "job_running", "savepoint_path": None}}}}
            },
        }
        with start_emulator(seed) as emulator:
            assert Enos(emulator).statuses() == {"a": "RUNNING"}
            assert Huawei(emulator).job(128)["status"] == "job_running"
            emulator.advance(60)
            assert emulator.status("codearts", "r") == "COMPLETED"

    def test_an_empty_seed_is_an_empty_world(self):
        with start_emulator({}) as emulator:
            assert Enos(emulator).statuses() == {}
            assert Huawei(emulator).codearts("POST", "/list", {})["total"] == 0
            assert Huawei(emulator).dli("GET")["error_code"] == "DLI.0016"

    def test_two_projects_are_sub_projects_of_the_region(self):
        with start_emulator({"dli": {"projects": {"d1": {}, "d2": {}}}}) as emulator:
            projects = Huawei(emulator).call("GET", "/v3/projects").json()["projects"]
            assert {one["name"]: one["id"] for one in projects} == {"eu-test-1": "d1", "eu-test-1_sub1": "d2"}


class TestJournal:
    def test_calls_are_written_down_with_all_that_matters(self, emulator, enos, huawei):
        wind = emulator.find("enos", "wind-1")
        enos.act("stop", wind)
        now = emulator.advance(0)
        token, call = emulator.journal()
        assert (token["operation"], token["auth"], token["write"]) == ("get_token", "ok", False)
        assert call.pop("real_at")
        assert call == {
            "n": 2,
            "at": now,
            "service": "enos",
            "operation": "stop_pipeline",
            "ids": [wind],
            "write": True,
            "status": 200,
            "code": 0,
            "auth": "ok",
            "fault": None,
        }

    def test_calls_can_be_read_on_from_a_number(self, emulator, huawei):
        for _ in range(3):
            huawei.dli("GET")
        assert [call["n"] for call in emulator.journal(after=2)] == [3]
        assert emulator.control("GET", "/journal?after=9").json() == {"calls": [], "last": 3}
        assert emulator.control("GET", "/journal?after=x").status_code == 422
        assert len(emulator.control("GET", "/journal").json()["calls"]) == 3

    def test_no_secret_is_written_down(self, emulator, enos, huawei):
        enos.list()
        huawei.dli("GET")
        huawei.token = "a-secret-token"
        huawei.dli("GET")
        text = emulator.control("GET", "/journal").text + emulator.control("GET", "/state").text
        for secret in (enos.key, enos.secret, enos._token, huawei.key, huawei.secret, "a-secret-token"):
            assert secret not in text


class TestThings:
    @pytest.mark.parametrize(
        ("service", "name", "status"),
        [("enos", "wind-1", "STOPPED"), ("dli", "aggregate", "job_running_exception"), ("enos", "wind-1", "MELTED")],
    )
    def test_somebody_else_changes_a_thing(self, emulator, service, name, status):
        id = emulator.find(service, name)
        emulator.thing(service, id, status)
        assert emulator.status(service, id) == status

    def test_what_is_on_its_way_arrives(self, emulator):
        emulator.thing("dli", 146, "job_submitting")
        emulator.thing("enos", emulator.find("enos", "wind-1"), "PAUSING")
        emulator.advance(30)
        assert emulator.status("dli", 146) == "job_running"
        assert emulator.status("enos", emulator.find("enos", "wind-1")) == "PAUSED"

    def test_a_pipeline_of_codearts_is_enabled_or_its_latest_run_changed(self, emulator, huawei):
        nightly, never = (emulator.find("codearts", name) for name in ("nightly", "never-ran"))
        emulator.thing("codearts", nightly, "disabled")
        assert huawei.codearts("GET", f"/{nightly}")["banned"] is True
        emulator.thing("codearts", nightly, "enabled")
        assert huawei.codearts("GET", f"/{nightly}")["banned"] is False
        emulator.thing("codearts", nightly, "INIT")
        assert huawei.codearts("GET", f"/{nightly}/pipeline-runs/detail")["status"] == "RUNNING"
        assert (
            emulator.control("POST", "/things", {"service": "codearts", "id": never, "status": "FAILED"}).status_code
            == 422
        )

    @pytest.mark.parametrize(
        "body",
        [
            None,
            [],
            {"service": "dli", "id": 1, "status": "x"},
            {"service": "obs", "id": 128, "status": "x"},
            {"service": "dli", "id": 128},
            {"service": "dli", "id": 128, "status": "x", "more": 1},
        ],
    )
    def test_a_wrong_change_is_refused(self, emulator, body):
        answer = emulator.control("POST", "/things", body)
        assert (answer.status_code, list(answer.json())) == (422, ["error"])


class TestSettings:
    @pytest.mark.parametrize(
        "settings",
        [
            {"unknown": 1},
            {"dli_is_success": "number"},
            {"enos_transitional": 1},
            {"dli_cancel_seconds": "5"},
            {"dli_cancel_seconds": -1},
            {"dli_cancel_seconds": None},
            {"dli_cancel_seconds": True},
            {"lockout_failures": 1.5},
            [],
        ],
    )
    def test_a_wrong_setting_is_refused_and_changes_nothing(self, emulator, settings):
        before = emulator.settings()
        given = settings if isinstance(settings, list) else {"codearts_run_seconds": 5, **settings}
        answer = emulator.control("POST", "/settings", given)
        assert (answer.status_code, list(answer.json())) == (422, ["error"])
        assert emulator.settings() == before

    def test_some_settings_may_be_null(self, emulator):
        assert emulator.settings(enos_skew_seconds=None)["enos_skew_seconds"] is None


class TestDoor:
    @pytest.mark.parametrize("path", ["/state", "/nothing", "/reset"])
    def test_web_pages_are_kept_out(self, emulator, path):
        answer = emulator.control("POST", path, headers={"Origin": "http://127.0.0.1"})
        assert (answer.status_code, list(answer.json())) == (403, ["error"])

    @pytest.mark.parametrize(
        ("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/state", 405), ("GET", "/advance", 405)]
    )
    def test_unknown_routes_have_the_shape_of_all_errors(self, emulator, method, path, status):
        answer = emulator.control(method, path)
        assert (answer.status_code, list(answer.json())) == (status, ["error"])

    def test_a_body_that_is_no_json_is_refused(self, emulator):
        answer = emulator.control("POST", "/advance", data="{")
        assert (answer.status_code, list(answer.json())) == (400, ["error"])

    @pytest.mark.parametrize("seconds", [None, -1, "5", True])
    def test_time_does_not_run_back(self, emulator, seconds):
        assert emulator.control("POST", "/advance", {"seconds": seconds}).status_code == 422

    def test_a_manual_clock_stands_still(self, emulator):
        first = emulator.control("GET", "/clock").json()
        assert first["mode"] == "manual"
        assert emulator.advance(2.5) == first["now"] + 2500

    def test_a_real_clock_runs_faster(self):
        with start_emulator({}, clock="real", speed=1000) as emulator:
            first = emulator.control("GET", "/clock").json()["now"]
            assert emulator.advance(60) >= first + 60_000
            calls = 0
            while emulator.control("GET", "/clock").json()["now"] < first + 61_000:
                calls += 1
                assert calls < 1000
