"""What the steps of a run do, say and make; runs of several pipelines, of files, and again."""

from __future__ import annotations

import json

import pytest

from airflow_provider_pipelines.emulator.server.app import OPERATIONS
from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

STAGES = [
    {"jobs": [{"identifier": "JOB_a", "steps": [{"name": "a", "seconds": 10}]}]},
    {
        "jobs": [
            {"identifier": "JOB_b", "steps": [{"name": "b", "fails": 1, "message": "no space"}, {"name": "b2"}]},
            {"identifier": "JOB_c", "steps": [{"name": "c"}]},
        ]
    },
    {"jobs": [{"identifier": "JOB_d", "steps": [{"name": "d"}]}]},
    {"run_always": True, "jobs": [{"identifier": "JOB_last", "steps": [{"name": "last", "seconds": 5}]}]},
]


@pytest.fixture
def staged():
    pipelines = {"p": {"name": "p", "stages": STAGES}, "q": {"name": "q"}, "off": {"name": "off", "enabled": False}}
    with start_emulator({"codearts": {"projects": {"c": {"pipelines": pipelines}}}}) as emulator:
        yield Huawei(emulator), emulator


def started(huawei, pipeline="p", body=None):
    return huawei.codearts("POST", f"/{pipeline}/run", body or {})["pipeline_run_id"]


def detail(huawei, run, pipeline="p"):
    return huawei.codearts("GET", f"/{pipeline}/pipeline-runs/detail", pipeline_run_id=run)


def steps(shown):
    return {step["name"]: step for stage in shown["stages"] for job in stage["jobs"] for step in job["steps"]}


def statuses(shown):
    return {name: step["status"] for name, step in steps(shown).items()}


