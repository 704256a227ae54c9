"""Requests as they go out, answers as they are read; no network."""

import json

import pytest

from airflow_provider_pipelines.core.http.paging import TRIES
from airflow_provider_pipelines.dli.api.client import DliApi
from airflow_provider_pipelines.dli.api.flink.models import FlinkJob
from airflow_provider_pipelines.dli.flows.flink_jobs import look_flink_jobs, read_flink_jobs
from airflow_provider_pipelines.errors import (
    ArgumentError,
    AuthenticationError,
    InvalidRequest,
    ListChanged,
    MalformedReply,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    ServerError,
)
from tests.dli.conftest import Driver, answering, detail, element, job, page, sample

JOBS = "/v1.0/1a300000000000000000000000000fa4/streaming/jobs"
LARGEST = 2**63 - 1
ABOUT = {"service": "DLI", "operation": "show_flink_job", "method": "GET", "path": "/", "status": 400}


def test_a_run_is_sent_as_documented(api):
    driver = answering(sample("flink_run.response"))
    answers = driver.run(api.batch_run_flink_jobs([131, 130, 138, 137], True))
    (request,) = driver.requests
    assert (request.method, request.path, request.repeatable) == ("POST", f"{JOBS}/run", False)
    assert json.loads(request.body) == sample("flink_run.request")
    assert [answer.is_success for answer in answers] == [True] * 4
    assert "successfully delivered" in answers[0].message


@pytest.mark.parametrize("shape", ["flink_stop.response", "flink_stop.response.legacy-object"])
def test_a_stop_is_sent_as_documented_and_its_short_answers_are_read(api, shape):
    driver = answering(sample(shape))
    (answer,) = driver.run(api.batch_stop_flink_jobs([128, "137"]))
    (request,) = driver.requests
    assert (request.method, request.path) == ("POST", f"{JOBS}/stop")
    assert json.loads(request.body) == sample("flink_stop.request")
    assert answer.is_success is True


def test_jobs_are_deleted_in_a_batch_and_singly(api):
    driver = answering(sample("flink_delete_batch.response"), sample("flink_delete_one.response"))
    (answer,) = driver.run(api.batch_delete_flink_jobs([12, 232]))
    assert answer.is_success is True
    assert driver.run(api.delete_flink_job(12)) is None
    assert json.loads(driver.requests[0].body) == sample("flink_delete_batch.request")
    assert (driver.requests[1].method, driver.requests[1].path) == ("DELETE", f"{JOBS}/12")


def test_a_refused_delete_is_an_error(api):
    with pytest.raises(InvalidRequest, match=r"delete_flink_job.*not now"):
        answering(element("false", "not now")).run(api.delete_flink_job(12))


@pytest.mark.parametrize("success", [True, "true", "True", " TRUE "])
def test_success_may_come_as_boolean_or_as_text(api, success):
    (answer,) = answering([element(success)]).run(api.batch_run_flink_jobs([1]))
    assert answer.is_success is True


@pytest.mark.parametrize("success", [False, "false", "False"])
def test_a_batch_of_which_nothing_was_accepted_is_an_error(api, success):
    with pytest.raises(InvalidRequest, match="in use"):
        answering([element(success, "in use")]).run(api.batch_run_flink_jobs([1]))


def test_a_batch_that_is_partly_accepted_gives_its_elements(api):
    answers = answering([element(), element("false", None)]).run(api.batch_stop_flink_jobs([1, 2]))
    assert [answer.is_success for answer in answers] == [True, False]


def test_an_error_among_the_elements_keeps_its_code(api):
    with pytest.raises(InvalidRequest, match=r"DLI\.13024.*queue_name"):
        answering(sample("flink_run.error400.observed")).run(api.batch_run_flink_jobs([1]))


@pytest.mark.parametrize(
    "payload",
    [None, [], "done", 1, {}, [None], ["true"], [{"message": "x"}], [element(1)], [element("yes")], [element(None)]],
)
def test_a_batch_answer_without_a_clear_success_is_no_success(api, payload):
    with pytest.raises(MalformedReply):
        answering(payload).run(api.batch_run_flink_jobs([1]))


@pytest.mark.parametrize(
    "ids", [[], [True], [1.0], [0], [-1], [2**63], ["1e3"], ["x"], [1, 1], None, 5, "12", {"a": 1}]
)
def test_what_is_no_list_of_ids_is_never_sent(api, ids):
    driver = answering()
    with pytest.raises(ArgumentError, match="job_ids"):
        driver.run(api.batch_run_flink_jobs(ids))
    assert not driver.requests


