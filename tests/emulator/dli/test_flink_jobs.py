from __future__ import annotations

import pytest

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

LARGE = 9007199254740993


def run(huawei, *ids, **body):
    return huawei.call("POST", f"/v1.0/{huawei.project}/streaming/jobs/run", {"job_ids": list(ids), **body})


def stop(huawei, *ids, **body):
    return huawei.call("POST", f"/v1.0/{huawei.project}/streaming/jobs/stop", {"job_ids": list(ids), **body})


class TestTransitions:
    def test_a_run_goes_through_submitting(self, huawei, emulator):
        assert [one["is_success"] for one in run(huawei, 142).json()] == ["true"]
        assert huawei.job(142)["status"] == "job_submitting"
        assert huawei.job(142)["start_time"] is None
        now = emulator.advance(30)
        assert (huawei.job(142)["status"], huawei.job(142)["start_time"]) == ("job_running", now)

    def test_a_stop_goes_through_canceling(self, huawei, emulator):
        stop(huawei, LARGE)
        assert huawei.job(LARGE)["status"] == "job_canceling"
        emulator.advance(10)
        assert (huawei.job(LARGE)["status"], huawei.job(LARGE)["has_savepoint"]) == ("job_cancel_success", False)

    def test_a_savepoint_comes_before_the_end(self, huawei, emulator):
        stop(huawei, 128, trigger_savepoint=True)
        assert (huawei.job(128)["status"], huawei.job(128)["has_savepoint"]) == ("job_savepointing", False)
        emulator.advance(20)
        assert (huawei.job(128)["status"], huawei.job(128)["has_savepoint"]) == ("job_canceling", True)
        assert huawei.job(128)["savepoint_path"].startswith("obs://emulated-bucket/jobs/savepoint/128/20")
        emulator.advance(10)
        assert huawei.job(128)["status"] == "job_cancel_success"

    def test_a_savepoint_may_come_last(self, huawei, emulator):
        emulator.settings(dli_savepoint_order="after")
        stop(huawei, 128, trigger_savepoint=True)
        assert huawei.job(128)["status"] == "job_canceling"
        emulator.advance(10)
        assert huawei.job(128)["status"] == "job_savepointing"
        emulator.advance(20)
        assert (huawei.job(128)["status"], huawei.job(128)["has_savepoint"]) == ("job_cancel_success", True)

    @pytest.mark.parametrize(("switch", "there"), [("running", True), ("submitting", False)])
    def test_a_restart_deletes_the_savepoint(self, huawei, emulator, switch, there):
        emulator.settings(dli_savepoint_cleared=switch)
        run(huawei, 145, resume_savepoint=True)
        assert huawei.job(145)["has_savepoint"] is there
        emulator.advance(30)
        assert huawei.job(145)["has_savepoint"] is False
        assert "savepoint_path" not in huawei.job(145)

    def test_a_savepoint_needs_a_bucket(self, huawei, emulator):
        answer = stop(huawei, 141, trigger_savepoint=True)
        assert (answer.status_code, answer.json()[0]["error_code"]) == (400, "DLI.11016")
        emulator.settings(dli_savepoint_without_bucket="missing")
        stop(huawei, 141, trigger_savepoint=True)
        emulator.advance(30)
        assert (huawei.job(141)["status"], huawei.job(141)["has_savepoint"]) == ("job_cancel_success", False)

    def test_a_bounded_job_ends_by_itself(self, huawei, emulator):
        run(huawei, 152)
        emulator.advance(30)
        assert huawei.job(152)["status"] == "job_running"
        emulator.advance(60)
        assert huawei.job(152)["status"] == "job_finish"

    def test_a_seed_lets_things_go_wrong(self):
        jobs = {
            "1": {"name": "a", "fails_start": 1, "submit_seconds": 1},
            "2": {"name": "b", "status": "job_running", "fails_savepoint": 1, "savepoint_seconds": 1},
            "3": {"name": "c", "status": "job_running", "refuses_stop": 1, "stop_ends_as": "job_cancel_fail"},
            "4": {"name": "d", "refuses_start": 1},
            "5": {"name": "e", "status": "job_submitting"},
            "6": {"name": "f", "status": "job_canceling", "cancel_seconds": 0.5},
            "7": {"name": "g", "status": "job_savepointing", "obs_bucket": "b"},
            "8": {"name": "h", "status": "job_running", "runs_for_seconds": 2},
            "9": {"name": "i", "status": "job_running"},
        }
        with start_emulator({"dli": {"projects": {"p1": {"jobs": jobs}}}}) as emulator:
            huawei = Huawei(emulator)
            assert huawei.project == "p1"
            run(huawei, 1)
            stop(huawei, 2, trigger_savepoint=True)
            assert stop(huawei, 3).json()[0]["error_code"] == "DLI.0999"
            stop(huawei, 3)
            assert run(huawei, 4).status_code == 400
            assert run(huawei, 4).status_code == 200
            emulator.advance(1)
            assert huawei.job(1)["status"] == "job_submit_fail"
            assert huawei.job(1)["status_desc"]
            assert (huawei.job(2)["status"], huawei.job(2)["has_savepoint"]) == ("job_running", False)
            assert huawei.job(6)["status"] == "job_cancel_success"
            emulator.advance(29)
            assert [huawei.job(id)["status"] for id in range(3, 10)] == [
                "job_cancel_fail",
                "job_running",
                "job_running",
                "job_cancel_success",
                "job_running",
                "job_finish",
                "job_running",
            ]
            assert huawei.job(7)["has_savepoint"] is True
            assert run(huawei, 1).status_code == 200


