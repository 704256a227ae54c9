"""Spark batches of DLI."""

from __future__ import annotations

import json

import pytest

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

SUCCEEDED = "00000000-fa4e-4000-8000-0000000005a1"
DEAD = "00000000-fa4e-4000-8000-0000000005a2"
ENDLESS = "00000000-fa4e-4000-8000-0000000005a3"


def send(huawei, method, path="", body=None, **query):
    return huawei.call(method, f"/v2.0/{huawei.project}/batches{path}", body, **query)


def create(huawei, **body):
    return send(huawei, "POST", "", {"file": "obs://b/a.jar", "className": "A", **body})


def state(huawei, id):
    return send(huawei, "GET", f"/{id}/state").json()["state"]


def refused(answer, code, status=400):
    return (answer.status_code, answer.json().get("error_code")) == (status, code)


class TestLife:
    def test_a_batch_starts_runs_and_succeeds(self, huawei, emulator):
        made = create(huawei, name="n", queue="q", conf={"a": 1}).json()
        assert (made["state"], made["appId"], made["name"], made["queue"]) == ("starting", "", "n", "q")
        words = []
        for seconds in (0, 15, 60):
            emulator.advance(seconds)
            words.append(state(huawei, made["id"]))
        assert words == ["starting", "running", "success"]
        shown = send(huawei, "GET", f"/{made['id']}").json()
        assert (shown["duration"], bool(shown["appId"])) == (75000, True)
        assert json.loads(shown["req_body"])["conf"] == {"a": 1}
        emulator.advance(60)
        assert send(huawei, "GET", f"/{made['id']}").json()["duration"] == 75000

    def test_a_seed_knows_programs(self, huawei, emulator):
        dead, recovering = (
            create(huawei, file=f"obs://emulated-bucket/{name}.jar").json()["id"] for name in ("fails", "recovers")
        )
        words = []
        for seconds in (35, 15, 20, 15, 20):
            emulator.advance(seconds)
            words.append(state(huawei, recovering))
        assert words == ["recovering", "running", "recovering", "running", "success"]
        assert state(huawei, dead) == "dead"

    def test_all_others_may_die(self, huawei, emulator):
        emulator.settings(dli_spark_outcome="dead")
        id = create(huawei).json()["id"]
        emulator.advance(75)
        assert state(huawei, id) == "dead"

    @pytest.mark.parametrize("ended", ["dead", "success"])
    def test_a_cancelled_batch_has_no_state_of_its_own(self, huawei, emulator, ended):
        emulator.settings(dli_spark_cancelled=ended)
        assert send(huawei, "DELETE", f"/{ENDLESS}").json() == {"msg": "deleted"}
        assert state(huawei, ENDLESS) == "running"
        emulator.advance(5)
        assert state(huawei, ENDLESS) == ended
        assert refused(send(huawei, "DELETE", f"/{ENDLESS}"), "DLI.0007")

    def test_a_second_cancel_changes_nothing(self, huawei, emulator):
        for _ in range(2):
            assert send(huawei, "DELETE", f"/{ENDLESS}").ok
            emulator.advance(2)
        emulator.advance(1)
        assert state(huawei, ENDLESS) == "dead"

    @pytest.mark.parametrize("id", [SUCCEEDED, DEAD])
    def test_what_has_ended_is_not_cancelled(self, huawei, id):
        assert refused(send(huawei, "DELETE", f"/{id}"), "DLI.0007")

    def test_a_seed_lets_things_go_wrong(self):
        batches = {
            "a": {"name": "a", "status": "running", "refuses_cancel": 1, "cancel_seconds": 0},
            "b": {"name": "b", "status": "recovering", "start_seconds": 1, "run_seconds": 1},
            "c": {"name": "c", "status": "wondering"},
        }
        with start_emulator({"dli": {"projects": {"p": {"spark_batches": batches}}}}) as emulator:
            huawei = Huawei(emulator)
            assert refused(send(huawei, "DELETE", "/a"), "DLI.0999")
            assert send(huawei, "DELETE", "/a").ok
            assert [state(huawei, id) for id in "abc"] == ["dead", "recovering", "wondering"]
            emulator.advance(2)
            assert state(huawei, "b") == "success"

    def test_the_state_may_have_a_capital(self, huawei, emulator):
        emulator.settings(dli_spark_state="capital")
        assert state(huawei, SUCCEEDED) == "Success"

    @pytest.mark.parametrize("path", ["", "/state", "/log"])
    def test_an_unknown_batch_is_refused(self, huawei, path):
        assert refused(send(huawei, "GET", f"/nobody{path}"), "DLI.0002")

    def test_a_new_batch_is_not_seen_by_a_stale_look(self, huawei, emulator):
        id = create(huawei).json()["id"]
        emulator.fault("dli", "*", "stale", seconds=5)
        assert refused(send(huawei, "GET", f"/{id}/state"), "DLI.0002")
        assert send(huawei, "GET").json()["total"] == 3


