"""SQL jobs of DLI."""

from __future__ import annotations

import json

import pytest

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

FINISHED = "00000000-fa4e-4000-8000-000000000501"
FAILED = "00000000-fa4e-4000-8000-000000000502"
CANCELLED = "00000000-fa4e-4000-8000-000000000503"
INSERTED = "00000000-fa4e-4000-8000-000000000504"
RUNNING = "00000000-fa4e-4000-8000-000000000506"


def send(huawei, method, path="", body=None, version="v1.0", **query):
    return huawei.call(method, f"/{version}/{huawei.project}/jobs{path}", body, **query)


def submit(huawei, sql="SELECT 1", **body):
    return send(huawei, "POST", "/submit-job", {"sql": sql, **body})


def submitted(huawei, sql="SELECT 1", **body):
    return submit(huawei, sql, **body).json()["job_id"]


def status(huawei, id):
    return send(huawei, "GET", f"/{id}/status").json()


def refused(answer, code, status=400):
    return (answer.status_code, answer.json().get("error_code")) == (status, code)


class TestSubmit:
    def test_a_query_is_launched_runs_and_is_finished(self, huawei, emulator):
        answer = submit(huawei, "select * from t", queue_name="q1", currentdb="db").json()
        assert (answer["is_success"], answer["job_type"], answer["job_mode"]) == (True, "QUERY", "async")
        assert (answer["schema"], answer["rows"]) == ([], [])
        words = [status(huawei, answer["job_id"])["status"]]
        for seconds in (5, 20):
            emulator.advance(seconds)
            words.append(status(huawei, answer["job_id"])["status"])
        assert words == ["LAUNCHING", "RUNNING", "FINISHED"]
        shown = status(huawei, answer["job_id"])
        assert (shown["queue_name"], shown["database_name"], shown["duration"]) == ("q1", "db", 25000)
        assert (shown["result_count"], shown["statement"]) == (3, "select * from t")
        assert [one["type"] for one in json.loads(shown["detail"])["fields"]] == ["integer", "string"]
        emulator.advance(60)
        assert status(huawei, answer["job_id"])["duration"] == 25000

    def test_a_description_is_answered_at_once(self, huawei):
        answer = submit(huawei, "DESC t").json()
        assert (answer["job_type"], answer["job_mode"], answer["rows"][0]) == ("DDL", "sync", ["c1", "int", None])
        assert status(huawei, answer["job_id"])["status"] == "FINISHED"

    @pytest.mark.parametrize(
        ("setting", "conf", "mode"),
        [
            ("false", [], "sync"),
            ("true", [], "async"),
            ("false", ["dli.sql.sqlasync.enabled = true"], "async"),
            ("true", ["dli.sql.sqlasync.enabled=FALSE"], "sync"),
        ],
    )
    def test_ddl_may_be_waited_for(self, huawei, emulator, setting, conf, mode):
        emulator.settings(dli_sql_async_ddl=setting)
        answer = submit(huawei, "CREATE TABLE t (c int)", conf=conf).json()
        assert answer["job_mode"] == mode
        assert status(huawei, answer["job_id"])["status"] == ("LAUNCHING" if mode == "async" else "FINISHED")

    def test_a_query_is_a_job_whatever_the_conf(self, huawei):
        answer = submit(huawei, conf=["dli.sql.sqlasync.enabled=false"]).json()
        assert answer["job_mode"] == "async"

    @pytest.mark.parametrize(
        ("sql", "kind"),
        [
            ("-- a comment\n (select 1)", "QUERY"),
            ("/* a\ncomment */ with a as (select 1) select * from a", "QUERY"),
            ("insert into t select 1", "INSERT"),
            ("grant select on t to u", "DCL"),
            ("show tables", "DDL"),
            ("update t set a = 1", "UPDATE"),
            ("delete from t", "DELETE"),
            ("load data inpath 'obs://b' into table t", "IMPORT"),
        ],
    )
    def test_a_statement_has_a_type(self, huawei, sql, kind):
        assert submit(huawei, sql).json()["job_type"] == kind
        assert send(huawei, "POST", "/check-sql", {"sql": sql}).json() == {
            "is_success": True,
            "message": "",
            "job_type": kind,
        }

    @pytest.mark.parametrize("sql", ["selec 1", "-- nothing", "5"])
    def test_what_is_no_statement_is_refused(self, huawei, emulator, sql):
        assert refused(submit(huawei, sql), "DLI.0004")
        assert refused(send(huawei, "POST", "/check-sql", {"sql": sql}), "DLI.0004")
        emulator.settings(dli_check_sql_error="false")
        answer = send(huawei, "POST", "/check-sql", {"sql": sql})
        assert (answer.status_code, answer.json()["is_success"]) == (200, False)

    @pytest.mark.parametrize(
        "body",
        [
            {"sql": ""},
            {"sql": 5},
            {"queue_name": "_q"},
            {"queue_name": "5"},
            {"queue_name": ""},
            {"queue_name": "a-b"},
            {"conf": ["a"]},
            {"conf": {"a": "b"}},
            {"conf": [5]},
            {"tags": [{"key": 5}]},
            {"engine_type": "flink"},
        ],
    )
    def test_a_job_is_submitted_as_documented(self, huawei, emulator, body):
        before = emulator.state()
        assert refused(submit(huawei, **{"sql": "SELECT 1", **body}), "DLI.0001")
        assert emulator.state() == before

    def test_the_other_cloud_has_one_engine(self, huawei, emulator):
        assert submit(huawei, engine_type="hetuEngine").ok
        emulator.settings(profile="otc")
        assert refused(submit(huawei, engine_type="hetuEngine"), "DLI.0001")

    def test_another_project_is_refused(self, huawei):
        assert refused(huawei.call("POST", "/v1.0/other/jobs/submit-job", {"sql": "SELECT 1"}), "DLI.0016")