class TestStages:
    def test_steps_are_done_one_after_another(self, staged):
        huawei, emulator = staged
        run = started(huawei)
        assert statuses(detail(huawei, run)) == {
            **dict.fromkeys(("b", "b2", "c", "d", "last"), "INIT"),
            "a": "RUNNING",
        }
        emulator.advance(10)
        shown = detail(huawei, run)
        assert [stage["status"] for stage in shown["stages"]] == ["COMPLETED", "RUNNING", "INIT", "INIT"]
        assert steps(shown)["a"]["end_time"] - steps(shown)["a"]["start_time"] == 10_000

    def test_after_a_failure_only_what_always_runs_is_done(self, staged):
        huawei, emulator = staged
        run = started(huawei)
        emulator.advance(10 + 15)
        shown = detail(huawei, run)
        assert (shown["status"], statuses(shown)["last"]) == ("RUNNING", "RUNNING")
        emulator.advance(5)
        shown = detail(huawei, run)
        assert (shown["status"], shown["end_time"] is None) == ("FAILED", False)
        assert [stage["status"] for stage in shown["stages"]] == ["COMPLETED", "FAILED", "INIT", "COMPLETED"]
        assert shown["stages"][1]["jobs"][0]["message"] == "step b failed: no space"
        rows = huawei.codearts("POST", "/p/pipeline-runs/list", {})["pipeline_runs"]
        assert [one["status"] for one in rows[0]["stage_status_list"]] == ["COMPLETED", "FAILED", "INIT", "COMPLETED"]

    def test_a_retry_does_the_failed_job_and_what_follows(self, staged):
        huawei, emulator = staged
        run = started(huawei)
        emulator.advance(60)
        assert huawei.codearts("PUT", f"/p/pipeline-runs/{run}/retry", {}) == {"success": True}
        assert statuses(detail(huawei, run)) == {
            **dict.fromkeys(("b2", "c", "d", "last"), "INIT"),
            "a": "COMPLETED",
            "b": "RUNNING",
        }
        emulator.advance(70)
        assert set(statuses(detail(huawei, run)).values()) == {"COMPLETED"}

    @pytest.mark.parametrize(("switch", "success"), [("any", True), ("failed", False)])
    def test_which_jobs_a_retry_may_name_can_be_switched(self, staged, switch, success):
        huawei, emulator = staged
        emulator.settings(codearts_retry_jobs=switch)
        run = started(huawei)
        emulator.advance(60)
        first = detail(huawei, run)["stages"][0]["jobs"][0]["id"]
        path = f"/p/pipeline-runs/{run}/retry"
        assert huawei.codearts("PUT", path, {"job_run_ids": [first]}) == {"success": success}
        assert statuses(detail(huawei, run))["a"] == ("RUNNING" if success else "COMPLETED")

    def test_an_unknown_job_is_not_retried(self, staged):
        huawei, emulator = staged
        run = started(huawei)
        emulator.advance(60)
        assert "error_code" in huawei.codearts("PUT", f"/p/pipeline-runs/{run}/retry", {"job_run_ids": ["x"]})
        assert "error_code" in huawei.codearts("PUT", f"/p/pipeline-runs/{run}/retry", [])

    @pytest.mark.parametrize(("switch", "success"), [(True, True), (False, False)])
    def test_whether_a_cancelled_run_is_retried_can_be_switched(self, staged, switch, success):
        huawei, emulator = staged
        emulator.settings(codearts_retry_canceled=switch, codearts_stop="immediate")
        run = started(huawei)
        huawei.codearts("POST", f"/p/pipeline-runs/{run}/stop")
        assert huawei.codearts("PUT", f"/p/pipeline-runs/{run}/retry", {}) == {"success": success}

    @pytest.mark.parametrize(
        ("body", "left_out"),
        [
            ({"choose_stages": ["stage-1", "stage-3"]}, {"b", "b2", "c", "last"}),
            ({"choose_jobs": ["JOB_a", "JOB_d"]}, {"b", "b2", "c", "last"}),
            ({"choose_stages": ["stage-1"], "choose_jobs": ["JOB_a", "JOB_d"]}, {"b", "b2", "c", "d", "last"}),
            ({"choose_stages": ["nobody"], "choose_jobs": ["nobody"]}, set()),
        ],
    )
    def test_what_was_not_chosen_is_not_done(self, staged, body, left_out):
        huawei, emulator = staged
        run = started(huawei, body=body)
        shown = detail(huawei, run)
        assert {name for name, status in statuses(shown).items() if status == "UNSELECTED"} == left_out
        selected = {job["name"] for stage in shown["stages"] for job in stage["jobs"] if job["is_select"]}
        assert selected == {"job"}
        emulator.advance(200)
        assert detail(huawei, run)["status"] == ("COMPLETED" if left_out else "FAILED")

    def test_a_run_that_began_with_init_takes_its_first_step_later(self, staged):
        huawei, emulator = staged
        emulator.settings(codearts_init_seconds=2)
        run = started(huawei)
        assert set(statuses(detail(huawei, run)).values()) == {"INIT"}
        emulator.advance(2)
        assert statuses(detail(huawei, run))["a"] == "RUNNING"
        emulator.advance(60)
        huawei.codearts("PUT", f"/p/pipeline-runs/{run}/retry", {})
        assert detail(huawei, run)["status"] == "INIT"
        emulator.advance(2)
        assert statuses(detail(huawei, run))["b"] == "RUNNING"

    def test_stages_without_jobs_are_passed(self):
        pipeline = {"name": "p", "stages": [{}, {"pre": "manual"}, {}]}
        with start_emulator({"codearts": {"projects": {"c": {"pipelines": {"p": pipeline}}}}}) as emulator:
            huawei = Huawei(emulator)
            run = started(huawei)
            check = detail(huawei, run)["stages"][1]["pre"][0]["id"]
            assert huawei.codearts("POST", f"/p/pipeline-runs/{run}/steps/{check}/manual/pass") == {"success": True}
            assert [stage["status"] for stage in detail(huawei, run)["stages"]] == ["COMPLETED"] * 3

    def test_nothing_to_do_is_done_at_once(self):
        pipeline = {"name": "p", "stages": [{}], "runs": {"r": {"status": "RUNNING"}, "i": {"status": "INIT"}}}
        with start_emulator({"codearts": {"projects": {"c": {"pipelines": {"p": pipeline}}}}}) as emulator:
            emulator.advance(0)
            assert emulator.status("codearts", "r") == emulator.status("codearts", "i") == "COMPLETED"

    @pytest.mark.parametrize(
        "stages",
        [
            "text",
            ["text"],
            [{"pre": "sometimes"}],
            [{"jobs": [{"steps": [{"kind": "dance"}]}]}],
            [{"jobs": [{"steps": [{"unknown": 1}]}]}],
            [{"jobs": {"steps": []}}],
        ],
    )
    def test_a_seed_with_other_stages_is_refused(self, stages):
        seed = {"codearts": {"projects": {"c": {"pipelines": {"p": {"stages": stages}}}}}}
        with pytest.raises(ValueError, match=r"^p: "):
            start_emulator(seed)

    def test_what_failed_in_a_seed_succeeds_when_it_is_tried_again(self, huawei, emulator):
        pipeline = emulator.find("codearts", "failed-with-a-log")
        run = huawei.codearts("GET", f"/{pipeline}/pipeline-runs/detail")["id"]
        huawei.codearts("PUT", f"/{pipeline}/pipeline-runs/{run}/retry")
        shown = detail(huawei, run, pipeline)
        assert shown["status"] == "PAUSED"
        job = shown["stages"][1]["jobs"][0]
        huawei.codearts("POST", f"/{pipeline}/pipeline-runs/{run}/jobs/{job['id']}/steps/{job['steps'][0]['id']}/pass")
        emulator.advance(60)
        assert emulator.status("codearts", run) == "COMPLETED"