class TestBatches:
    def test_a_refused_job_does_not_hide_the_accepted_ones(self, huawei, emulator):
        answer = stop(huawei, 128, 146, 137, 999)
        assert [one["is_success"] for one in answer.json()] == ["true", "false", "true", "false"]
        assert emulator.journal()[-1]["ids"] == ["128", "146", "137", "999"]
        assert (answer.status_code, huawei.job(137)["status"]) == (200, "job_canceling")

    def test_a_batch_of_refused_jobs_is_an_array_of_errors(self, huawei):
        answer = stop(huawei, 146, 999)
        assert answer.status_code == 400
        assert [one["error_code"] for one in answer.json()] == ["DLI.0007", "DLI.16001"]

    def test_one_refusal_may_refuse_the_batch(self, huawei, emulator):
        emulator.settings(dli_refusal="whole")
        answer = stop(huawei, 128, 146)
        assert (answer.status_code, len(answer.json())) == (400, 1)
        assert huawei.job(128)["status"] == "job_running"
        assert stop(huawei, 128).status_code == 200

    def test_a_refusal_may_be_a_200(self, huawei, emulator):
        emulator.settings(dli_refusal="false", dli_is_success="boolean")
        answer = stop(huawei, 146)
        assert (answer.status_code, answer.json()[0]["is_success"]) == (200, False)

    def test_a_refusal_may_be_silent(self, huawei, emulator):
        emulator.settings(dli_refusal="ignore")
        assert stop(huawei, 146).json()[0]["is_success"] == "true"
        assert huawei.job(146)["status"] == "job_cancel_success"

    @pytest.mark.parametrize(("switch", "kind", "count"), [("single", list, 1), ("object", dict, 2)])
    def test_the_shape_of_the_answer_can_be_switched(self, huawei, emulator, switch, kind, count):
        emulator.settings(dli_batch_answer=switch)
        answer = stop(huawei, 128, 137).json()
        assert (type(answer), len(answer)) == (kind, count)
        worst = stop(huawei, 140, 146).json()
        assert (worst if kind is dict else worst[0])["is_success"] == "false"

    @pytest.mark.parametrize("ids", [[], ["128"], [True], 128, [1.5], None])
    def test_ids_must_be_whole_numbers(self, huawei, ids):
        answer = huawei.call("POST", f"/v1.0/{huawei.project}/streaming/jobs/run", {"job_ids": ids})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "DLI.0001")

    def test_a_body_that_is_no_json_is_refused(self, huawei, emulator):
        path = f"/v1.0/{huawei.project}/streaming/jobs/run"
        headers = huawei.signed("POST", path, "", b"{")
        assert huawei.session.post(huawei.url + path, data=b"{", headers=headers, timeout=5).status_code == 400

    def test_a_run_needs_a_queue(self, huawei):
        answer = run(huawei, 151)
        assert (answer.status_code, answer.json()[0]["error_code"]) == (400, "DLI.13024")

    @pytest.mark.parametrize("id", [128, 147, 148, 150])
    def test_not_everything_can_be_run(self, huawei, id):
        assert run(huawei, id).json()[0]["error_code"] == "DLI.0007"

    def test_resuming_without_a_savepoint_can_be_switched(self, huawei, emulator):
        emulator.settings(dli_resume_without_savepoint="refuse")
        assert run(huawei, 146, resume_savepoint=True).status_code == 400
        emulator.settings(dli_resume_without_savepoint="clean")
        assert run(huawei, 146, resume_savepoint=True).status_code == 200