class TestOutcomes:
    def test_a_seed_knows_statements(self, huawei, emulator):
        id = submitted(huawei, " SELECT * FROM no_such_table ;\n")
        emulator.advance(25)
        shown = status(huawei, id)
        assert (shown["status"], shown["is_success"], shown["result_count"]) == ("FAILED", True, 0)
        assert "no_such_table" in shown["message"]
        emulator.settings(dli_sql_failed_message="json")
        assert json.loads(status(huawei, id)["message"])["error_code"] == "DLI.0999"

    def test_a_statement_that_is_answered_at_once_fails_at_once(self, huawei, emulator):
        assert refused(submit(huawei, "DROP TABLE no_such_table"), "DLI.0005")
        emulator.settings(dli_sql_sync_failure="false")
        answer = submit(huawei, "DROP TABLE no_such_table").json()
        assert (answer["is_success"], "no_such_table" in answer["message"]) == (False, True)
        assert status(huawei, answer["job_id"])["status"] == "FAILED"
        assert emulator.journal(operation="submit_sql_job")[-1]["code"] == "DLI.0005"

    def test_all_others_may_fail(self, huawei, emulator):
        emulator.settings(dli_sql_outcome="FAILED")
        id = submitted(huawei)
        emulator.advance(25)
        assert (status(huawei, id)["status"], bool(status(huawei, id)["message"])) == ("FAILED", True)

    def test_a_job_runs_no_longer_than_its_limit(self, huawei, emulator):
        id, other = (submitted(huawei, conf=[f"dli.sql.job.timeout={seconds}"]) for seconds in (10, 30))
        emulator.advance(15)
        assert [status(huawei, one)["status"] for one in (id, other)] == ["CANCELLED", "RUNNING"]

    def test_finished_may_be_written_otherwise(self, huawei, emulator):
        emulator.settings(dli_sql_finished="FINISH")
        assert status(huawei, FINISHED)["status"] == "FINISH"
        rows = send(huawei, "GET", **{"job-status": "FINISH"}).json()
        assert rows["job_count"] == 3
        assert refused(send(huawei, "DELETE", f"/{FINISHED}"), "DLI.0007")
        assert send(huawei, "GET", f"/{FINISHED}/preview").ok

    @pytest.mark.parametrize("path", ["/status", "/detail", "/preview"])
    def test_an_unknown_job_is_refused(self, huawei, path):
        assert refused(send(huawei, "GET", f"/nobody{path}"), "DLI.0002")

    def test_a_seed_lets_a_job_scale(self):
        jobs = {"a": {"status": "SCALING", "run_seconds": 7}, "b": {"status": "WONDERING"}}
        with start_emulator({"dli": {"projects": {"p": {"sql_jobs": jobs}}}}) as emulator:
            huawei = Huawei(emulator)
            assert status(huawei, "a")["status"] == "SCALING"
            emulator.advance(7)
            assert [status(huawei, id)["status"] for id in ("a", "b")] == ["FINISHED", "WONDERING"]

    def test_somebody_else_changes_a_job(self, huawei, emulator):
        emulator.thing("dli", FINISHED, "RUNNING")
        assert status(huawei, FINISHED)["status"] == "RUNNING"
        emulator.advance(20)
        assert status(huawei, FINISHED)["status"] == "FINISHED"

    def test_a_new_job_is_not_seen_by_a_stale_look(self, huawei, emulator):
        id = submitted(huawei)
        emulator.fault("dli", "*", "stale", seconds=5)
        assert refused(send(huawei, "GET", f"/{id}/status"), "DLI.0002")
        assert send(huawei, "GET").json()["job_count"] == 6


