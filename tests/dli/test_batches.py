"""A batch's answer names no job: each job's own answer is found out."""

import json

import pytest

from airflow_provider_pipelines.core.http.retry import possibly_done
from airflow_provider_pipelines.dli.flows.flink_batches import Batch, without_bucket, without_savepoint
from airflow_provider_pipelines.errors import (
    ArgumentError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    ServerError,
)
from tests.dli.conftest import Driver, answering, detail, element, job, page

RUN = "batch_run_flink_jobs"


def error(kind, text="refused", code=None):
    return kind(text, service="DLI", operation=RUN, method="POST", path="/run", status=400, code=code)


class Service(Driver):
    """
    Plays DLI for batches.

    :param batch: the answer to a call for several jobs
    :param single: the answer to a call for one, by id
    :param moved: ids whose status has changed once a batch was sent, with the number of looks until it shows
    """

    def __init__(self, batch, single=None, moved=(), blind=False):
        super().__init__(self.serve)
        self.batch, self.single, self.blind = batch, single or {}, blind
        self.moved = dict(moved)
        self.sizes = []

    def serve(self, request):
        if request.operation == RUN:
            ids = json.loads(request.body)["job_ids"]
            self.sizes.append(len(ids))
            return self.batch if len(ids) > 1 else self.single.get(ids[0], [element()])
        if self.blind:
            return error(ServerError)
        id = int(request.path.rpartition("/")[2])
        if id in self.moved:
            self.moved[id] -= 1
            if self.moved[id] < 0:
                return detail(id, "job_submitting")
        return detail(id, "job_init")


def deliver(api, driver, *ids, **flags):
    flags = flags or {"resume_savepoint": False}
    return driver.run(Batch(api, RUN, {str(id): "job_init" for id in ids}, **flags).deliver())


def test_an_accepted_batch_needs_no_look(api):
    driver = Service([element(), element()])
    assert deliver(api, driver, 1, 2) == {"1": None, "2": None}
    assert len(driver.requests) == 1


def test_one_element_of_success_for_several_jobs_is_enough(api):
    driver = Service(element())
    assert deliver(api, driver, 1, 2, 3) == {"1": None, "2": None, "3": None}


def test_large_batches_go_out_in_parts(api):
    driver = Service([element()])
    answers = deliver(api, driver, *range(1, 251))
    assert driver.sizes == [100, 100, 50]
    assert len(answers) == 250
    assert set(answers.values()) == {None}


def test_flags_are_sent_with_each_part(api):
    driver = Service([element()])
    deliver(api, driver, 1, 2, resume_savepoint=True)
    assert driver.sent(RUN) == [{"job_ids": [1, 2], "resume_savepoint": True}]


def test_a_batch_refused_as_a_whole_is_repeated_singly_for_those_seen_unchanged(api):
    refusal = error(InvalidRequest, "no queue", "DLI.13024")
    driver = Service(error(InvalidRequest), single={2: refusal}, moved={3: 0})
    answers = deliver(api, driver, 1, 2, 3)
    assert answers == {"1": None, "2": refusal, "3": None}
    assert [sent["job_ids"] for sent in driver.sent(RUN)] == [[1, 2, 3], [1], [2]]


def test_a_job_that_could_not_be_seen_is_not_sent_again(api):
    driver = Service(error(InvalidRequest, "whole"), blind=True)
    answers = deliver(api, driver, 1, 2)
    assert all(isinstance(answer, InvalidRequest) for answer in answers.values())
    assert driver.sizes == [2]


@pytest.mark.parametrize(
    "problem",
    [
        error(ServerError, "DLI.0999"),
        error(MalformedReply),
        error(PermissionDenied),
        OutcomeUnknown("lost", service="DLI", operation=RUN, method="POST", path="/"),
    ],
)
def test_what_is_unclear_or_forbidden_is_each_jobs_answer_and_never_repeated(api, problem):
    driver = Service(problem)
    assert deliver(api, driver, 1, 2) == {"1": problem, "2": problem}
    assert len(driver.requests) == 1


@pytest.mark.parametrize("kind", [NotFound, Conflict, QuotaExceeded])
def test_other_refusals_of_a_whole_batch_are_repeated_singly_too(api, kind):
    driver = Service(error(kind))
    assert deliver(api, driver, 1, 2) == {"1": None, "2": None}
    assert driver.sizes == [2, 1, 1]