class TestReads:
    @pytest.mark.parametrize(("code", "status"), [("DLI.16001", 400), ("DLI.0023", 404), ("DLI.0002", 400)])
    def test_the_error_of_an_unknown_job_can_be_switched(self, huawei, emulator, code, status):
        emulator.settings(dli_unknown_job=code)
        answer = huawei.call("GET", f"/v1.0/{huawei.project}/streaming/jobs/999")
        assert (answer.status_code, answer.json()["error_code"]) == (status, code)

    def test_another_project_is_refused(self, huawei):
        assert huawei.call("GET", "/v1.0/other/streaming/jobs").json()["error_code"] == "DLI.0016"

    def test_ten_jobs_are_listed_newest_first(self, huawei):
        answer = huawei.dli("GET")
        ids = [one["job_id"] for one in answer["job_list"]["jobs"]]
        assert (answer["is_success"], len(ids), ids[0]) == ("true", 10, LARGE)
        assert answer["job_list"]["total_count"] == 16

    def test_pages_hold_everything_once(self, huawei):
        pages = [huawei.dli("GET", limit=5, offset=offset, order="asc") for offset in range(0, 20, 5)]
        ids = [one["job_id"] for page in pages for one in page["job_list"]["jobs"]]
        assert ids == sorted(set(ids))
        assert len(ids) == 16

    @pytest.mark.parametrize(
        ("query", "ids"),
        [
            ({"status": "job_finish"}, [149]),
            ({"name": "stop", "order": "asc"}, [145, 146, 147]),
            ({"job_type": "flink_jar_job"}, [137]),
            ({"queue_name": "other"}, []),
            ({"user_name": "emulator", "limit": 1}, [LARGE]),
        ],
    )
    def test_jobs_are_filtered(self, huawei, query, ids):
        assert [one["job_id"] for one in huawei.dli("GET", **query)["job_list"]["jobs"]] == ids

    def test_the_name_filter_may_be_exact(self, huawei, emulator):
        emulator.settings(dli_name_filter="exact")
        assert [one["job_id"] for one in huawei.dli("GET", name="stopped")["job_list"]["jobs"]] == [146]
        assert huawei.dli("GET")["job_list"]["total_count"] == 16

    @pytest.mark.parametrize("query", [{"limit": 101}, {"limit": -1}, {"offset": -1}, {"limit": "x"}])
    def test_a_page_has_at_most_a_hundred(self, huawei, query):
        assert huawei.dli("GET", **query)["error_code"] == "DLI.0001"

    def test_details_are_listed_on_demand(self, huawei):
        (short,) = huawei.dli("GET", name="aggregate")["job_list"]["jobs"]
        (long,) = huawei.dli("GET", name="aggregate", show_detail="true")["job_list"]["jobs"]
        assert "job_config" not in short
        assert long["job_config"]["obs_bucket"] == "emulated-bucket"
        assert (short["user_name"], "user_name" in long) == ("emulator", False)

    def test_the_duration_counts_while_it_runs(self, huawei, emulator):
        emulator.advance(7)
        (row,) = huawei.dli("GET", name="aggregate")["job_list"]["jobs"]
        assert row["duration"] == 7000

    @pytest.mark.parametrize(("switch", "expected"), [("null", None), ("zero", 0), ("absent", "nothing")])
    def test_the_start_of_what_never_ran_can_be_switched(self, huawei, emulator, switch, expected):
        emulator.settings(dli_start_time=switch)
        assert huawei.job(142).get("start_time", "nothing") == expected


class TestDelete:
    def test_a_job_is_deleted_whatever_it_does(self, huawei):
        assert huawei.dli("DELETE", "/128")["is_success"] == "true"
        assert huawei.dli("DELETE", "/128")["error_code"] == "DLI.16001"

    def test_jobs_are_deleted_in_a_batch(self, huawei):
        answer = huawei.dli("POST", "/delete", {"job_ids": [128, 137, 128]})
        assert [one["is_success"] for one in answer] == ["true", "true", "false"]
        assert huawei.dli("GET")["job_list"]["total_count"] == 14