class TestCancel:
    def test_a_job_is_cancelled_after_a_while(self, huawei, emulator):
        id = submitted(huawei)
        for _ in range(2):
            assert send(huawei, "DELETE", f"/{id}").json() == {"is_success": True, "message": ""}
            emulator.advance(2)
        assert status(huawei, id)["status"] == "LAUNCHING"
        emulator.advance(1)
        assert status(huawei, id)["status"] == "CANCELLED"
        assert refused(send(huawei, "DELETE", f"/{id}"), "DLI.0007")

    def test_a_job_with_a_limit_is_cancelled_before_it(self, huawei, emulator):
        id = submitted(huawei, conf=["dli.sql.job.timeout=15"])
        send(huawei, "DELETE", f"/{id}")
        emulator.advance(5)
        assert status(huawei, id)["status"] == "CANCELLED"

    @pytest.mark.parametrize("id", [FINISHED, FAILED, CANCELLED])
    def test_what_has_ended_is_not_cancelled(self, huawei, id):
        assert refused(send(huawei, "DELETE", f"/{id}"), "DLI.0007")

    def test_a_cancelled_job_may_be_gone(self, huawei, emulator):
        emulator.settings(dli_sql_cancelled="gone")
        assert refused(send(huawei, "GET", f"/{CANCELLED}/status"), "DLI.0002")

    def test_a_cancel_goes_wrong_on_request(self):
        jobs = {"a": {"status": "RUNNING", "refuses_cancel": 1, "cancel_seconds": 0}}
        with start_emulator({"dli": {"projects": {"p": {"sql_jobs": jobs}}}}) as emulator:
            huawei = Huawei(emulator)
            assert refused(send(huawei, "DELETE", "/a"), "DLI.0999")
            assert send(huawei, "DELETE", "/a").ok
            assert status(huawei, "a")["status"] == "CANCELLED"


class TestProgress:
    def progress(self, huawei, id):
        return send(huawei, "GET", f"/{id}/progress", version="v1").json()

    def test_progress_grows(self, huawei, emulator):
        id = submitted(huawei)
        assert (self.progress(huawei, id)["progress"], "sub_job_id" in self.progress(huawei, id)) == (0, False)
        emulator.advance(10)
        shown = self.progress(huawei, id)
        assert (shown["progress"], shown["sub_job_id"], shown["sub_jobs"][0]["num_completed_tasks"]) == (0.25, 0, 25)
        emulator.advance(15)
        assert (self.progress(huawei, id)["progress"], self.progress(huawei, id)["sub_jobs"]) == (1, [])

    def test_an_endless_job_makes_none(self, huawei):
        assert self.progress(huawei, RUNNING)["progress"] == 0

    def test_a_job_of_no_length_has_no_progress(self):
        jobs = {"a": {"status": "RUNNING", "run_seconds": 0, "pending": []}}
        with start_emulator({"dli": {"projects": {"p": {"sql_jobs": jobs}}}}) as emulator:
            assert self.progress(Huawei(emulator), "a")["progress"] == 0

    def test_an_old_queue_tells_none(self, huawei, emulator):
        emulator.settings(dli_sql_progress="error")
        assert self.progress(huawei, RUNNING)["error_code"] == "DLI.0999"