@pytest.fixture
def failed(huawei, emulator):
    """A failed run with a log: the path of its last step, and that step."""
    pipeline = emulator.find("codearts", "failed-with-a-log")
    shown = huawei.codearts("GET", f"/{pipeline}/pipeline-runs/detail")
    job = shown["stages"][1]["jobs"][0]
    return f"/{pipeline}/pipeline-runs/{shown['id']}", job, job["steps"][-1]


class TestLogs:
    def ask(self, huawei, failed, call="logs", **body):
        run, job, step = failed
        return huawei.codearts(
            "POST", f"{run}/jobs/{job['id']}/steps/{step['id']}/{call}", {"limit": 500, "sort": "asc", **body}
        )

    def test_the_log_tells_why_a_step_failed(self, huawei, failed):
        answer = self.ask(huawei, failed, start_offset=0, end_offset=0)
        lines = answer["log"].splitlines()
        assert lines[1:3] == ["[INFO] rolling out", "[WARN] node 3 answers slowly"]
        assert lines[-1].endswith("[ERROR] roll-out failed: exit code 137: out of memory")
        assert (answer["has_more"], answer["step_run_id"]) == (False, failed[2]["id"])
        assert (answer["start_offset"], answer["end_offset"]) == ("0", "4")

    @pytest.mark.parametrize("sort", ["asc", "desc"])
    @pytest.mark.parametrize("order", ["reversed", "kept"])
    def test_a_log_comes_in_pages_from_either_end(self, huawei, emulator, failed, sort, order):
        emulator.settings(codearts_log_desc=order)
        whole = self.ask(huawei, failed)["log"].splitlines()
        pages, offsets, more = [], {"start_offset": 0, "end_offset": 0}, True
        while more:
            answer = self.ask(huawei, failed, sort=sort, limit=3, **offsets)
            pages.append(answer["log"].splitlines())
            offsets = {name: int(answer[name]) for name in offsets}
            more = answer["has_more"]
        assert [len(page) for page in pages] == [3, 1]
        if sort == "desc" and order == "reversed":
            pages = [page[::-1] for page in pages]
        ordered = pages if sort == "asc" else pages[::-1]
        assert [line for page in ordered for line in page] == whole

    def test_a_step_that_never_began_has_no_log(self, huawei, emulator):
        pipeline = emulator.find("codearts", "waits-for-review")
        shown = huawei.codearts("GET", f"/{pipeline}/pipeline-runs/detail")
        job = shown["stages"][1]["jobs"][0]
        run = f"/{pipeline}/pipeline-runs/{shown['id']}"
        for call in ("logs", "exec-log"):
            answer = self.ask(huawei, (run, job, job["steps"][1]), call)
            assert (answer["log"], answer["has_more"]) == ("", False)
            assert self.ask(huawei, (run, job, job["steps"][0]), call)["log"]

    def test_a_finished_step_says_how_it_ended(self, huawei, failed):
        run, job, _ = failed
        assert "ended as COMPLETED" in self.ask(huawei, (run, job, job["steps"][0]))["log"]
        assert "ended as FAILED" in self.ask(huawei, failed, "exec-log")["log"]

    @pytest.mark.parametrize(
        "body",
        [{"limit": 0}, {"limit": None}, {"limit": True}, {"sort": "up"}, {"start_offset": -1}, {"end_offset": "x"}],
    )
    def test_a_question_must_be_as_documented(self, huawei, failed, body):
        assert "error_code" in self.ask(huawei, failed, **body)


