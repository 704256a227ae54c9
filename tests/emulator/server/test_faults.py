from __future__ import annotations

import pytest
import requests

from airflow_provider_pipelines.emulator.server.app import OPERATIONS


@pytest.fixture
def wind(emulator):
    return emulator.find("enos", "wind-1")


@pytest.fixture
def nightly(emulator):
    return emulator.find("codearts", "nightly")


def jobs(huawei):
    return huawei.call("GET", f"/v1.0/{huawei.project}/streaming/jobs")


class TestMeeting:
    def test_a_fault_is_met_as_often_as_asked_after_what_is_skipped(self, huawei, emulator):
        emulator.fault("dli", "list_flink_jobs", "reply", status=503, times=2, skip=1)
        assert [jobs(huawei).status_code for _ in range(4)] == [200, 503, 503, 200]
        assert [call["fault"] for call in emulator.journal()] == [None, "reply", "reply", None]
        assert emulator.faults() == []

    def test_a_fault_waits_for_its_operation_and_id(self, huawei, emulator):
        emulator.fault("dli", "show_flink_job", "reply", status=500, id=137)
        assert jobs(huawei).status_code == 200
        assert huawei.job(128)["job_id"] == 128
        answer = huawei.call("GET", f"/v1.0/{huawei.project}/streaming/jobs/137")
        assert (answer.status_code, answer.content) == (500, b"")

    def test_a_star_meets_any_operation_of_the_service(self, huawei, emulator, enos):
        emulator.fault("iam", "*", "reply", status=500)
        assert jobs(huawei).status_code == 200
        assert huawei.call("GET", "/v3/auth/domains").status_code == 500

    def test_a_call_that_is_refused_meets_no_fault(self, huawei, emulator):
        emulator.fault("dli", "*", "reply", status=500)
        huawei.token = "made-up"
        assert jobs(huawei).status_code == 401
        assert len(emulator.faults()) == 1

    def test_faults_are_met_in_the_order_they_came(self, huawei, emulator):
        for status in (500, 502):
            emulator.fault("dli", "*", "reply", status=status)
        assert [jobs(huawei).status_code for _ in range(3)] == [500, 502, 200]

    def test_faults_can_be_cleared(self, huawei, emulator):
        emulator.fault("dli", "*", "reply", status=500, times=100)
        emulator.clear_faults()
        assert jobs(huawei).status_code == 200

    def test_waiting_faults_look_as_they_came(self, emulator):
        fault = {
            "service": "dli",
            "operation": "*",
            "times": 2,
            "skip": 1,
            "id": "128",
            "fault": {"kind": "delay", "seconds": 1},
        }
        assert emulator.faults(fault) == [fault]