@pytest.mark.parametrize("id", ["../1", "1/2", 1.5, True, None, 0, 2**63, "\uff11"])
def test_what_is_no_id_is_never_sent(api, id):
    driver = answering()
    with pytest.raises(ArgumentError, match="job_id"):
        driver.run(api.show_flink_job(id))
    assert not driver.requests


@pytest.mark.parametrize("id", [2**53 + 1, LARGEST, str(LARGEST)])
def test_large_ids_go_out_and_come_back_unchanged(api, id):
    driver = answering(detail(int(id)), [element()])
    assert driver.run(api.show_flink_job(id)).job_id == int(id)
    driver.run(api.batch_run_flink_jobs([id]))
    assert driver.requests[0].path == f"{JOBS}/{id}"
    assert f"[{id}]".encode() in driver.requests[1].body


@pytest.mark.parametrize("flag", ["yes", 1, None])
def test_flags_are_booleans(api, flag):
    with pytest.raises(ArgumentError, match="resume_savepoint"):
        answering().run(api.batch_run_flink_jobs([1], flag))
    with pytest.raises(ArgumentError, match="trigger_savepoint"):
        answering().run(api.batch_stop_flink_jobs([1], trigger_savepoint=flag))


def test_the_documented_detail_is_read(api):
    found = answering(sample("flink_detail.response")).run(api.show_flink_job(104))
    assert isinstance(found, FlinkJob)
    assert (found.job_id, found.status, found.start_time, found.update_time) == (104, "job_init", None, 1578467395713)
    assert found.job_config.checkpoint_mode == "exactly_once"
    assert found.job_config.obs_bucket is None
    assert found.job_config.entrypoint == "FemaleInfoCollection.jar", "unknown fields are kept"
    assert found.facts == {
        "has_savepoint": False, "savepoint_path": None, "start_time": None, "status_desc": None,
    }  # fmt: skip


def test_the_documented_list_is_read(api):
    # the sample shows one of the 26 jobs that it tells of
    driver = answering(*[sample("flink_list.response"), page(total=26)] * TRIES)
    with pytest.raises(ListChanged):
        driver.run(api.list_flink_jobs())
    shown = sample("flink_list.response")
    shown["job_list"]["total_count"] = 1
    (found,) = answering(shown).run(api.list_flink_jobs())
    assert (found.job_id, found.status, found.start_time, found.root_id) == (146, "job_init", None, -1)


@pytest.mark.parametrize("value", [None, 0, "0", "absent"])
def test_a_job_that_was_never_started_has_no_start_time(api, value):
    more = {} if value == "absent" else {"start_time": value}
    assert answering(detail(1, **more)).run(api.show_flink_job(1)).start_time is None


def test_other_names_of_fields_are_read_too(api):
    row = {"job_id": "7", "status_name": "job_init", "username": "ann", "has_savepoint": "true", "start_time": 5}
    found = answering({"is_success": True, "job_detail": row}).run(api.show_flink_job(7))
    assert (found.job_id, found.status, found.user_name) == (7, "job_init", "ann")
    assert (found.has_savepoint, found.start_time) == (True, 5)


@pytest.mark.parametrize(
    "payload",
    [
        None, [], "", {}, {"is_success": "true"}, {"is_success": "true", "job_detail": None},
        {"is_success": "true", "job_detail": []}, {"job_detail": job(1)}, {"is_success": "maybe", "job_detail": job(1)},
        {"is_success": "true", "job_detail": {"job_id": 1}}, detail(1, ""), detail(1, None), detail(1, 5), detail(True),
        detail(1.0), detail("x"), detail(0), detail(1, job_config="none"), detail(1, start_time="soon"),
    ],
)  # fmt: skip
def test_a_detail_of_another_shape_is_an_error(api, payload):
    with pytest.raises(MalformedReply):
        answering(payload).run(api.show_flink_job(1))


@pytest.mark.parametrize(
    "payload",
    [
        None, {"is_success": "true"}, {"is_success": "true", "job_list": []}, {"job_list": {"jobs": []}},
        {"is_success": "true", "job_list": {"total_count": 3}}, {"is_success": "true", "job_list": {"jobs": {}}},
        page({"job_id": 1}), page(None),
    ],
)  # fmt: skip
def test_a_list_of_another_shape_is_an_error(api, payload):
    with pytest.raises(MalformedReply):
        answering(payload).run(api.list_flink_jobs())


def test_a_read_that_says_false_is_an_error_that_may_pass(api):
    with pytest.raises(ServerError, match="database is away"):
        answering({**detail(1), "is_success": "false", "message": "database is away"}).run(api.show_flink_job(1))
    with pytest.raises(ServerError, match="is_success is false"):
        answering({"is_success": False}).run(api.list_flink_jobs())