class TestResults:
    def preview(self, huawei, id=FINISHED, **query):
        return send(huawei, "GET", f"/{id}/preview", **query)

    def export(self, huawei, **body):
        body = {"data_path": "obs://b/r", "data_type": "csv", **body}
        return send(huawei, "POST", f"/{FINISHED}/export-result", body)

    def test_a_result_has_schema_and_rows(self, huawei):
        answer = self.preview(huawei).json()
        assert (answer["row_count"], answer["schema"]) == (3, [{"turbine": "string"}, {"power": "double"}])
        assert answer["rows"][-1] == ["wind-heavy", None]
        short = self.preview(huawei, **{"page-size": 1, "queue-name": "default"}).json()
        assert (short["row_count"], short["rows"]) == (1, [["wind-1", 2.5]])

    def test_at_most_a_thousand_rows_are_shown(self, huawei, emulator):
        emulator.settings(dli_sql_rows=1001)
        id = submitted(huawei)
        emulator.advance(25)
        assert (self.preview(huawei, id).json()["row_count"], status(huawei, id)["result_count"]) == (1000, 1001)

    @pytest.mark.parametrize("size", [0, 1001, "x"])
    def test_a_page_has_bounds(self, huawei, size):
        assert refused(self.preview(huawei, **{"page-size": size}), "DLI.0001")

    @pytest.mark.parametrize("id", [FAILED, CANCELLED, RUNNING, INSERTED])
    def test_only_a_finished_query_has_one(self, huawei, id):
        assert refused(self.preview(huawei, id), "DLI.0007")

    def test_a_result_may_expire(self, huawei, emulator):
        emulator.settings(dli_sql_result_seconds=60)
        emulator.advance(60)
        assert self.preview(huawei).ok
        emulator.advance(1)
        assert refused(self.preview(huawei), "DLI.0100")

    def test_a_result_is_exported_by_a_job(self, huawei, emulator):
        id = self.export(huawei, compress="gzip", limit_num=5).json()["job_id"]
        emulator.advance(25)
        assert (status(huawei, id)["status"], status(huawei, id)["job_type"]) == ("FINISHED", "EXPORT")
        detail = send(huawei, "GET", f"/{id}/detail").json()
        assert (detail["data_path"], detail["compress"], detail["export_mode"]) == (
            "obs://b/r",
            "gzip",
            "ErrorIfExists",
        )
        assert "data_path" not in send(huawei, "GET", f"/{FINISHED}/detail").json()

    def test_an_export_does_not_overwrite_unless_told(self, huawei, emulator):
        self.export(huawei)
        emulator.advance(25)
        again, over = (self.export(huawei, **more).json()["job_id"] for more in ({}, {"export_mode": "Overwrite"}))
        emulator.advance(25)
        assert [status(huawei, id)["status"] for id in (again, over)] == ["FAILED", "FINISHED"]
        assert "exists" in status(huawei, again)["message"]

    @pytest.mark.parametrize(
        "body",
        [
            {"data_path": ""},
            {"data_type": None},
            {"data_type": "xml"},
            {"compress": "zip"},
            {"export_mode": "Append"},
            {"queue_name": "_q"},
        ],
    )
    def test_an_export_is_asked_for_as_documented(self, huawei, body):
        assert refused(self.export(huawei, **body), "DLI.0001")


class TestList:
    def ids(self, huawei, **query):
        return [one["job_id"][-1] for one in send(huawei, "GET", **query).json()["jobs"]]

    def test_pages_hold_everything_once(self, huawei):
        pages = [self.ids(huawei, **{"page-size": 4, "current-page": page}) for page in (1, 2, 3)]
        assert [len(page) for page in pages] == [4, 2, 0]
        assert len({*pages[0], *pages[1]}) == 6

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"job-status": "FAILED"}, "2"),
            ({"job-type": "INSERT"}, "4"),
            ({"job-type": "ALL", "job-status": "RUNNING"}, "6"),
            ({"job_types": "INSERT,DDL"}, "45"),
            ({"sql_pattern": "NO_SUCH"}, "2"),
            ({"job-id": FINISHED}, "1"),
            ({"queue_name": "other"}, ""),
            ({"owner": "emulator", "job-status": "CANCELLED"}, "3"),
            ({"engine-type": "hetuEngine"}, ""),
            ({"db_name": "db"}, ""),
            ({"table_name": "t"}, ""),
            ({"tags": "a=b"}, ""),
            ({"start": 2**62}, ""),
            ({"end": 1}, ""),
        ],
    )
    def test_jobs_are_filtered(self, huawei, query, expected):
        assert sorted(self.ids(huawei, **query)) == sorted(expected)

    def test_jobs_are_ordered(self, huawei, emulator):
        emulator.advance(1)
        id = submitted(huawei)
        emulator.advance(1)
        assert self.ids(huawei)[0] == id[-1]
        assert self.ids(huawei, order="start_time_asc")[-1] == id[-1]
        assert self.ids(huawei, order="duration_desc")[0] == "6"

    @pytest.mark.parametrize(
        "query",
        [{"page-size": 0}, {"page-size": 101}, {"current-page": 0}, {"current-page": 101}, {"order": "name_asc"}],
    )
    def test_a_page_has_bounds(self, huawei, query):
        assert refused(send(huawei, "GET", **query), "DLI.0001")