class TestOutputs:
    def test_outputs_are_those_of_the_steps_that_are_named(self, huawei, failed):
        run, job, step = failed
        (one,) = huawei.codearts("GET", f"{run}/steps/outputs")["step_outputs"]
        assert one["output_result"] == [{"key": "version", "value": "1.4.2", "primitive": True}]
        asked = f"{one['step_run_id']},{step['id']}"
        assert huawei.codearts("GET", f"{run}/steps/outputs", step_run_ids=asked)["step_outputs"] == [one]
        done = job["steps"][0]["id"]
        (none,) = huawei.codearts("GET", f"{run}/steps/outputs", step_run_ids=done)["step_outputs"]
        assert none["output_result"] == []

    def test_artifacts_are_those_of_finished_steps(self, huawei, failed):
        run, _, _ = failed
        (one,) = huawei.codearts("GET", f"{run}/artifacts")["artifacts"]
        assert (one["name"], one["project_id"]) == ("app.jar", huawei.codearts_project)
        pipeline, run_id = run.split("/")[1], run.split("/")[-1]
        (shown,) = detail(huawei, run_id, pipeline)["artifacts"]
        assert (shown["name"], shown["packageType"]) == ("app.jar", "generic")

    def test_a_step_has_a_link(self, huawei, failed):
        run, job, step = failed
        link = huawei.codearts("GET", f"{run}/jobs/{job['id']}/steps/{step['id']}/jump-link")["jumpLink"]
        assert link.startswith("https://")
        assert link.endswith(step["id"])


class TestVariables:
    @pytest.fixture
    def pipeline(self, emulator):
        return emulator.find("codearts", "failed-with-a-log")

    def test_a_run_has_what_it_was_given_and_the_defaults(self, huawei, pipeline):
        run = started(huawei, pipeline, {"variables": [{"name": "extra", "value": "1"}]})
        rows = huawei.codearts("GET", f"/{pipeline}/pipeline-runs/{run}/run-variables", mode=0)
        assert [(row["name"], row["value"], row["sequence"]) for row in rows] == [
            ("target", "test", 1),
            ("extra", "1", 2),
        ]

    def test_modes_ask_for_other_variables(self, huawei, pipeline):
        run = started(huawei, pipeline)
        path = f"/{pipeline}/pipeline-runs/{run}/run-variables"
        system = {row["name"]: row["value"] for row in huawei.codearts("GET", path, mode=1)}
        assert (system["PIPELINE_RUN_ID"], system["PIPELINE_ID"]) == (run, pipeline)
        assert huawei.codearts("GET", path, mode=2) == []
        assert "error_code" in huawei.codearts("GET", path)

    def test_what_is_set_at_the_start_is_listed(self, huawei, emulator, pipeline):
        answer = huawei.codearts("GET", f"/{pipeline}/list-runtime-vars", offset=0, limit=10)
        assert [row["name"] for row in answer["variables"]] == ["target"]
        assert huawei.codearts("GET", f"/{pipeline}/list-runtime-vars", offset=1, limit=10)["variables"] == []
        emulator.settings(codearts_max_limit=1)
        assert huawei.codearts("GET", f"/{pipeline}/list-runtime-vars", limit=10)["limit"] == 1

    def test_the_system_has_variables_even_before_the_first_run(self, huawei, emulator):
        pipeline = emulator.find("codearts", "never-ran")
        rows = huawei.codearts("GET", f"/{pipeline}/list-system-vars")
        assert {row["name"] for row in rows} >= {"PROJECT_ID", "PIPELINE_ID"}
        assert all(isinstance(row["isShow"], bool) for row in rows)

    def test_triggers_that_failed_are_listed(self, huawei, pipeline):
        answer = huawei.codearts("GET", f"/{pipeline}/trigger-failed-record", offset=0, limit=10)
        (row,) = answer["triggerFailedRecordVOS"]
        assert (row["trigger_type"], row["reason"]) == ("Push", "the branch does not exist")
        assert row["trigger_time"]