class TestKinds:
    @pytest.mark.parametrize(
        ("body", "sent", "code"),
        [
            ("<html>", b"<html>", None),
            ({"error_code": "APIG.0308"}, b'{"error_code": "APIG.0308"}', "APIG.0308"),
            ([{"code": 5}], b'[{"code": 5}]', 5),
            ([], b"[]", None),
            ({"code": [1]}, b'{"code": [1]}', None),
        ],
    )
    def test_a_reply_is_sent_as_given(self, huawei, emulator, body, sent, code):
        emulator.fault("dli", "batch_stop_flink_jobs", "reply", status=429, headers={"Retry-After": 3}, body=body)
        answer = huawei.call("POST", f"/v1.0/{huawei.project}/streaming/jobs/stop", {"job_ids": [128]})
        assert (answer.status_code, answer.content, answer.headers["Retry-After"]) == (429, sent, "3")
        assert emulator.status("dli", 128) == "job_running"
        assert emulator.journal()[-1]["code"] == code

    def test_a_reply_may_change_any_header_and_have_no_body(self, huawei, emulator):
        emulator.fault("dli", "*", "reply", status=502, headers={"content-TYPE": "text/html"}, body="<html>")
        emulator.fault("dli", "*", "reply", status=204, body="never sent")
        assert jobs(huawei).headers["Content-Type"] == "text/html"
        assert (jobs(huawei).status_code, jobs(huawei).status_code) == (204, 200)

    def test_a_delayed_call_is_executed_at_once(self, huawei, emulator):
        emulator.fault("dli", "batch_stop_flink_jobs", "delay", seconds=0.3)
        path = f"/v1.0/{huawei.project}/streaming/jobs/stop"
        headers = huawei.signed("POST", path, "", b'{"job_ids":[128]}')
        with pytest.raises(requests.Timeout):
            huawei.session.post(huawei.url + path, data=b'{"job_ids":[128]}', headers=headers, timeout=0.1)
        assert emulator.status("dli", 128) == "job_canceling"
        assert emulator.journal()[-1]["fault"] == "delay"

    def test_a_delayed_answer_arrives(self, huawei, emulator):
        emulator.fault("dli", "*", "delay", seconds=0.01)
        assert jobs(huawei).ok

    @pytest.mark.parametrize(("executed", "status"), [(True, "job_canceling"), (False, "job_running")])
    def test_a_dropped_call_has_no_answer(self, huawei, emulator, executed, status):
        emulator.fault("dli", "batch_stop_flink_jobs", "drop", executed=executed)
        with pytest.raises(requests.ConnectionError):
            huawei.dli("POST", "/stop", {"job_ids": [128]})
        assert emulator.status("dli", 128) == status
        assert emulator.journal()[-1]["status"] is None
        assert jobs(huawei).ok

    def test_a_truncated_answer_is_no_json(self, huawei, emulator):
        emulator.fault("dli", "*", "truncate", bytes=20)
        answer = jobs(huawei)
        assert (answer.status_code, len(answer.content)) == (200, 20)
        with pytest.raises(requests.JSONDecodeError):
            answer.json()

    def test_an_error_in_a_200_has_the_shape_of_its_service(self, huawei, emulator, enos, wind, nightly):
        for service in ("enos", "codearts", "dli", "iam"):
            emulator.fault(service, "*", "error_in_200", code="61108", message="broken", times=9)
        assert enos.token().json() == {"status": 61108, "msg": "broken"}
        enos._token = "none"
        emulator.clear_faults()
        enos._token = None
        enos.signed("", "")
        for service in ("enos", "codearts", "dli", "iam"):
            emulator.fault(service, "*", "error_in_200", code="61108", message="broken", times=9)
        assert enos.act("stop", wind) == {"code": 61108, "msg": "broken"}
        keyed = {"error_code": "61108", "error_msg": "broken"}
        assert huawei.codearts("PUT", f"/{nightly}/ban") == keyed
        assert huawei.call("GET", "/v3/projects").json() == keyed
        one = {"is_success": "false", "message": "broken", "error_code": "61108"}
        assert huawei.dli("GET") == one
        assert huawei.dli("POST", "/stop", {"job_ids": [128, 137]}) == [one, one]
        assert emulator.status("dli", 128) == "job_running"
        assert emulator.status("enos", wind) == "RUNNING"

    def test_a_code_that_is_no_number_stays_text(self, emulator, enos, wind):
        enos.list()
        emulator.fault("enos", "stop_pipeline", "error_in_200", code="E1")
        assert enos.act("stop", wind)["code"] == "E1"

    def test_booleans_become_text(self, huawei, emulator, nightly):
        emulator.fault("codearts", "*", "string_booleans", times=9)
        assert huawei.codearts("PUT", f"/{nightly}/ban") == "true"
        row = huawei.codearts("POST", "/list", {"name": "nightly"})["pipelines"][0]
        assert (row["banned"], row["create_time"]) == ("true", row["create_time"])

    def test_the_outermost_array_is_cut(self, huawei, emulator, nightly, enos):
        emulator.fault("dli", "*", "short_array", length=1, times=9)
        emulator.fault("enos", "list_pipelines", "short_array", length=2)
        emulator.fault("codearts", "*", "short_array", length=0)
        assert len(huawei.dli("POST", "/stop", {"job_ids": [128, 137]})) == 1
        assert emulator.status("dli", 137) == "job_canceling"
        assert len(huawei.dli("GET")["job_list"]["jobs"]) == 1
        assert len(enos.list()["data"]["pipelines"]) == 2
        assert huawei.codearts("PUT", f"/{nightly}/ban") is True

    def test_a_refusal_can_be_spoilt_too(self, huawei, emulator):
        emulator.fault("dli", "*", "truncate", bytes=5)
        answer = huawei.call("GET", f"/v1.0/{huawei.project}/streaming/jobs/999")
        assert (answer.status_code, answer.content) == (400, b'{"err')

    def test_bytes_are_left_as_they_are(self, huawei, emulator):
        emulator.fault("dli", "*", "state", id=128, status="job_finish")
        assert huawei.job(128)["status"] == "job_finish"


