from __future__ import annotations

import json

import pytest

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator


@pytest.fixture
def nightly(emulator):
    return emulator.find("codearts", "nightly")


@pytest.fixture
def queueing(emulator):
    return emulator.find("codearts", "one-at-a-time")


def run_of(emulator, pipeline):
    (owner,) = emulator.state()["codearts"]["projects"].values()
    return next(iter(owner["pipelines"][pipeline]["runs"]))


def started(huawei, pipeline, body=None):
    return huawei.codearts("POST", f"/{pipeline}/run", body or {})["pipeline_run_id"]


def detail(huawei, pipeline, run):
    return huawei.codearts("GET", f"/{pipeline}/pipeline-runs/detail", pipeline_run_id=run)


class TestRuns:
    def test_a_run_takes_its_time(self, huawei, emulator, nightly):
        run = started(huawei, nightly, {"description": "from a test", "variables": [{"name": "a", "value": "b"}]})
        first = detail(huawei, nightly, run)
        assert (first["id"], first["status"], first["end_time"]) == (run, "RUNNING", None)
        assert (first["description"], first["run_number"]) == ("from a test", 3)
        assert first["start_time"] == first["current_system_time"]
        emulator.advance(60)
        last = detail(huawei, nightly, run)
        assert (last["status"], last["end_time"] - last["start_time"]) == ("COMPLETED", 60_000)

    def test_a_run_may_begin_with_init(self, huawei, emulator, nightly):
        emulator.settings(codearts_init_seconds=2)
        run = started(huawei, nightly)
        assert detail(huawei, nightly, run)["status"] == "INIT"
        emulator.advance(2)
        assert detail(huawei, nightly, run)["status"] == "RUNNING"
        emulator.advance(60)
        assert detail(huawei, nightly, run)["status"] == "COMPLETED"

    def test_an_absent_body_is_as_good_as_an_empty_one(self, huawei, nightly):
        assert huawei.codearts("POST", f"/{nightly}/run")["pipeline_run_id"]

    @pytest.mark.parametrize("body", ["text", [1]])
    def test_a_body_that_is_no_object_is_refused(self, huawei, nightly, body):
        assert (
            huawei.call("POST", f"/v5/{huawei.codearts_project}/api/pipelines/{nightly}/run", body).status_code == 400
        )

    def test_a_description_has_its_limit(self, huawei, nightly):
        assert started(huawei, nightly, {"description": "x" * 1024})
        assert "error_code" in huawei.codearts("POST", f"/{nightly}/run", {"description": "x" * 1025})

    def test_without_an_id_the_latest_run_is_described(self, huawei, nightly):
        run = started(huawei, nightly)
        assert huawei.codearts("GET", f"/{nightly}/pipeline-runs/detail")["id"] == run

    @pytest.mark.parametrize(("switch", "expected"), [("null", None), ("zero", 0), ("absent", "nothing")])
    def test_the_end_of_what_runs_can_be_switched(self, huawei, emulator, nightly, switch, expected):
        emulator.settings(codearts_end_time=switch)
        assert detail(huawei, nightly, started(huawei, nightly)).get("end_time", "nothing") == expected

    def test_outcomes_follow_the_seed(self):
        pipeline = {"name": "p", "outcomes": ["FAILED"], "run_seconds": 5, "refuses_run": 1}
        seed = {"codearts": {"projects": {"c1": {"pipelines": {"p1": pipeline}}}}}
        with start_emulator(seed) as emulator:
            huawei = Huawei(emulator)
            assert huawei.codearts_project == "c1"
            assert huawei.codearts("POST", "/p1/run", {})["pipeline_run_id"] == ""
            first = started(huawei, "p1")
            emulator.advance(5)
            second = started(huawei, "p1")
            emulator.advance(5)
            assert (emulator.status("codearts", first), emulator.status("codearts", second)) == ("FAILED", "COMPLETED")
            emulator.reset()
            again = started(huawei, "p1") or started(huawei, "p1")
            emulator.advance(5)
            assert emulator.status("codearts", again) == "FAILED"


