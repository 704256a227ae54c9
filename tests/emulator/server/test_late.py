"""Calls that are executed later, whether or not their caller waits for them."""

from __future__ import annotations

import threading

import pytest
import requests


def given_up(huawei):
    """Ask for a stop, and go away before the answer."""
    path, body = f"/v1.0/{huawei.project}/streaming/jobs/stop", b'{"job_ids":[128]}'
    with pytest.raises(requests.Timeout):
        huawei.session.post(huawei.url + path, data=body, headers=huawei.signed("POST", path, "", body), timeout=0.1)


def test_a_late_call_is_executed_in_its_time_though_its_caller_is_gone(huawei, emulator):
    emulator.fault("dli", "batch_stop_flink_jobs", "late", seconds=10)
    given_up(huawei)
    assert emulator.status("dli", 128) == "job_running"
    assert emulator.journal() == []
    emulator.advance(9.9)
    assert emulator.status("dli", 128) == "job_running"
    emulator.advance(0.1)
    assert emulator.status("dli", 128) == "job_canceling"
    (call,) = emulator.journal()
    assert (call["operation"], call["ids"], call["fault"], call["status"]) == (
        "batch_stop_flink_jobs", ["128"], "late", 200,
    )  # fmt: skip


def test_a_late_call_takes_its_place_in_the_order_of_time(huawei, emulator):
    emulator.fault("dli", "batch_stop_flink_jobs", "late", seconds=10)
    given_up(huawei)
    # the stop takes ten seconds, counted from the call's own time
    emulator.advance(20)
    assert emulator.status("dli", 128) == "job_cancel_success"


def test_a_late_call_is_answered_once_it_was_executed(huawei, emulator):
    emulator.fault("dli", "batch_stop_flink_jobs", "late", seconds=10)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(huawei.dli("POST", "/stop", {"job_ids": [128]})))
    caller.start()
    while emulator.faults():
        pass
    emulator.advance(10)
    caller.join(10)
    assert [[element["is_success"] for element in answer] for answer in answers] == [["true"]]


def test_a_reset_forgets_late_calls(huawei, emulator):
    emulator.fault("dli", "batch_stop_flink_jobs", "late", seconds=10)
    given_up(huawei)
    emulator.reset()
    emulator.advance(20)
    assert emulator.status("dli", 128) == "job_running"
    assert emulator.journal() == []