class TestCreate:
    @pytest.mark.parametrize(
        "body",
        [
            {"file": ""},
            {"className": None},
            {"sc_type": "D"},
            {"feature": "other"},
            {"name": "n" * 129},
            {"max_retry_times": 101},
            {"max_retry_times": -1},
            {"driverMemory": "2"},
            {"executorMemory": " "},
            {"driverCores": "1"},
            {"conf": ["a=b"]},
            {"auto_recovery": "true"},
        ],
    )
    def test_a_batch_is_created_as_documented(self, huawei, emulator, body):
        before = emulator.state()
        assert refused(create(huawei, **body), "DLI.0001")
        assert emulator.state() == before

    def test_memory_has_a_unit_and_a_queue_two_names(self, huawei):
        made = create(huawei, driverMemory="2G", cluster_name="old", feature="custom", image="o/n:t").json()
        assert (made["queue"], made["image"], made["sc_type"]) == ("old", "o/n:t", "CUSTOMIZED")


class TestList:
    def ids(self, huawei, **query):
        return [one["id"][-1] for one in send(huawei, "GET", **query).json()["sessions"]]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, "123"),
            ({"state": "dead"}, "2"),
            ({"job_name": "endless"}, "3"),
            ({"job-id": SUCCEEDED}, "1"),
            ({"queue_name": "default", "owner": "emulator"}, "123"),
            ({"cluster_name": "other"}, ""),
            ({"start": 2**62}, ""),
            ({"end": 1}, ""),
        ],
    )
    def test_batches_are_filtered(self, huawei, query, expected):
        assert sorted(self.ids(huawei, **query)) == sorted(expected)

    def test_batches_come_in_pages(self, huawei, emulator):
        emulator.advance(1)
        made = create(huawei).json()["id"]
        assert send(huawei, "GET", size=1).json()["sessions"][0]["id"] == made
        page = send(huawei, "GET", size=3, order="CREATE_TIME_ASC", **{"from": 3}).json()
        assert (page["from"], page["total"], [one["id"] for one in page["sessions"]]) == (3, 4, [made])
        emulator.advance(1)
        assert self.ids(huawei, order="DURATION_DESC")[0] == "3"

    @pytest.mark.parametrize("query", [{"size": -1}, {"from": -1}, {"order": "name"}, {"size": "x"}])
    def test_a_page_has_bounds(self, huawei, query):
        assert refused(send(huawei, "GET", **query), "DLI.0001")

    def test_an_empty_list_is_a_list(self):
        with start_emulator({"dli": {"projects": {"p": {}}}}) as emulator:
            assert send(Huawei(emulator), "GET").json()["sessions"] == []


class TestLog:
    def test_the_driver_writes_a_log(self, huawei, emulator):
        id = create(huawei).json()["id"]
        emulator.advance(75)
        log = send(huawei, "GET", f"/{id}/log", type="driver").json()
        assert (log["total"], "running" in log["log"][0], "success" in log["log"][1]) == (2, True, True)
        part = send(huawei, "GET", f"/{id}/log", size=1, **{"from": 1}).json()
        assert (part["from"], part["log"]) == (1, log["log"][1:])

    def test_the_last_hundred_lines_are_given(self):
        batches = {"a": {"name": "a", "status": "dead", "log": [str(number) for number in range(150)]}}
        with start_emulator({"dli": {"projects": {"p": {"spark_batches": batches}}}}) as emulator:
            log = send(Huawei(emulator), "GET", "/a/log").json()
            assert (log["from"], len(log["log"]), log["log"][-1]) == (50, 100, "149")