@pytest.mark.parametrize(("code", "error"), [("DLI.16001", NotFound), ("DLI.0999", ServerError)])
def test_an_error_in_a_200_is_an_error(api, code, error):
    with pytest.raises(error, match=code):
        answering({"error_code": code, "error_msg": "no"}).run(api.show_flink_job(1))


def test_an_empty_project_may_have_no_list_at_all(api):
    assert (
        answering({"is_success": "true", "job_list": {"total_count": 0, "jobs": None}}).run(api.list_flink_jobs()) == []
    )


def test_filters_go_out_as_they_are_given(api):
    driver = answering(page())
    driver.run(
        api.list_flink_jobs(
            job_type="flink_jar_job", status="job_running", queue_name="q", name="n", user_name="u", tags="a=b",
            show_detail=True, order="desc", root_job_id=9, sys_enterprise_project_name="e",
        )
    )  # fmt: skip
    assert dict(driver.requests[0].query) == {
        "job_type": "flink_jar_job", "status": "job_running", "queue_name": "q", "name": "n", "user_name": "u",
        "tags": "a=b", "sys_enterprise_project_name": "e", "root_job_id": "9", "show_detail": "true", "order": "desc",
        "limit": "100", "offset": "0",
    }  # fmt: skip


@pytest.mark.parametrize(
    "filters", [{"name": ""}, {"status": 5}, {"order": "up"}, {"show_detail": "x"}, {"root_job_id": "x"}]
)
def test_an_impossible_filter_is_never_sent(api, filters):
    driver = answering()
    with pytest.raises(ArgumentError, match=next(iter(filters))):
        driver.run(api.list_flink_jobs(**filters))
    assert not driver.requests


class Listing(Driver):
    """
    A project with many jobs.

    :param cap: the most that a page holds
    """

    def __init__(self, ids, *, cap=100, total=None, endless=False, known=()):
        super().__init__(self.serve)
        self.ids, self.cap, self.total, self.endless, self.known = list(ids), cap, total, endless, set(known)

    def serve(self, request):
        if request.operation == "show_flink_job":
            id = int(request.path.rpartition("/")[2])
            return detail(id) if id in self.known else NotFound("no such job", **ABOUT)
        query = dict(request.query)
        assert query["limit"] == "100"
        offset = 0 if self.endless else int(query["offset"])
        shown = self.ids[offset : offset + min(self.cap, 100)]
        return page(*[job(id) for id in shown], total=len(self.ids) if self.total is None else self.total)


@pytest.mark.parametrize("cap", [100, 30])
def test_all_pages_are_read_also_where_the_service_gives_shorter_ones(api, cap):
    driver = Listing(range(1, 251), cap=cap)
    assert [found.job_id for found in driver.run(api.list_flink_jobs())] == list(range(1, 251))


def test_a_total_of_none_is_not_believed_where_there_are_rows(api):
    driver = Listing(range(1, 131), total=0)
    assert len(driver.run(api.list_flink_jobs())) == 130
    # an empty page tells that there are no more, and the first two are read again
    assert len(driver.requests) == 5


def test_a_total_that_is_never_reached_is_no_whole_list_and_pages_not_for_ever(api):
    driver = Listing(range(1, 131), total=10**9)
    with pytest.raises(ListChanged):
        driver.run(api.list_flink_jobs())
    assert len(driver.requests) == 3 * TRIES


def test_a_service_that_repeats_its_first_page_is_not_read_for_ever(api):
    driver = Listing(range(1, 101), endless=True, total=1000)
    with pytest.raises(ListChanged):
        driver.run(api.list_flink_jobs())
    assert len(driver.requests) == 2 * TRIES


def test_the_first_part_of_a_list_without_end_is_not_taken_for_the_whole(api, monkeypatch):
    monkeypatch.setattr("airflow_provider_pipelines.core.http.paging.MOST_PAGES", 3)
    assert len(Listing(range(1, 250)).run(api.list_flink_jobs())) == 249
    with pytest.raises(MalformedReply, match="the list goes on behind page 3"):
        Listing(range(1, 1001)).run(api.list_flink_jobs())


def test_a_list_with_a_job_met_twice_is_read_again(api):
    torn = [page(job(1), job(2), total=4), page(job(2, "job_init"), job(3), total=4)]
    whole = [page(job(1), job(2), total=4), page(job(3), job(4), total=4), page(job(1, "job_init"), job(2), total=4)]
    assert [(j.job_id, j.status) for j in answering(*torn, *whole).run(api.list_flink_jobs())] == [
        (1, "job_init"), (2, "job_running"), (3, "job_running"), (4, "job_running"),
    ]  # fmt: skip
    with pytest.raises(ListChanged):
        answering(*torn * TRIES).run(api.list_flink_jobs())