class TestBatches:
    def test_each_pipeline_of_a_batch_has_its_own_result(self, staged):
        huawei, emulator = staged
        rows = huawei.codearts("POST", "/batch-runs", {"pipeline_ids": ["p", "off", "nobody"]})["result"]
        assert [row["pipeline_id"] for row in rows] == ["p", "off", "nobody"]
        assert emulator.status("codearts", rows[0]["pipeline_run_id"]) == "RUNNING"
        results = huawei.codearts("POST", "/batch-runs/result", {"query": rows})["result"]
        assert [(one["status"], bool(one["reason"])) for one in results] == [
            ("START_SUCCESS", False),
            ("START_FAILED", True),
            ("START_FAILED", True),
        ]
        assert [call["ids"] for call in emulator.journal()[-2:]] == [
            ["p", "off", "nobody"],
            [row["pipeline_run_id"] for row in rows],
        ]
        state = emulator.state()
        with start_emulator(state) as other:
            assert other.state() == state

    def test_a_batch_may_queue(self, huawei, emulator):
        pipeline = emulator.find("codearts", "one-at-a-time")
        rows = huawei.codearts("POST", "/batch-runs", {"pipeline_ids": [pipeline]})["result"]
        (one,) = huawei.codearts("POST", "/batch-runs/result", {"query": rows})["result"]
        assert (one["status"], one["pipeline_name"]) == ("QUEUED", "one-at-a-time")

    def test_a_batch_names_pipelines(self, huawei):
        assert "error_code" in huawei.codearts("POST", "/batch-runs", {})
        assert huawei.codearts("POST", "/batch-runs/result", {}) == {"result": []}

    def test_a_file_of_a_branch_is_run(self, staged):
        huawei, _ = staged
        path = f"/v5/{huawei.codearts_project}/api/pac/pipelines/q/run"
        run = huawei.call("POST", path, {"branch": "dev", "description": "d"}).json()["pipeline_run_id"]
        row = huawei.codearts("POST", "/q/pipeline-runs/list", {})["pipeline_runs"][0]
        assert (row["pipeline_run_id"], row["build_params"]["target_branch"]) == (run, "dev")
        assert huawei.call("POST", path, {}).status_code == 400


class TestSwitches:
    def test_the_answer_of_running_what_is_disabled_can_be_switched(self, staged):
        huawei, emulator = staged
        for switch, status in (("code", 200), ("400", 400)):
            emulator.settings(codearts_banned_run=switch)
            answer = huawei.call("POST", "/v5/c/api/pipelines/off/run", {})
            assert (answer.status_code, "error_code" in answer.json()) == (status, True)

    def test_more_pipelines_than_allowed_are_refused_or_cut(self, staged):
        huawei, emulator = staged
        for pipeline in ("p", "q"):
            started(huawei, pipeline)
        emulator.settings(codearts_status_limit=1)
        assert "error_code" in huawei.codearts("POST", "/status", ["p", "q"])
        emulator.settings(codearts_status_over="cut")
        assert [row["pipeline_id"] for row in huawei.codearts("POST", "/status", ["p", "q"])] == ["p"]

    def test_an_unknown_run_may_be_not_found(self, staged):
        huawei, emulator = staged
        emulator.settings(codearts_unknown_run="404")
        assert huawei.call("POST", "/v5/c/api/pipelines/p/pipeline-runs/x/stop").status_code == 404

    def test_dates_may_be_of_another_time_zone(self, staged):
        huawei, emulator = staged
        started(huawei)
        asked = {"start_time": "2100-01-01 00:00:00"}
        assert huawei.codearts("POST", "/p/pipeline-runs/list", asked)["total"] == 0
        emulator.settings(codearts_zone_hours=100 * 366 * 24)
        assert huawei.codearts("POST", "/p/pipeline-runs/list", asked)["total"] == 1

    @pytest.mark.parametrize("left", ["nothing", "CANCELED", "FAILED", "IGNORED"])
    def test_what_is_left_of_a_queued_run_can_be_switched(self, huawei, emulator, left):
        emulator.settings(codearts_unqueued=left, codearts_queue_code="DEVPIPE.00011170", codearts_queue_seconds=30)
        pipeline = emulator.find("codearts", "one-at-a-time")
        answer = huawei.codearts("POST", f"/{pipeline}/run", {"description": "d"})
        run, queue_id = answer["error"]["pipeline_run_id"], answer["error"]["queue_id"]
        assert answer["error_code"] == "DEVPIPE.00011170"
        huawei.codearts("POST", f"/{pipeline}/{run}/cancel-queuing/{queue_id}", {})
        late = huawei.codearts("POST", f"/{pipeline}/run", {})["error"]["pipeline_run_id"]
        emulator.advance(30)
        for id in (run, late):
            shown = detail(huawei, id, pipeline)
            assert shown.get("status", "nothing") == left