class TestErrors:
    @pytest.mark.parametrize(
        ("project", "pipeline", "expected"),
        [("c0", "fa4e0000000000000000000000000001", "DEVPIPE.00011412"), (None, "nothing", "DEVPIPE.00011401")],
    )
    def test_what_is_not_there_is_told_inside_a_200(self, huawei, project, pipeline, expected):
        answer = huawei.call("GET", f"/v5/{project or huawei.codearts_project}/api/pipelines/{pipeline}")
        assert (answer.status_code, answer.json()["error_code"]) == (200, expected)

    def test_a_pipeline_of_another_project_is_a_mismatch(self):
        projects = {"c1": {"pipelines": {}}, "c2": {"pipelines": {"p": {"name": "p"}}}}
        with start_emulator({"codearts": {"projects": projects}}, codearts_error_status=400) as emulator:
            answer = Huawei(emulator).call("GET", "/v5/c1/api/pipelines/p")
            assert (answer.status_code, answer.json()["error_code"]) == (400, "DEVPIPE.00011136")

    def test_an_unknown_run_is_an_error(self, huawei, nightly):
        assert detail(huawei, nightly, "nothing")["error_code"] == "DEVPIPE.00011499"
        assert "error_code" in huawei.codearts("POST", f"/{nightly}/pipeline-runs/nothing/stop")

    def test_a_pipeline_that_never_ran_has_no_latest_run(self, huawei, emulator):
        pipeline = emulator.find("codearts", "never-ran")
        assert "error_code" in huawei.codearts("GET", f"/{pipeline}/pipeline-runs/detail")

    def test_a_disabled_pipeline_does_not_run(self, huawei, emulator, nightly):
        assert huawei.codearts("PUT", f"/{nightly}/ban") is True
        assert huawei.codearts("GET", f"/{nightly}")["banned"] is True
        assert "error_code" in huawei.codearts("POST", f"/{nightly}/run", {})
        assert huawei.codearts("PUT", f"/{nightly}/unban") is True
        assert started(huawei, nightly)

    def test_codearts_is_not_there_on_open_telekom_cloud(self, huawei, emulator, nightly):
        emulator.settings(profile="otc")
        answer = huawei.call("GET", f"/v5/{huawei.codearts_project}/api/pipelines/{nightly}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, "APIG.0101")


class TestStop:
    def test_a_stopped_run_goes_on_for_a_while(self, huawei, emulator, nightly):
        run = started(huawei, nightly)
        path = f"/{nightly}/pipeline-runs/{run}/stop"
        assert huawei.codearts("POST", path) == {"success": True}
        emulator.advance(5)
        assert huawei.codearts("POST", path) == {"success": True}
        assert detail(huawei, nightly, run)["status"] == "RUNNING"
        emulator.advance(5)
        assert detail(huawei, nightly, run)["status"] == "CANCELED"

    def test_a_stop_may_be_immediate(self, huawei, emulator, nightly):
        emulator.settings(codearts_stop="immediate")
        run = started(huawei, nightly)
        huawei.codearts("POST", f"/{nightly}/pipeline-runs/{run}/stop")
        assert detail(huawei, nightly, run)["status"] == "CANCELED"

    @pytest.mark.parametrize(
        ("switch", "status", "expected"),
        [("true", 200, True), ("false", 200, False), ("400", 400, None), ("404", 404, None)],
    )
    def test_the_answer_for_a_finished_run_can_be_switched(self, huawei, emulator, nightly, switch, status, expected):
        emulator.settings(codearts_stop_finished=switch)
        run = run_of(emulator, nightly)
        answer = huawei.call("POST", f"/v5/{huawei.codearts_project}/api/pipelines/{nightly}/pipeline-runs/{run}/stop")
        assert (answer.status_code, answer.json().get("success")) == (status, expected)

    def test_a_seed_lets_stops_be_refused(self):
        run = {"status": "RUNNING", "refuses_stop": 1, "stop_seconds": 0, "pending": []}
        pipelines = {"p": {"name": "p", "runs": {"r": run}}}
        with start_emulator({"codearts": {"projects": {"c": {"pipelines": pipelines}}}}) as emulator:
            huawei = Huawei(emulator)
            assert huawei.codearts("POST", "/p/pipeline-runs/r/stop") == {"success": False}
            assert huawei.codearts("POST", "/p/pipeline-runs/r/stop") == {"success": True}
            assert emulator.status("codearts", "r") == "CANCELED"


class TestQueue:
    def test_a_run_over_the_limit_waits_for_the_one_before(self, huawei, emulator, queueing):
        running = run_of(emulator, queueing)
        answer = huawei.codearts("POST", f"/{queueing}/run", {"description": "waits"})
        run, queue_id = answer["error"]["pipeline_run_id"], answer["error"]["queue_id"]
        assert answer["error_code"] == "DEVPIPE.00011169"
        assert isinstance(queue_id, int)
        rows = huawei.codearts("GET", f"/{queueing}/queued-pipeline", offset=1, limit=10)
        assert [(row["id"], row["pipeline_run_id"], row["status"]) for row in rows["queuedPipelines"]] == [
            (queue_id, run, "QUEUED")
        ]
        assert rows["total"] == 2
        assert "error_code" in detail(huawei, queueing, run)
        huawei.codearts("POST", f"/{queueing}/pipeline-runs/{running}/stop")
        # The one in the seed is first: it runs for a minute after ten seconds of stopping.
        emulator.advance(10 + 60)
        ran = detail(huawei, queueing, run)
        assert (ran["status"], ran["description"]) == ("RUNNING", "waits")
        assert huawei.codearts("GET", f"/{queueing}/queued-pipeline", offset=0, limit=10)["total"] == 0

    def test_a_waiting_run_can_be_taken_out(self, huawei, emulator, queueing):
        answer = huawei.codearts("POST", f"/{queueing}/run", {})["error"]
        run, queue_id = answer["pipeline_run_id"], answer["queue_id"]
        assert "error_code" in huawei.codearts("POST", f"/{queueing}/{run}/cancel-queuing/{queue_id + 1}", {})
        assert huawei.codearts("POST", f"/{queueing}/{run}/cancel-queuing/{queue_id}", {}) == {"pipeline_run_id": run}
        assert "error_code" in huawei.codearts("POST", f"/{queueing}/{run}/cancel-queuing/{queue_id}", {})

    @pytest.mark.parametrize(("switch", "expected"), [("false", False), ("404", None), ("cancels", True)])
    def test_the_answer_of_stopping_a_waiting_run_can_be_switched(self, huawei, emulator, queueing, switch, expected):
        emulator.settings(codearts_stop_queued=switch)
        run = huawei.codearts("POST", f"/{queueing}/run", {})["error"]["pipeline_run_id"]
        assert huawei.codearts("POST", f"/{queueing}/pipeline-runs/{run}/stop").get("success") is expected
        total = huawei.codearts("GET", f"/{queueing}/queued-pipeline", offset=0, limit=10)["total"]
        assert total == (1 if switch == "cancels" else 2)

    @pytest.mark.parametrize("status", ["INIT", "QUEUED"])
    def test_a_waiting_run_may_have_a_detail(self, huawei, emulator, queueing, status):
        emulator.settings(codearts_queued_detail=status)
        run = huawei.codearts("POST", f"/{queueing}/run", {"description": "d"})["error"]["pipeline_run_id"]
        shown = detail(huawei, queueing, run)
        assert (shown["id"], shown["status"], shown["description"]) == (run, status, "d")

    def test_waiting_too_long_times_out(self, huawei, emulator, queueing):
        emulator.settings(codearts_queue_seconds=30)
        emulator.advance(30)
        (row,) = huawei.codearts("GET", f"/{queueing}/queued-pipeline")["queuedPipelines"]
        assert row["status"] == "QUEUED_TIME_OUT"

    @pytest.mark.parametrize("query", [{"offset": -1}, {"limit": "many"}])
    def test_a_page_must_be_numbers(self, huawei, queueing, query):
        assert "error_code" in huawei.codearts("GET", f"/{queueing}/queued-pipeline", **query)

    @pytest.mark.parametrize("switch", ["ignored", "refused"])
    def test_with_abort_nothing_waits(self, switch):
        control = {"enable": True, "concurrency_number": 1, "exceed_action": "ABORT"}
        pipeline = {"name": "p", "concurrency_control": control, "runs": {"r": {"status": "RUNNING"}}}
        seed = {"codearts": {"projects": {"c": {"pipelines": {"p": pipeline}}}}}
        with start_emulator(seed, codearts_over_limit=switch) as emulator:
            answer = Huawei(emulator).codearts("POST", "/p/run", {})
            if switch == "refused":
                assert answer["error_code"] == "DEVPIPE.00011104"
            else:
                assert emulator.status("codearts", answer["pipeline_run_id"]) == "IGNORED"
            emulator.advance(60)
            assert emulator.status("codearts", "r") == "COMPLETED"

    def test_a_retry_waits_like_a_run(self, huawei, emulator, queueing):
        running = run_of(emulator, queueing)
        emulator.thing("codearts", running, "FAILED")
        # The one that waited in the seed has taken its place.
        answer = huawei.codearts("PUT", f"/{queueing}/pipeline-runs/{running}/retry", {})
        assert answer["error"]["pipeline_run_id"] == running
        assert huawei.codearts("PUT", f"/{queueing}/pipeline-runs/{running}/retry", {}) == {"success": False}
        emulator.advance(60)
        assert emulator.status("codearts", running) == "RUNNING"


class TestRetry:
    def test_a_failed_run_opens_again_under_its_id(self, huawei, emulator):
        pipeline = emulator.find("codearts", "build")
        run = run_of(emulator, pipeline)
        assert huawei.codearts("PUT", f"/{pipeline}/pipeline-runs/{run}/retry", {"job_run_ids": []}) == {
            "success": True
        }
        shown = detail(huawei, pipeline, run)
        assert (shown["status"], shown["end_time"]) == ("RUNNING", None)
        emulator.advance(60)
        assert detail(huawei, pipeline, run)["status"] == "COMPLETED"

    def test_what_ended_well_is_not_retried(self, huawei, emulator, nightly):
        path = f"/{nightly}/pipeline-runs/{run_of(emulator, nightly)}/retry"
        assert huawei.codearts("PUT", path, {}) == {"success": False}


class TestLists:
    def test_runs_come_newest_first(self, huawei, nightly):
        run = started(huawei, nightly)
        answer = huawei.codearts("POST", f"/{nightly}/pipeline-runs/list", {})
        assert (answer["total"], answer["pipeline_runs"][0]["pipeline_run_id"]) == (3, run)

    @pytest.mark.parametrize(
        ("body", "numbers"),
        [
            ({"sort_dir": "asc"}, [1, 2, 3]),
            ({"offset": 1, "limit": 1}, [2]),
            ({"status": ["RUNNING"]}, [3]),
            ({"sort_key": "end_time", "sort_dir": "asc"}, [3, 1, 2]),
            ({"start_time": "NOW", "sort_dir": "asc"}, [3]),
            ({"start_time": "DATE", "sort_dir": "asc"}, []),
            ({"end_time": "BEFORE", "sort_dir": "asc"}, [1, 2]),
            ({"start_time": "unclear", "sort_dir": "asc"}, [1, 2, 3]),
            ({"start_time": "2020-01-01 00:00:00", "sort_dir": "asc"}, [1, 2, 3]),
        ],
    )
    def test_runs_are_filtered_sorted_and_cut(self, huawei, emulator, nightly, body, numbers):
        now = emulator.advance(5)
        started(huawei, nightly)
        words = {"NOW": str(now), "BEFORE": str(now - 1), "DATE": "2100-01-01 00:00:00"}
        body = {name: words.get(value, value) if isinstance(value, str) else value for name, value in body.items()}
        rows = huawei.codearts("POST", f"/{nightly}/pipeline-runs/list", body)["pipeline_runs"]
        assert [row["run_number"] for row in rows] == numbers

    def test_a_list_may_be_cut_by_the_service(self, huawei, emulator, nightly):
        emulator.settings(codearts_max_limit=1)
        answer = huawei.codearts("POST", f"/{nightly}/pipeline-runs/list", {"limit": 100})
        assert (answer["limit"], len(answer["pipeline_runs"]), answer["total"]) == (1, 1, 2)

    def test_pipelines_are_paged_ten_at_a_time(self, huawei):
        first = huawei.codearts("POST", "/list", {})
        rest = huawei.codearts("POST", "/list", {"offset": 10})
        assert len(first["pipelines"]) == 10
        assert len(rest["pipelines"]) == first["total"] - 10

    @pytest.mark.parametrize(
        ("body", "names"),
        [
            ({"name": "wait"}, {"waits-for-review"}),
            ({"is_banned": True}, {"disabled"}),
            ({"status": ["CANCELED"]}, {"deploy"}),
            ({"status": ["RUNNING"], "sort_key": "name", "sort_dir": "asc"}, {"one-at-a-time", "soak-test"}),
        ],
    )
    def test_pipelines_are_filtered(self, huawei, body, names):
        assert {one["name"] for one in huawei.codearts("POST", "/list", body)["pipelines"]} == names

    def test_who_is_not_a_member_sees_nothing(self, huawei):
        answer = huawei.call("POST", "/v5/other/api/pipelines/list", {}).json()
        assert (answer["total"], answer["pipelines"]) == (0, [])

    def test_the_latest_status_leaves_out_what_never_ran(self, huawei, emulator, nightly):
        ids = [nightly, emulator.find("codearts", "never-ran"), "nothing"]
        rows = huawei.codearts("POST", "/status", ids)
        assert [(row["pipeline_id"], row["status"]) for row in rows] == [(nightly, "COMPLETED")]
        assert emulator.journal()[-1]["ids"] == ids
        assert huawei.call("POST", "/v5/other/api/pipelines/status", ids).json() == []
        assert "error_code" in huawei.codearts("POST", "/status", {})

    def test_the_build_parameters_are_those_of_the_request(self, huawei, nightly):
        params = {"git_type": "codehub", "git_url": "https://example.com/x.git", "default_branch": "dev"}
        started(huawei, nightly, {"sources": [{"type": "code", "params": params}]})
        row = huawei.codearts("POST", f"/{nightly}/pipeline-runs/list", {})["pipeline_runs"][0]
        assert (row["build_params"]["git_url"], row["build_params"]["target_branch"]) == (params["git_url"], "dev")

    def test_the_definition_names_what_can_be_chosen(self, huawei, queueing):
        shown = huawei.codearts("GET", f"/{queueing}")
        (stage,) = json.loads(shown["definition"])["stages"]
        assert stage["identifier"] == "stage-1"
        assert shown["concurrency_control"]["exceed_action"] == "QUEUE"