def test_few_jobs_are_read_singly_and_many_by_the_list(api):
    driver = Listing(range(1, 301), known=range(1, 301))
    driver.run(look_flink_jobs(api, ["1", "2", "3"]))
    assert [request.operation for request in driver.requests] == ["show_flink_job"] * 3
    driver.requests.clear()
    seen = driver.run(look_flink_jobs(api, [str(id) for id in range(1, 60)]))
    assert len(seen) == 59
    assert len(driver.requests) == 1, "pages behind the last wanted job are not read"


def test_a_job_that_the_list_does_not_show_is_read_singly_before_it_counts_as_gone(api):
    driver = Listing(range(1, 5), known=[7])
    seen = driver.run(look_flink_jobs(api, ["1", "2", "7", "8"]))
    assert [seen[id].status for id in ("1", "2", "7")] == ["job_running"] * 3
    assert isinstance(seen["8"].error, NotFound)


def test_both_ways_of_looking_tell_the_same_facts(api):
    facts = {"has_savepoint": True, "savepoint_path": "obs://b/p", "start_time": 17, "status_desc": "d" * 600}
    one = answering(detail(1, **facts)).run(look_flink_jobs(api, ["1"]))
    many = answering(page(job(1, **facts), *[job(id) for id in (2, 3, 4)])).run(
        look_flink_jobs(api, ["1", "2", "3", "4"])
    )
    assert one["1"] == many["1"]
    assert one["1"].facts == {**facts, "status_desc": "d" * 500}


def test_a_row_without_configuration_is_read_singly_where_that_is_wanted(api):
    rows = [job(id, job_config={"obs_bucket": "b"}) for id in (1, 2, 3)]
    driver = answering(page(*rows, job(4)), detail(4, job_config={"obs_bucket": None}))
    found = driver.run(read_flink_jobs(api, ["1", "2", "3", "4"]))
    assert [found[str(id)].job_config.obs_bucket for id in (1, 2, 3, 4)] == ["b", "b", "b", None]
    assert dict(driver.requests[0].query)["show_detail"] == "true"


def test_a_job_that_cannot_be_read_just_now_does_not_hide_the_others(api):
    seen = answering(ServerError("busy", **ABOUT), detail(2)).run(look_flink_jobs(api, ["1", "2"]))
    assert isinstance(seen["1"].error, ServerError)
    assert seen["2"].status == "job_running"
    refused = answering(InvalidRequest("odd", **ABOUT), detail(2)).run(look_flink_jobs(api, ["1", "2"]))
    assert isinstance(refused["1"].error, InvalidRequest)
    assert refused["2"].status == "job_running"


def test_a_job_that_is_forbidden_says_nothing_about_the_others(api):
    seen = answering(PermissionDenied("no", **ABOUT), detail(2)).run(look_flink_jobs(api, ["1", "2"]))
    assert isinstance(seen["1"].error, PermissionDenied)
    assert seen["2"].status == "job_running"


def test_keys_that_are_refused_end_a_look_at_once(api):
    driver = answering(AuthenticationError("no", **ABOUT))
    with pytest.raises(AuthenticationError):
        driver.run(look_flink_jobs(api, ["1", "2"]))
    assert len(driver.requests) == 1


def test_an_answer_about_another_job_is_malformed(api):
    with pytest.raises(MalformedReply, match="job 128 was asked for, and job 999 was answered"):
        answering(detail(999, "job_cancel_success")).run(api.show_flink_job(128))


def test_a_lost_write_stays_unclear(api):
    lost = OutcomeUnknown("lost", service="DLI", operation="o", method="POST", path="/")
    with pytest.raises(OutcomeUnknown):
        answering(lost).run(api.batch_run_flink_jobs([1]))


def test_the_project_is_part_of_the_path_and_encoded():
    def odd():
        yield from ()
        return "a/b"

    driver = answering(page())
    driver.run(DliApi(odd).list_flink_jobs())
    assert driver.requests[0].path == "/v1.0/a%2Fb/streaming/jobs"


def test_counting_reads_one_job_only(api):
    driver = answering(page(job(1), total=26))
    assert driver.run(api.count_flink_jobs()) == ("1a300000000000000000000000000fa4", 26)
    assert driver.requests[0].query == (("limit", "1"),)