MADE = {
    "name": "made",
    "is_publish": False,
    "description": "by a test",
    "variables": [{"name": "v", "value": "1", "is_runtime": True, "type": "string"}],
    "definition": json.dumps(
        {
            "stages": [
                {"name": "first", "pre": [{"task": "official_devcloud_manualTrigger"}], "jobs": []},
                {"name": "second", "jobs": [{"name": "j", "steps": [{"task": "official_devcloud_checkpoint"}]}]},
            ]
        }
    ),
}


class TestMaking:
    def test_a_pipeline_is_created_changed_run_and_deleted(self, huawei, emulator):
        id = huawei.codearts("POST", "", MADE)["pipeline_id"]
        shown = huawei.codearts("GET", f"/{id}")
        assert (shown["name"], shown["definition"]) == ("made", MADE["definition"])
        assert shown["variables"][0]["name"] == "v"
        run = started(huawei, id)
        assert detail(huawei, run, id)["stages"][0]["pre"][0]["status"] == "PAUSED"
        changed = {**MADE, "name": "changed", "concurrency_control": {"enable": True}}
        assert huawei.codearts("PUT", f"/{id}", changed) == {"pipeline_id": id}
        assert huawei.codearts("GET", f"/{id}")["name"] == "changed"
        state = emulator.state()
        with start_emulator(state) as other:
            assert other.state() == state
        assert huawei.codearts("DELETE", f"/{id}") == {"pipeline_id": id}
        assert huawei.codearts("DELETE", f"/{id}")["error_code"] == "DEVPIPE.00011401"

    def test_a_definition_that_was_shown_can_be_given(self, huawei, emulator):
        shown = huawei.codearts("GET", f"/{emulator.find('codearts', 'waits-for-review')}")
        id = huawei.codearts("POST", "", {**MADE, "definition": shown["definition"]})["pipeline_id"]
        run = started(huawei, id)
        emulator.advance(60)
        assert detail(huawei, run, id)["status"] == "PAUSED"

    @pytest.mark.parametrize(
        "change",
        [
            {"name": ""},
            {"name": "x" * 129},
            {"name": "a b"},
            {"name": 1},
            {"description": "x" * 1025},
            {"description": 1},
            {"is_publish": "no"},
            {"definition": "not JSON"},
            {"definition": "[]"},
            {"definition": None},
        ],
    )
    def test_a_description_must_be_as_documented(self, huawei, change):
        assert "error_code" in huawei.codearts("POST", "", {**MADE, **change})

    def test_a_body_is_needed(self, huawei):
        assert "error_code" in huawei.codearts("POST", "", [])

    def test_what_is_disabled_is_not_changed(self, huawei, emulator):
        assert "error_code" in huawei.codearts("PUT", f"/{emulator.find('codearts', 'disabled')}", MADE)

    def test_a_template_makes_a_pipeline(self, huawei):
        path = f"/v5/{huawei.codearts_project}/api/pipeline-templates"
        body = {"name": "from-template", "is_publish": False}
        id = huawei.call("POST", f"{path}/fa4e00000000000000000000000e3a1a/create-pipeline", body).json()["pipeline_id"]
        assert len(json.loads(huawei.codearts("GET", f"/{id}")["definition"])["stages"]) == 2
        answer = huawei.call("POST", f"{path}/nobody/create-pipeline", body)
        assert answer.json()["error_code"] == "DEVPIPE.00011203"


class TestStale:
    def test_a_stale_read_sees_a_run_as_it_was_before_its_latest_step(self, staged):
        huawei, emulator = staged
        run = started(huawei)
        emulator.advance(10)
        emulator.fault("codearts", "show_pipeline_run_detail", "stale", seconds=5)
        assert statuses(detail(huawei, run))["a"] == "RUNNING"
        emulator.advance(5)
        assert statuses(detail(huawei, run))["a"] == "COMPLETED"


def test_every_operation_of_the_sheet_has_a_route():
    # codearts.md 2, 1 to 36; enos.md 1
    codearts = {one.name for one in OPERATIONS if one.service == "codearts"}
    assert len(codearts) == 36
    assert len({one.name for one in OPERATIONS if one.service == "enos"} - {"get_token", "refresh_token"}) == 11