class TestStale:
    def test_reads_see_what_was_before_for_a_while(self, huawei, emulator):
        huawei.dli("POST", "/stop", {"job_ids": [128]})
        emulator.fault("dli", "show_flink_job", "stale", seconds=5)
        assert huawei.job(128)["status"] == "job_running"
        emulator.advance(4)
        assert huawei.job(128)["status"] == "job_running"
        emulator.advance(1)
        assert huawei.job(128)["status"] == "job_canceling"
        assert emulator.faults() == []

    def test_writes_are_not_stale(self, huawei, emulator):
        emulator.fault("dli", "*", "stale", seconds=5)
        assert huawei.dli("POST", "/stop", {"job_ids": [128]})[0]["is_success"] == "true"
        assert len(emulator.faults()) == 1
        assert huawei.job(128)["status"] == "job_running"

    def test_a_list_may_be_stale_about_one_thing(self, emulator, enos):
        first, second = (emulator.find("enos", name) for name in ("wind-1", "wind-2"))
        emulator.fault("enos", "list_pipelines", "stale", seconds=5, id=first, times=2)
        for id in (first, second):
            enos.act("stop", id)
        assert (enos.statuses()[first], enos.statuses()[second]) == ("RUNNING", "STOPPING")
        emulator.advance(5)
        assert enos.statuses()[first] == "RUNNING"
        emulator.advance(5)
        assert enos.statuses()[first] == "STOPPED"

    def test_a_run_that_is_new_is_not_seen(self, huawei, emulator, nightly):
        run = huawei.codearts("POST", f"/{nightly}/run", {})["pipeline_run_id"]
        emulator.fault("codearts", "*", "stale", seconds=5)
        assert huawei.codearts("POST", f"/{nightly}/pipeline-runs/list", {})["total"] == 2
        assert "error_code" in huawei.codearts("GET", f"/{nightly}/pipeline-runs/detail", pipeline_run_id=run)
        assert huawei.codearts("POST", "/list", {"name": "nightly"})["pipelines"][0]["latest_run"] is None
        assert huawei.codearts("POST", "/status", [nightly]) == []
        emulator.advance(5)
        assert huawei.codearts("POST", f"/{nightly}/pipeline-runs/list", {})["total"] == 3


class TestTokensAndStates:
    def test_a_token_of_enos_ends(self, emulator, enos):
        enos.list()
        emulator.fault("enos", "list_pipelines", "expire_token")
        assert enos.list()["code"] == 1203
        assert enos.list()["code"] == 1203
        assert [call["auth"] for call in emulator.journal()][-2:] == ["refused", "refused"]
        enos._token = None
        assert enos.list()["code"] == 0

    def test_the_token_service_gives_another_one(self, emulator, enos):
        first = enos.token().json()["data"]["accessToken"]
        emulator.fault("enos", "get_token", "expire_token")
        assert enos.token().json()["data"]["accessToken"] != first

    def test_a_signature_of_huawei_is_told_to_update(self, huawei, emulator):
        emulator.fault("dli", "*", "expire_token")
        assert huawei.dli("GET")["error_code"] == "APIG.0307"
        assert huawei.dli("GET")["is_success"] == "true"

    def test_the_state_is_another_when_the_call_arrives(self, huawei, emulator, enos, nightly):
        wind = emulator.find("enos", "wind-1")
        run = huawei.codearts("POST", f"/{nightly}/run", {})["pipeline_run_id"]
        emulator.fault("dli", "batch_stop_flink_jobs", "state", status="job_running_exception")
        emulator.fault("enos", "list_pipelines", "state", status="STOPPED", id=wind)
        emulator.fault("codearts", "show_pipeline_run_detail", "state", status="FAILED")
        assert huawei.call("POST", f"/v1.0/{huawei.project}/streaming/jobs/stop", {"job_ids": [128]}).status_code == 400
        assert enos.statuses()[wind] == "STOPPED"
        shown = huawei.codearts("GET", f"/{nightly}/pipeline-runs/detail", pipeline_run_id=run)
        assert (shown["status"], shown["end_time"]) == ("FAILED", shown["current_system_time"])


GOOD = {"service": "dli", "operation": "*", "fault": {"kind": "drop"}}


class TestRefusals:
    @pytest.mark.parametrize(
        "fault",
        [
            None,
            "text",
            {},
            {**GOOD, "service": "obs"},
            {**GOOD, "service": ["dli"]} | {"service": None},
            {**GOOD, "operation": "fly"},
            {**GOOD, "operation": "pause_pipeline"},
            {**GOOD, "fault": "drop"},
            {**GOOD, "fault": {"kind": "explode"}},
            {**GOOD, "fault": {"kind": "drop", "hard": True}},
            {**GOOD, "fault": {"kind": "drop", "executed": "yes"}},
            {**GOOD, "fault": {"kind": "delay"}},
            {**GOOD, "fault": {"kind": "delay", "seconds": -1}},
            {**GOOD, "fault": {"kind": "delay", "seconds": True}},
            {**GOOD, "fault": {"kind": "reply", "status": 42}},
            {**GOOD, "times": 0},
            {**GOOD, "times": 1.5},
            {**GOOD, "skip": -1},
            {**GOOD, "skip": True},
            {**GOOD, "id": [1]},
            {**GOOD, "id": True},
            {**GOOD, "colour": "red"},
        ],
    )
    def test_what_is_not_known_is_refused_with_a_reason(self, emulator, fault):
        answer = emulator.control("POST", "/faults", [GOOD, fault])
        assert answer.status_code == 422
        assert answer.json()["error"]
        assert emulator.faults() == []

    def test_one_fault_needs_no_list(self, emulator):
        assert emulator.control("POST", "/faults", GOOD).json() == {"added": 1}

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.service}.{one.name}")
    def test_every_operation_can_be_met(self, emulator, operation):
        emulator.faults({"service": operation.service, "operation": operation.name, "fault": {"kind": "drop"}})