def test_a_refused_element_fails_the_job_that_did_not_move(api):
    driver = Service([element(), element("false", "DLI says no")], moved={1: 0})
    answers = deliver(api, driver, 1, 2)
    assert answers["1"] is None
    assert isinstance(answers["2"], InvalidRequest)
    assert "DLI says no" in str(answers["2"])
    assert driver.sizes == [2], "a job that was refused for itself is not sent again"


def test_the_truth_comes_from_the_look_and_not_from_the_place_of_an_element(api):
    driver = Service([element(), element("false", "DLI says no")], moved={2: 0})
    answers = deliver(api, driver, 1, 2)
    assert answers["2"] is None
    assert "DLI says no" in str(answers["1"])


def test_an_accepted_job_that_is_slow_to_show_is_waited_for(api):
    driver = Service([element(), element("false", "no")], moved={1: 2})
    answers = deliver(api, driver, 1, 2)
    assert answers["1"] is None
    assert isinstance(answers["2"], InvalidRequest)
    assert driver.slept == [0.0, 2.0, 4.0]


def test_refusals_that_cannot_be_told_apart_stay_unclear(api):
    driver = Service([element(), element("false", "no")])
    answers = deliver(api, driver, 1, 2)
    assert all(possibly_done(answer) for answer in answers.values())
    assert "some of 2 jobs were refused" in str(answers["1"])
    assert sum(driver.slept) == 30


def test_all_refused_fail_at_once_each_with_its_own_text(api):
    driver = Service([element("false", "first"), element("false", None)])
    answers = deliver(api, driver, 1, 2)
    assert "first" in str(answers["1"])
    assert "without a reason" in str(answers["2"])
    assert driver.sizes == [2]


def test_one_no_for_several_jobs_is_found_out_by_sending_singly_those_that_do_not_move(api):
    no = [element("false", "job 2 is odd")]
    driver = Service(no, single={2: no}, moved={1: 1})
    answers = deliver(api, driver, 1, 2, 3)
    assert answers["1"] is None
    assert "job 2 is odd" in str(answers["2"])
    assert answers["3"] is None
    assert [sent["job_ids"] for sent in driver.sent(RUN)] == [[1, 2, 3], [2], [3]]
    assert sum(driver.slept) == 30


def test_one_no_for_jobs_that_all_moved_was_about_something_else(api):
    driver = Service(element("false", "odd"), moved={1: 0, 2: 0})
    assert deliver(api, driver, 1, 2) == {"1": None, "2": None}
    assert driver.sizes == [2]


def test_a_single_job_is_told_its_refusal(api):
    driver = Service(None, single={1: error(InvalidRequest, "no queue", "DLI.13024")})
    assert deliver(api, driver, 1)["1"].code == "DLI.13024"
    driver = Service(None, single={1: [element("false", "no")]})
    assert isinstance(deliver(api, driver, 1)["1"], InvalidRequest)
    driver = Service(None, single={1: error(NotFound)})
    assert isinstance(deliver(api, driver, 1)["1"], NotFound)
    assert len(driver.requests) == 1


def test_a_refusal_of_a_job_that_somebody_moved_meanwhile_is_decided_anew(api):
    driver = Service(None, single={1: error(InvalidRequest, "cannot be run", "DLI.0007")}, moved={1: 0})
    answer = deliver(api, driver, 1)["1"]
    assert isinstance(answer, Conflict)
    assert (answer.state, answer.code) == ("job_submitting", "DLI.0007")


def test_an_unclear_code_among_the_elements_stays_unclear(api):
    driver = Service(None, single={1: [{"error_code": "DLI.0999", "error_msg": "oops"}]}, moved={1: 0})
    assert isinstance(deliver(api, driver, 1)["1"], ServerError)


def test_jobs_without_savepoint_are_refused_before_a_resume():
    facts = {"1": {"has_savepoint": True}, "2": {"has_savepoint": False}, "3": {}}
    refused = without_savepoint(facts)
    assert list(refused) == ["2", "3"]
    assert all(isinstance(problem, ArgumentError) for problem in refused.values())
    assert "resume_savepoint=False" in str(refused["2"])


def test_jobs_without_bucket_are_refused_before_a_savepoint(api):
    rows = [job(1, job_config={"obs_bucket": "b"}), job(2, job_config={"obs_bucket": ""})]
    driver = answering(page(*rows, job(3, job_config={})), detail(4))
    refused = driver.run(without_bucket(api, ["1", "2", "3", "4"]))
    assert list(refused) == ["2", "3", "4"]
    assert "obs_bucket" in str(refused["2"])
    gone = answering(error(NotFound), detail(2, job_config={"obs_bucket": "b"}))
    assert list(gone.run(without_bucket(api, ["1", "2"]))) == ["1"]
