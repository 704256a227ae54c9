"""Flink jobs of DLI beside run, stop and list: created, updated, exported, looked into, given savepoints."""

from __future__ import annotations

import json

import pytest

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

SQL = "insert into sink select * from source"


def send(huawei, method, path, body=None, version="v1.0", **query):
    return huawei.call(method, f"/{version}/{huawei.project}{path}", body, **query)


def create(huawei, kind="sql-jobs", **body):
    return send(huawei, "POST", f"/streaming/{kind}", {"name": "new", "queue_name": "q", **body})


def update(huawei, id, kind="sql-jobs", **body):
    return send(huawei, "PUT", f"/streaming/{kind}/{id}", body)


def refused(answer, code, status=400):
    return (answer.status_code, answer.json().get("error_code")) == (status, code)


class TestCreate:
    def test_a_new_job_is_a_draft(self, huawei, emulator):
        answer = create(huawei, sql_body=SQL, checkpoint_mode=2, cu_number=4, obs_bucket="b", desc="d").json()
        assert answer["is_success"] == "true"
        assert answer["job"] == {"job_id": 1000, "status_name": "job_init", "status_desc": ""}
        shown = huawei.job(1000)
        assert (shown["status"], shown["start_time"], shown["sql_body"]) == ("job_init", None, SQL)
        assert (shown["job_type"], shown["run_mode"]) == ("flink_opensource_sql_job", "exclusive_cluster")
        config = shown["job_config"]
        assert (config["checkpoint_mode"], config["cu_number"], config["obs_bucket"]) == ("at_least_once", 4, "b")
        assert "sql_body" not in config

    def test_a_new_job_can_be_run(self, huawei, emulator):
        create(huawei, "flink-jobs", main_class="A", entrypoint="obs://b/a.jar")
        assert huawei.dli("POST", "/run", {"job_ids": [1000]})[0]["is_success"] == "true"
        emulator.advance(30)
        assert (huawei.job(1000)["status"], huawei.job(1000)["job_type"]) == ("job_running", "flink_jar_job")

    def test_without_a_queue_it_cannot_be_run(self, huawei):
        create(huawei, queue_name="")
        assert huawei.dli("POST", "/run", {"job_ids": [1000]})[0]["error_code"] == "DLI.13024"

    def test_ids_count_up_and_are_not_used_again(self, huawei):
        ids = [create(huawei, name=f"n{number}").json()["job"]["job_id"] for number in range(3)]
        huawei.dli("DELETE", f"/{ids[-1]}")
        assert [*ids, create(huawei, name="n9").json()["job"]["job_id"]] == [1000, 1001, 1002, 1003]

    @pytest.mark.parametrize("first", [2**53 + 1, 2**63 - 1])
    def test_the_first_id_can_be_set(self, huawei, emulator, first):
        emulator.settings(dli_first_job_id=first)
        made = create(huawei).json()["job"]["job_id"]
        # 2^53+1 is taken by a job of the default world.
        assert made == (first + 1 if first < 2**60 else first)
        assert huawei.job(made)["job_id"] == made

    def test_there_is_a_last_id(self, huawei, emulator):
        emulator.settings(dli_first_job_id=2**63 - 1)
        create(huawei)
        assert refused(create(huawei, name="other"), "DLI.0009")

    def test_the_name_of_another_job_is_refused_or_taken(self, huawei, emulator):
        assert refused(create(huawei, name="aggregate"), "DLI.0006")
        emulator.settings(dli_same_name="accept")
        assert create(huawei, name="aggregate").json()["job"]["job_id"] == 1000

    @pytest.mark.parametrize(
        "body",
        [
            {"name": ""},
            {"name": None},
            {"name": "n" * 58},
            {"name": 5},
            {"cu_number": "2"},
            {"cu_number": True},
            {"checkpoint_enabled": 1},
            {"checkpoint_mode": 3},
            {"checkpoint_mode": "exactly once"},
            {"checkpoint_mode": True},
            {"run_mode": "elsewhere"},
            {"run_mode": "shared_cluster", "job_type": "flink_opensource_sql_job"},
            {"job_type": "flink_jar_job"},
            {"desc": "d" * 2049},
            {"queue_name": "q" * 129},
            {"sql_body": "s" * (1024 * 1024 + 1)},
            {"checkpoint_mode": [1]},
            {"tags": {}},
            {"tags": ["a"]},
            {"tags": [{"key": ""}]},
            {"tags": [{"key": "k", "value": "v" * 256}]},
            {"resource_config": "v1"},
            {"resource_config_version": "v3"},
        ],
    )
    def test_a_definition_must_be_as_documented(self, huawei, emulator, body):
        before = emulator.state()
        assert refused(create(huawei, **body), "DLI.0001")
        assert emulator.state() == before

    def test_a_description_is_shorter_in_the_other_cloud(self, huawei, emulator):
        emulator.settings(profile="otc")
        assert refused(create(huawei, desc="d" * 513), "DLI.0001")

    @pytest.mark.parametrize(
        ("body", "job_type", "run_mode"),
        [
            ({"run_mode": "shared_cluster"}, "flink_sql_job", "shared_cluster"),
            ({"job_type": "flink_sql_job"}, "flink_sql_job", "shared_cluster"),
            ({"job_type": "flink_sql_job", "run_mode": "exclusive_cluster"}, "flink_sql_job", "exclusive_cluster"),
            ({"run_mode": "exclusive_cluster"}, "flink_opensource_sql_job", "exclusive_cluster"),
        ],
    )
    def test_kind_and_cluster_go_together(self, huawei, body, job_type, run_mode):
        create(huawei, **body)
        assert (huawei.job(1000)["job_type"], huawei.job(1000)["run_mode"]) == (job_type, run_mode)

    def test_a_template_gives_its_statement(self, huawei):
        create(huawei, template_id=1)
        assert "{{topic}}" in huawei.job(1000)["sql_body"]
        create(huawei, name="own", template_id=1, sql_body=SQL)
        assert huawei.job(1001)["sql_body"] == SQL
        assert refused(create(huawei, name="other", template_id=99), "DLI.0002")

    def test_a_bucket_may_need_to_be_authorised(self, huawei, emulator):
        emulator.settings(dli_unauthorised_bucket="refuse")
        assert refused(create(huawei, obs_bucket="b"), "DLI.11016")
        said = send(huawei, "POST", "/dli/obs-authorize", {"obs_buckets": ["b", "c"]}).json()
        assert said["message"] == "The following OBS bucket is authorized successfully, b, c."
        assert create(huawei, obs_bucket="b").ok
        (project,) = emulator.state()["dli"]["projects"].values()
        assert project["obs_buckets"] == ["b", "c", "emulated-bucket"]

    @pytest.mark.parametrize("buckets", [None, [], [5], "b", [""]])
    def test_buckets_have_names(self, huawei, buckets):
        assert refused(send(huawei, "POST", "/dli/obs-authorize", {"obs_buckets": buckets}), "DLI.0001")

    def test_tags_are_listed_by(self, huawei):
        create(huawei, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
        for asked, count in (("a=1", 1), ("a=1,b=2", 1), ("a=2", 0), ("a=1,c=3", 0)):
            assert huawei.dli("GET", tags=asked)["job_list"]["total_count"] == count

    def test_no_body_is_no_definition(self, huawei):
        assert refused(send(huawei, "POST", "/streaming/sql-jobs"), "DLI.0001")


class TestUpdate:
    def test_what_is_left_out_is_kept(self, huawei, emulator):
        create(huawei, sql_body=SQL, cu_number=4, desc="d")
        now = emulator.advance(5)
        answer = update(huawei, 1000, desc="other", parallel_number=3).json()
        assert answer["job"] == {"update_time": now}
        shown = huawei.job(1000)
        assert (shown["desc"], shown["sql_body"], shown["name"]) == ("other", SQL, "new")
        assert (shown["job_config"]["cu_number"], shown["job_config"]["parallel_number"]) == (4, 3)

    def test_what_is_left_out_may_fall_back(self, huawei, emulator):
        emulator.settings(dli_update_omitted="default")
        create(huawei, sql_body=SQL, cu_number=4, desc="d")
        update(huawei, 1000, parallel_number=3)
        shown = huawei.job(1000)
        assert (shown["name"], shown["desc"], shown["sql_body"], shown["queue_name"]) == ("new", "", "", "")
        assert (shown["job_config"]["cu_number"], shown["job_config"]["parallel_number"]) == (2, 3)

    def test_a_running_job_takes_what_acts_at_run_time(self, huawei, emulator):
        assert update(huawei, 128, smn_topic="t", name="aggregate", obs_bucket="other").ok
        assert huawei.job(128)["job_config"]["obs_bucket"] == "other"
        answer = update(huawei, 128, cu_number=9, resume_max_num=3)
        assert refused(answer, "DLI.12002")
        assert "cu_number" in answer.json()["error_msg"]
        assert "resume_max_num" not in huawei.job(128)["job_config"]

    def test_a_running_job_may_take_anything_or_nothing(self, huawei, emulator):
        emulator.settings(dli_update_running="any")
        assert update(huawei, 128, cu_number=9).ok
        emulator.settings(dli_update_running="none")
        assert refused(update(huawei, 128, smn_topic="t"), "DLI.12002")
        assert update(huawei, 128, cu_number=9).ok

    @pytest.mark.parametrize("status", ["job_submitting", "job_canceling", "job_savepointing"])
    def test_a_job_on_its_way_cannot_be_updated(self, huawei, emulator, status):
        emulator.thing("dli", 128, status)
        assert refused(update(huawei, 128, smn_topic="t"), "DLI.12002")

    def test_a_job_is_updated_as_what_it_is(self, huawei):
        assert refused(update(huawei, 137, desc="d"), "DLI.12002")
        assert refused(update(huawei, 142, "flink-jobs", desc="d"), "DLI.12002")
        assert refused(update(huawei, 137, "flink-jobs", job_type="flink_sql_job"), "DLI.0001")
        assert update(huawei, 137, "flink-jobs", job_type="flink_jar_job").ok

    def test_the_name_of_another_is_refused_its_own_is_not(self, huawei, emulator):
        assert refused(update(huawei, 142, name="aggregate"), "DLI.0006")
        assert update(huawei, 142, name="draft").ok
        emulator.settings(dli_same_name="accept")
        assert update(huawei, 142, name="aggregate").ok

    def test_an_update_goes_wrong_on_request(self):
        jobs = {"1": {"name": "a", "refuses_update": 1}}
        with start_emulator({"dli": {"projects": {"p": {"jobs": jobs}}}}) as emulator:
            huawei = Huawei(emulator)
            assert refused(update(huawei, 1, desc="d"), "DLI.0999")
            assert update(huawei, 1, desc="d").ok

    def test_an_unknown_job_is_not_updated(self, huawei):
        assert refused(update(huawei, 999, desc="d"), "DLI.16001")


class TestSavepoints:
    def trigger(self, huawei, id=128, **body):
        body = {"action": "TRIGGER", "savepoint_path": "obs://b/dir/", **body}
        return send(huawei, "POST", f"/streaming/jobs/{id}/savepoint", body)

    def bring(self, huawei, id=142, **body):
        body = {"job_id": int(id), "savepoint_path": "obs://b/dir/", **body}
        return send(huawei, "POST", f"/streaming/jobs/{id}/import-savepoint", body)

    def test_a_savepoint_leaves_the_job_running(self, huawei, emulator):
        started = huawei.job(128)["start_time"]
        message = json.loads(self.trigger(huawei).json()["message"])
        assert message == {"is_success": "true", "message": "api.msg.deal_savepoint_success"}
        assert (huawei.job(128)["status"], huawei.job(128)["has_savepoint"]) == ("job_savepointing", False)
        emulator.advance(20)
        shown = huawei.job(128)
        assert (shown["status"], shown["has_savepoint"], shown["start_time"]) == ("job_running", True, started)
        assert shown["savepoint_path"].startswith("obs://b/dir/savepoint-2")

    def test_a_second_savepoint_has_another_path(self, huawei, emulator):
        paths = set()
        for _ in range(2):
            self.trigger(huawei)
            emulator.advance(20)
            paths.add(huawei.job(128)["savepoint_path"])
        assert len(paths) == 2

    @pytest.mark.parametrize(
        ("switch", "triggered", "stopped"),
        [
            ("folder", "obs://b/dir", "obs://emulated-bucket/jobs/savepoint/137"),
            ("bare", "b/dir/savepoint-", "emulated-bucket/jobs/savepoint/137/"),
        ],
    )
    def test_the_path_can_be_shown_otherwise(self, huawei, emulator, switch, triggered, stopped):
        emulator.settings(dli_savepoint_path=switch)
        self.trigger(huawei)
        huawei.dli("POST", "/stop", {"job_ids": [137], "trigger_savepoint": True})
        emulator.advance(30)
        paths = [huawei.job(id)["savepoint_path"] for id in (128, 137)]
        for path, start in zip(paths, (triggered, stopped), strict=True):
            assert (path == start) if switch == "folder" else path.startswith(start)

    @pytest.mark.parametrize("body", [{"action": "STOP"}, {"action": None}, {"savepoint_path": ""}])
    def test_action_and_path_are_needed(self, huawei, body):
        assert refused(self.trigger(huawei, **body), "DLI.0001")

    def test_only_a_running_job_makes_one(self, huawei):
        assert refused(self.trigger(huawei, 142), "DLI.0007")
        assert refused(self.trigger(huawei, 999), "DLI.16001")

    def test_it_goes_wrong_on_request(self):
        going = {"status": "job_running", "refuses_savepoint": 2, "fails_savepoint": 1, "runs_for_seconds": 60}
        with start_emulator({"dli": {"projects": {"p": {"jobs": {"128": {"name": "a", **going}}}}}}) as emulator:
            huawei = Huawei(emulator)
            assert refused(self.trigger(huawei), "DLI.0999", 500)
            emulator.settings(dli_savepoint_refusal="message")
            said = self.trigger(huawei)
            assert (said.status_code, said.json()["is_success"]) == (200, "true")
            assert json.loads(said.json()["message"])["is_success"] == "false"
            assert emulator.journal()[-1]["code"] == "DLI.0999"
            assert huawei.job(128)["status"] == "job_running"
            self.trigger(huawei)
            emulator.advance(20)
            shown = huawei.job(128)
            assert (shown["status"], shown["has_savepoint"]) == ("job_running", False)
            assert shown["status_desc"] == "The savepoint failed."
            emulator.advance(60)
            assert huawei.job(128)["status"] == "job_finish"

    @pytest.mark.parametrize("status", ["job_running", "job_cancel_fail", "job_cancel_success"])
    def test_what_a_failed_savepoint_makes_of_a_stop_can_be_switched(self, status):
        jobs = {"1": {"name": "a", "status": "job_running", "fails_savepoint": 1}}
        seed = {"dli": {"projects": {"p": {"jobs": jobs}}}}
        with start_emulator(seed, dli_failed_savepoint=status) as emulator:
            huawei = Huawei(emulator)
            huawei.dli("POST", "/stop", {"job_ids": [1], "trigger_savepoint": True})
            emulator.advance(60)
            assert (huawei.job(1)["status"], huawei.job(1)["has_savepoint"]) == (status, False)

    @pytest.mark.parametrize("id", [142, "142"])
    def test_a_savepoint_is_imported(self, huawei, id):
        assert self.bring(huawei, 142, job_id=id).json()["message"] == "The job is updated successfully."
        assert (huawei.job(142)["has_savepoint"], huawei.job(142)["savepoint_path"]) == (True, "obs://b/dir/")

    def test_an_imported_savepoint_may_not_be_shown_but_serves(self, huawei, emulator):
        emulator.settings(dli_imported_savepoint="hidden", dli_resume_without_savepoint="refuse")
        assert huawei.dli("POST", "/run", {"job_ids": [142], "resume_savepoint": True})[0]["error_code"] == "DLI.0007"
        self.bring(huawei)
        assert huawei.job(142)["has_savepoint"] is False
        assert huawei.dli("POST", "/run", {"job_ids": [142], "resume_savepoint": True})[0]["is_success"] == "true"
        emulator.advance(30)
        assert emulator.state()["dli"]["projects"][huawei.project]["jobs"]["142"]["imported_savepoint"] is None

    def test_a_running_job_takes_none(self, huawei):
        assert refused(self.bring(huawei, 128), "DLI.0007")

    @pytest.mark.parametrize("body", [{"job_id": 143}, {"job_id": None}, {"job_id": True}, {"savepoint_path": None}])
    def test_the_id_comes_twice(self, huawei, body):
        assert refused(self.bring(huawei, **body), "DLI.0001")


class TestGraphs:
    def graph(self, huawei, id=128):
        return send(huawei, "GET", f"/streaming/jobs/{id}/execute-graph")

    def test_a_running_job_has_a_graph(self, huawei, emulator):
        emulator.advance(7)
        graph = self.graph(huawei).json()["execute_graph"]
        assert (graph["state"], graph["end-time"], graph["duration"]) == ("RUNNING", -1, 7000)
        assert graph["now"] - graph["start-time"] == 7000
        assert len(graph["jid"]) == 32
        assert graph["vertices"][0]["status"] == "RUNNING"

    def test_one_that_is_stopping_has_a_graph_too(self, huawei):
        huawei.dli("POST", "/stop", {"job_ids": [128]})
        assert self.graph(huawei).json()["execute_graph"]["state"] == "CANCELLING"

    def test_what_is_said_of_one_that_does_not_run_can_be_switched(self, huawei, emulator):
        assert refused(self.graph(huawei, 146), "DLI.0007")
        emulator.settings(dli_graph_of_idle="empty")
        assert self.graph(huawei, 146).json()["execute_graph"] is None
        emulator.settings(dli_graph_of_idle="last")
        graph = self.graph(huawei, 146).json()["execute_graph"]
        assert (graph["state"], graph["end-time"] >= graph["start-time"]) == ("CANCELED", True)
        assert self.graph(huawei, 142).json()["execute_graph"] is None
        assert refused(self.graph(huawei, 999), "DLI.16001")

    def test_a_stale_look_does_not_see_a_new_job(self, huawei, emulator):
        create(huawei)
        emulator.fault("dli", "*", "stale", seconds=5, times=1)
        assert refused(self.graph(huawei, 1000), "DLI.16001")
        assert refused(send(huawei, "GET", "/streaming/jobs/1000"), "DLI.16001")
        rows = send(huawei, "POST", "/streaming/jobs/metrics", {"job_ids": [1000]})
        assert rows.json()["metrics"]["jobs"] == []

    def test_metrics_name_their_jobs(self, huawei, emulator):
        emulator.advance(7)
        answer = send(huawei, "POST", "/streaming/jobs/metrics", {"job_ids": [128, 999, 142]}).json()
        first, second = answer["metrics"]["jobs"]
        assert (answer["is_success"], first["job_id"], second["job_id"]) == (True, 128, 142)
        assert first["metrics"]["sources"][0]["records"] == 700
        assert (first["metrics"]["total_read_rate"], second["metrics"]["total_read_rate"]) == (100, 0)
        assert emulator.journal()[-1]["ids"] == ["128", "999", "142"]
        assert not emulator.journal()[-1]["write"]

    def static(self, huawei, id=128, **body):
        body = {"sql_body": SQL, **body}
        return send(huawei, "POST", f"/streaming/jobs/{id}/gen-graph", body, version="v3")

    def test_a_statement_has_a_graph(self, huawei):
        answer = self.static(huawei, parallel_number=3).json()
        assert (answer["is_success"], answer["error_code"]) == (True, "")
        graph = json.loads(answer["stream_graph"])
        source, sink = graph["operator_list"]
        assert (source["type"], sink["type"], sink["input_operators_id"]) == ("Source", "Sink", [source["id"]])
        assert [node["parallelism"] for node in graph["nodes"]] == [3, 3]

    @pytest.mark.parametrize(
        ("body", "code"), [({"sql_body": "select 1"}, "DLI.0005"), ({"flink_version": "1.15"}, "DLI.0007")]
    )
    def test_an_error_comes_inside_a_200_or_not(self, huawei, emulator, body, code):
        answer = self.static(huawei, **body)
        assert (answer.status_code, answer.json()["is_success"], answer.json()["error_code"]) == (200, False, code)
        assert emulator.journal()[-1]["code"] == code
        emulator.settings(dli_graph_error="error")
        assert refused(self.static(huawei, **body), code)

    @pytest.mark.parametrize(
        "body",
        [{"sql_body": None}, {"job_type": "flink_sql_job"}, {"graph_type": "x"}, {"static_estimator": True}],
    )
    def test_a_graph_is_asked_for_as_documented(self, huawei, body):
        assert refused(self.static(huawei, **body), "DLI.0001")
        assert refused(self.static(huawei, 999), "DLI.16001")


class TestExport:
    def export(self, huawei, **body):
        return send(huawei, "POST", "/streaming/jobs/export", {"obs_dir": "b/dir/", "is_selected": True, **body})

    def bring(self, huawei, path, **body):
        return send(huawei, "POST", "/streaming/jobs/import", {"zip_file": path, **body})

    def test_jobs_move_by_way_of_obs(self, huawei, emulator):
        (path,) = self.export(huawei, job_selected=[128, 142]).json()["zip_file"]
        assert path.startswith("b/dir/aggregate_")
        for id in (128, 142):
            huawei.dli("DELETE", f"/{id}")
        first, second = self.bring(huawei, path).json()["job_mapping"]
        assert (first["old_job_id"], first["new_job_id"], second["new_job_id"]) == ("128", "1000", "1001")
        assert (huawei.job(1000)["name"], huawei.job(1000)["status"]) == ("aggregate", "job_init")

    def test_a_name_that_is_there_is_left_or_covered(self, huawei, emulator):
        emulator.settings(dli_import_ids="number")
        (path,) = self.export(huawei, job_selected=[128, 146]).json()["zip_file"]
        kept = self.bring(huawei, path).json()["job_mapping"]
        assert [one["new_job_id"] for one in kept] == [-1, -1]
        covered = self.bring(huawei, path, is_cover=True).json()["job_mapping"]
        assert [(one["old_job_id"], one["new_job_id"]) for one in covered] == [(128, -1), (146, 146)]
        assert (huawei.job(128)["status"], huawei.job(146)["status"]) == ("job_running", "job_init")

    def test_a_folder_holds_archives(self, huawei, emulator):
        self.export(huawei, is_selected=False)
        emulator.advance(1)
        self.export(huawei, job_selected=[142])
        assert len(self.bring(huawei, "b/dir").json()["job_mapping"]) == 17

    def test_ids_may_be_used_up(self, huawei, emulator):
        (path,) = self.export(huawei, job_selected=[142]).json()["zip_file"]
        huawei.dli("DELETE", "/142")
        emulator.settings(dli_first_job_id=2**63)
        assert self.bring(huawei, path).json()["job_mapping"][0]["new_job_id"] == "-1"

    def test_what_is_not_there_is_refused(self, huawei):
        assert refused(self.bring(huawei, "nowhere.zip"), "DLI.0002")
        assert refused(self.bring(huawei, ""), "DLI.0001")
        assert refused(self.export(huawei, job_selected=[999]), "DLI.16001")
        assert refused(self.export(huawei), "DLI.0001")
        assert refused(self.export(huawei, obs_dir=None), "DLI.0001")


class TestOpenQuestions:
    def test_a_deleted_job_may_still_be_shown(self, huawei, emulator):
        emulator.settings(dli_deleted="kept")
        for id in (128, 149):
            assert huawei.dli("DELETE", f"/{id}")["is_success"] == "true"
        assert [huawei.job(id)["status"] for id in (128, 149)] == ["job_cancel_success", "job_finish"]
        assert huawei.dli("GET")["job_list"]["total_count"] == 16
        assert huawei.dli("DELETE", "/128")["error_code"] == "DLI.16001"
        assert huawei.dli("POST", "/run", {"job_ids": [128]})[0]["error_code"] == "DLI.16001"
        assert refused(update(huawei, 128, desc="d"), "DLI.16001")
        assert create(huawei, name="aggregate").ok

    def test_an_empty_batch_may_be_taken(self, huawei, emulator):
        emulator.settings(dli_empty_batch="accept")
        assert huawei.dli("POST", "/run", {"job_ids": []}) == []
        assert huawei.dli("POST", "/run", {})["error_code"] == "DLI.0001"

    def test_a_batch_may_be_limited(self, huawei, emulator):
        emulator.settings(dli_max_job_ids=1)
        assert huawei.dli("POST", "/run", {"job_ids": [142, 146]})["error_code"] == "DLI.0001"
        assert huawei.dli("POST", "/run", {"job_ids": [142]})[0]["is_success"] == "true"

    def test_the_answer_may_be_in_another_order(self, huawei, emulator):
        emulator.settings(dli_batch_answer="reversed")
        answer = huawei.dli("POST", "/stop", {"job_ids": [128, 146]})
        assert [one["is_success"] for one in answer] == ["false", "true"]

    def test_several_statuses_may_be_asked_for(self, huawei, emulator):
        asked = "job_finish,job_idle"
        assert huawei.dli("GET", status=asked)["job_list"]["total_count"] == 0
        emulator.settings(dli_status_filter="several")
        assert huawei.dli("GET", status=asked)["job_list"]["total_count"] == 2

    def test_the_list_may_go_by_another_time(self, huawei, emulator):
        emulator.advance(1)
        update(huawei, 142, desc="d")
        assert huawei.dli("GET", limit=1)["job_list"]["jobs"][0]["job_id"] != 142
        emulator.settings(dli_order_by="update_time")
        assert huawei.dli("GET", limit=1)["job_list"]["jobs"][0]["job_id"] == 142

    def test_children_of_a_job_are_listed(self, huawei):
        assert huawei.dli("GET", root_job_id=5)["job_list"]["total_count"] == 0
        assert huawei.dli("GET", root_job_id=-1)["job_list"]["total_count"] == 16
