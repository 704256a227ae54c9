"""A job or a batch is asked for once: adopting, finding what was lost, failing where it stays unclear. By hand."""

import json
import re

import pytest

from airflow_provider_pipelines.core.http.calls import Request, Sleep
from airflow_provider_pipelines.core.verbs.marker import Marker, Record
from airflow_provider_pipelines.core.verbs.observation import GRACE
from airflow_provider_pipelines.core.verbs.once import PAUSE, SETTLE, SingleStart
from airflow_provider_pipelines.dli.flows.spark_batches import SparkSource, cancel_batches, look_batches
from airflow_provider_pipelines.dli.flows.sql_jobs import TAG, SqlSource, cancel_sql_jobs, look_sql_jobs
from airflow_provider_pipelines.errors import (
    AuthenticationError,
    InvalidRequest,
    ListChanged,
    MalformedReply,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    QuotaExceeded,
    ServerError,
    Throttled,
    TransportError,
    WatchFailed,
)
from tests.support.modes import TaskInstance

ID, OTHER = "8ecb0777-9c70-4529-9935-29ea0946039c", "07a3e4e6-9a28-4e92-8d3f-9c538621a166"
NOW = 1_700_000_000.0
ABOUT = {"service": "DLI", "operation": "show_x", "method": "GET", "path": "/", "status": 400}
LOST = OutcomeUnknown("cut", service="DLI", operation="x", method="POST", path="/")
GONE = NotFound("gone", **ABOUT)
REFUSED = InvalidRequest("no", **ABOUT)


def marker(attempt=1, arguments="same", installation="here", **about):
    ti = TaskInstance(attempt)
    for name, value in about.items():
        setattr(ti, name, value)
    return Marker.of(ti, arguments, installation)


class Script:
    """Answers requests, each operation with what comes next in its list; the last answer lasts."""

    def __init__(self, **answers):
        self.answers = {name: list(given) if isinstance(given, list) else [given] for name, given in answers.items()}
        self.requests = []
        self.told = []
        self.now = NOW

    def time(self):
        return self.now

    def run(self, call):
        came, failed = None, None
        while True:
            try:
                effect = call.throw(failed) if failed is not None else call.send(came)
            except StopIteration as end:
                return end.value
            came, failed = None, None
            if isinstance(effect, Sleep):
                self.now += effect.seconds
                continue
            assert isinstance(effect, Request)
            self.requests.append(effect)
            given = self.answers[effect.operation]
            came = given.pop(0) if len(given) > 1 else given[0]
            if callable(came):
                came = came(effect)
            if isinstance(came, Exception):
                came, failed = None, came
            elif (
                isinstance(came, dict)
                and effect.method != "POST"
                and (asked := re.search(r"/(?:jobs|batches)/([^/]+)", effect.path))
            ):
                # the answer is about what was asked for
                came = {**came, **{name: asked[1] for name in ("job_id", "id") if came.get(name) == ID}}

    def sent(self, operation):
        return [request for request in self.requests if request.operation == operation]


class Memory:
    def __init__(self, record=None, killed=None):
        self.record = record
        self.written = []
        self.runs = []
        self.killed = killed

    def read(self):
        return self.record

    def write(self, record):
        assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record
        self.written.append(record)

    def known(self, run):
        self.runs.append(run)

    def check(self):
        if self.killed:
            raise self.killed


def sql_row(id=ID, status="RUNNING", mark=None, **more):
    tags = [{"key": TAG, "value": mark.word}] if mark else []
    return {
        "job_id": id,
        "status": status,
        "start_time": int(NOW * 1000),
        "statement": "select 1",
        "tags": tags,
        **more,
    }


def sql_page(*rows, count=None):
    return {"is_success": True, "job_count": len(rows) if count is None else count, "jobs": list(rows)}


def spark_row(id=ID, status="running", mark=None, **more):
    name = f"nightly-airflow-{mark.word}" if mark else ""
    return {"id": id, "state": status, "create_time": int(NOW * 1000), "name": name, **more}


def spark_page(*rows, total=None):
    return {"from": 0, "total": len(rows) if total is None else total, "sessions": list(rows)}


class Kind:
    """What a test needs to know of jobs or of batches."""

    def __init__(self, name, source, start, status, listed, cancel, row, page, made, seen, going, good, bad):
        self.name, self.source, self.row, self.page = name, source, row, page
        self.start, self.status, self.listed, self.cancel = start, status, listed, cancel
        self.made, self.seen, self.going, self.good, self.bad = made, seen, going, good, bad

    def script(self, start=None, status=None, listed=None, **more):
        answers = {
            self.start: self.made if start is None else start,
            self.status: self.seen(self.good) if status is None else status,
            self.listed: self.page() if listed is None else listed,
        }
        return Script(**answers, **more)


SQL = Kind(
    "SQL job",
    lambda api: SqlSource(api, {"sql": "select 1", "tags": [{"key": "a", "value": "b"}]}),
    "submit_sql_job", "show_sql_job_status", "list_sql_jobs", "cancel_sql_job", sql_row, sql_page,
    {"is_success": True, "job_id": ID, "job_mode": "async"},
    lambda status: {"is_success": True, "job_id": ID, "status": status},
    "RUNNING", "FINISHED", "CANCELLED",
)  # fmt: skip
SPARK = Kind(
    "Spark batch",
    lambda api: SparkSource(api, {"file": "a", "class_name": "b", "name": "nightly"}),
    "create_spark_batch", "show_spark_batch_state", "list_spark_batches", "cancel_spark_batch", spark_row, spark_page,
    {"id": ID, "state": "starting"},
    lambda status: {"id": ID, "state": status},
    "running", "success", "dead",
)  # fmt: skip
KINDS = pytest.mark.parametrize("kind", [SQL, SPARK], ids=["sql", "spark"])


def obtain(api, kind, script, memory=None, mark=None):
    memory = memory or Memory()
    single_start = SingleStart(kind.source(api), mark or marker(), memory, script.time, script.told.append)
    return script.run(single_start.obtain()), memory


def record(mark=None, age=3600.0, **more):
    mark = mark or marker()
    return Record(mark.word, mark.digest, NOW - age, **more)


# markers and records


def test_a_marker_is_read_back():
    mark = marker(3)
    assert Marker.parse(mark.word) == mark
    assert Marker.read(f"nightly-airflow-{mark.word}") == mark
    assert Marker.read(f"of the author [airflow {mark.word}]") == mark
    assert Marker.read(None) is Marker.parse(None) is Marker.read("airflow-12-34-1") is Marker.parse("x") is None
    assert Marker.parse(f"{mark.word}1234567") is None


@pytest.mark.parametrize("about", [{"dag_id": "b"}, {"task_id": "b"}, {"run_id": "b"}, {"map_index": 0}])
def test_each_task_instance_has_a_marker_of_its_own(about):
    assert marker(**about).task != marker().task


def test_attempts_share_all_but_their_number():
    assert (marker(2).task, marker(2).digest) == (marker(1).task, marker(1).digest)
    assert marker(arguments="other").digest != marker().digest
    assert Marker.of(None, "x", "here").attempt == 1


@pytest.mark.parametrize(
    "stored",
    [
        None, "text", 7, [], {},
        {"marker": "no marker", "digest": "d", "asked_at": 1},
        {"marker": marker().word, "digest": "d", "asked_at": "yesterday"},
        {"marker": marker().word, "digest": "d", "asked_at": None},
        {"marker": marker().word, "digest": "d", "asked_at": 1, "run_id": "../x"},
    ],
)  # fmt: skip
def test_a_record_is_read_as_foreign_input(stored):
    assert Record.from_json(stored) is None


# asking


@KINDS
def test_it_is_asked_for_once_marked_and_remembered_before_and_after(api, kind):
    script = kind.script()
    run, memory = obtain(api, kind, script)
    assert (run.id, run.adopted) == (ID, False)
    assert [entry.run_id for entry in memory.written] == ["", ID]
    assert memory.runs == [run]
    (sent,) = script.requests
    body = json.loads(sent.body)
    if kind is SQL:
        assert body["tags"] == [{"key": "a", "value": "b"}, {"key": "airflow", "value": marker().word}]
    else:
        assert body["name"] == f"nightly-airflow-{marker().word}"


@KINDS
def test_nothing_is_sent_for_a_killed_task(api, kind):
    script = kind.script()
    with pytest.raises(WatchFailed, match="killed"):
        obtain(api, kind, script, Memory(killed=WatchFailed("killed")))
    assert script.requests == []


@KINDS
@pytest.mark.parametrize(
    "error", [REFUSED, QuotaExceeded("full", **ABOUT), Throttled("slow", **ABOUT)], ids=lambda e: type(e).__name__
)
def test_what_was_refused_is_remembered_as_refused(api, kind, error):
    memory = Memory()
    with pytest.raises(type(error)):
        obtain(api, kind, kind.script(start=error), memory)
    assert [entry.refused for entry in memory.written] == [False, True]
    script = kind.script()
    assert obtain(api, kind, script, Memory(memory.written[-1]), marker(2))[0].adopted is False
    assert [request.operation for request in script.requests] == [kind.start]


UNCLEAR = [LOST, ServerError("failed", **ABOUT), MalformedReply("odd", **ABOUT)]


@KINDS
@pytest.mark.parametrize("error", UNCLEAR, ids=lambda error: type(error).__name__)
def test_a_lost_one_is_found_by_its_marker(api, kind, error):
    other = kind.row(OTHER, kind.going, marker(arguments="other"))
    pages = [kind.page(), kind.page(other), kind.page(other, kind.row(ID, kind.going, marker()))]
    script = kind.script(start=error, listed=pages)
    run, memory = obtain(api, kind, script)
    assert run.id == ID
    assert memory.written[-1].run_id == ID
    assert len(script.sent(kind.start)) == 1
    assert dict(script.sent(kind.listed)[0].query)["start"] == str(int((NOW - 900) * 1000))
    assert script.now == NOW + 2 * PAUSE


@KINDS
def test_a_lost_one_that_does_not_show_fails_and_no_second_request_is_sent(api, kind):
    script = kind.script(start=LOST, listed=kind.page(kind.row(OTHER)))
    memory = Memory()
    with pytest.raises(WatchFailed, match="No second request was sent"):
        obtain(api, kind, script, memory)
    assert script.now >= NOW + GRACE
    assert len(script.sent(kind.start)) == 1
    assert [entry.refused for entry in memory.written] == [False], "the next attempt looks again"


@KINDS
def test_candidates_that_do_not_show_their_marker_are_named(api, kind):
    hidden = {"tags": None} if kind is SQL else {"name": None}
    rows = [{**kind.row(f"job-{number}"), **hidden} for number in range(12)]
    with pytest.raises(WatchFailed, match=r"These may be it.*job-0.*job-9 and 2 more\. None was started"):
        obtain(api, kind, kind.script(start=LOST, listed=kind.page(*rows)))


def test_a_job_of_another_statement_is_no_candidate(api):
    row = {**sql_row(statement="select 2"), "tags": None}
    with pytest.raises(WatchFailed, match="None with the marker"):
        obtain(api, SQL, SQL.script(start=LOST, listed=sql_page(row)))


@KINDS
def test_what_began_long_before_the_request_is_no_candidate(api, kind):
    old = {"start_time": 1, "create_time": 1}
    hidden = {"tags": None} if kind is SQL else {"name": None}
    with pytest.raises(WatchFailed, match="None with the marker"):
        obtain(api, kind, kind.script(start=LOST, listed=kind.page({**kind.row(), **old, **hidden})))


def test_a_batchs_marker_is_found_in_what_it_was_created_with(api):
    row = {**spark_row(), "name": None, "req_body": json.dumps({"name": f"nightly-airflow-{marker().word}"})}
    assert obtain(api, SPARK, SPARK.script(start=LOST, listed=spark_page(row)))[0].id == ID


@KINDS
def test_two_with_one_marker_are_named(api, kind):
    rows = [kind.row(id, kind.going, marker()) for id in (ID, OTHER)]
    with pytest.raises(WatchFailed, match=f"several carry the marker.*{ID}, {OTHER}"):
        obtain(api, kind, kind.script(start=LOST, listed=kind.page(*rows)))


def test_a_statement_that_makes_no_job_is_done_at_once(api):
    answer = {"is_success": True, "job_mode": "sync", "message": ""}
    run, memory = obtain(api, SQL, SQL.script(start=answer))
    assert (run.id, run.status) == ("", "FINISHED")
    assert memory.written[-1].run_id == ""


# later attempts


@KINDS
def test_one_that_goes_on_is_taken_over(api, kind):
    script = kind.script(status=kind.seen(kind.going))
    run, memory = obtain(api, kind, script, Memory(record(run_id=ID)), marker(2))
    assert (run.id, run.status, run.adopted) == (ID, kind.going, True)
    assert memory.runs == [run]
    assert not script.sent(kind.start)


@KINDS
def test_one_that_ended_well_unnoticed_is_taken_over(api, kind):
    script = kind.script()
    assert obtain(api, kind, script, Memory(record(run_id=ID)), marker(2))[0].status == kind.good
    assert not script.sent(kind.start)


@KINDS
@pytest.mark.parametrize("change", ["bad", "gone", "other arguments", "cancelled by its attempt"])
def test_what_ended_otherwise_is_followed_by_a_new_one(api, kind, change):
    status = {"bad": kind.seen(kind.bad), "gone": GONE}.get(change)
    mark = marker(2, "other") if change == "other arguments" else marker(2)
    kept = record(run_id=ID, cancelled=change == "cancelled by its attempt")
    script = kind.script(status=status)
    assert obtain(api, kind, script, Memory(kept), mark)[0].adopted is False
    assert len(script.sent(kind.start)) == 1


@KINDS
def test_a_status_that_is_refused_counts_as_gone_if_the_list_agrees(api, kind):
    script = kind.script(status=REFUSED)
    assert obtain(api, kind, script, Memory(record(run_id=ID)), marker(2))[0].adopted is False
    listed = kind.page(kind.row(ID, kind.going, marker()))
    script = kind.script(status=REFUSED, listed=listed)
    assert obtain(api, kind, script, Memory(record(run_id=ID)), marker(2))[0].adopted is True


@KINDS
def test_one_that_was_made_a_moment_ago_may_not_be_shown_yet(api, kind):
    script = kind.script(status=[GONE, GONE, kind.seen(kind.going)])
    run, _ = obtain(api, kind, script, Memory(record(age=5, run_id=ID)), marker(2))
    assert run.adopted is True
    assert script.now == NOW + 2 * PAUSE


@KINDS
def test_one_whose_answer_never_came_is_looked_for(api, kind):
    script = kind.script(listed=kind.page(kind.row(ID, kind.going, marker())), status=kind.seen(kind.going))
    assert obtain(api, kind, script, Memory(record()), marker(2))[0].adopted is True
    script = kind.script()
    assert obtain(api, kind, script, Memory(record()), marker(2))[0].adopted is False
    assert script.now == NOW, "it was asked for long ago: one look will do"


@KINDS
@pytest.mark.parametrize("cancelled", [False, True])
def test_one_that_is_in_the_way_has_to_end_first(api, kind, cancelled):
    mark = marker(2) if cancelled else marker(2, "other")
    kept = record(run_id=ID, cancelled=cancelled)
    script = kind.script(status=[kind.seen(kind.going), kind.seen(kind.going), kind.seen(kind.bad)])
    assert obtain(api, kind, script, Memory(kept), mark)[0].adopted is False
    assert script.now == NOW + 2 * PAUSE
    script = kind.script(status=kind.seen(kind.going))
    with pytest.raises(WatchFailed, match=r"other arguments, or cancelled.*there is never a second one beside it"):
        obtain(api, kind, script, Memory(kept), mark)
    assert script.now >= NOW + SETTLE
    assert not script.sent(kind.start)


# without a store


@KINDS
def test_without_a_store_one_that_goes_on_is_found_by_its_task(api, kind):
    script = kind.script(
        listed=[kind.page(), kind.page(kind.row(OTHER, kind.going), kind.row(ID, kind.going, marker(1)))]
    )
    run, _ = obtain(api, kind, script, mark=marker(2))
    assert (run.id, run.adopted) == (ID, True)
    assert not script.sent(kind.start)
    assert {dict(request.query).get("job-status", dict(request.query).get("state")) for request in script.requests} >= {
        kind.going, None,
    }  # fmt: skip


@KINDS
def test_without_a_store_and_without_one_that_goes_on_a_new_one_is_asked_for(api, kind):
    rows = [kind.row(ID, kind.good, marker(1)), kind.row(OTHER, kind.going, marker(1, task_id="other"))]
    script = kind.script(listed=kind.page(*rows))
    assert obtain(api, kind, script, mark=marker(2))[0].adopted is False
    assert script.now >= NOW + GRACE


@KINDS
def test_without_a_store_what_may_be_ours_is_named(api, kind):
    hidden = {"tags": None} if kind is SQL else {"name": None}
    listed = kind.page({**kind.row(OTHER, kind.going), **hidden})
    script = kind.script(listed=listed)
    with pytest.raises(WatchFailed, match=OTHER):
        obtain(api, kind, script, mark=marker(2))
    assert not script.sent(kind.start)


@KINDS
def test_a_first_attempt_without_a_record_does_not_look(api, kind):
    script = kind.script()
    obtain(api, kind, script)
    assert [request.operation for request in script.requests] == [kind.start]


# looking and cancelling


def looker(kind):
    return look_sql_jobs if kind is SQL else look_batches


def canceller(kind):
    return cancel_sql_jobs if kind is SQL else cancel_batches


def looking(kind, **answers):
    """Make a script for looks: batches are looked at by their detail."""
    single = answers.pop("single", kind.seen(kind.going))
    listed = answers.pop("listed", kind.page())
    names = {"show_sql_job_status" if kind is SQL else "show_spark_batch": single, kind.listed: listed}
    return Script(**names, **answers)


@KINDS
def test_few_are_looked_at_singly(api, kind):
    script = looking(kind)
    seen = script.run(looker(kind)(api, [ID, OTHER]))
    assert [judged.status for judged in seen.values()] == [kind.going] * 2
    assert not script.sent(kind.listed)


@KINDS
def test_of_many_those_that_go_on_are_read_from_the_list(api, kind):
    ids = [f"job-{number}" for number in range(5)]
    script = looking(kind, listed=kind.page(*(kind.row(id, kind.going) for id in ids[1:])), single=kind.seen(kind.good))
    seen = script.run(looker(kind)(api, ids))
    assert [seen[id].status for id in ids] == [kind.good, *[kind.going] * 4]
    assert len(script.requests) == len(script.sent(kind.listed)) + 1


@KINDS
def test_what_cannot_be_read_has_its_own_error(api, kind):
    failing = TransportError("cut", service="DLI", operation="x", method="GET", path="/")
    script = looking(kind, single=[failing, GONE, kind.seen(kind.good)])
    seen = script.run(looker(kind)(api, ["a", "b", "c"]))
    assert (seen["a"].error, seen["b"].error, seen["c"].status) == (failing, GONE, kind.good)
    refused = PermissionDenied("no", **ABOUT)
    seen = looking(kind, single=[refused, kind.seen(kind.good)]).run(looker(kind)(api, ["a", "b"]))
    assert (seen["a"].error, seen["b"].status) == (refused, kind.good)
    with pytest.raises(AuthenticationError):
        looking(kind, single=AuthenticationError("no", **ABOUT)).run(looker(kind)(api, ["a"]))


@pytest.mark.parametrize(
    ("log", "more", "said"),
    [
        (["a", "b "], None, "last lines of its log: a | b"),
        ([str(number) for number in range(30)], None, "20 | 21 | 22 | 23 | 24 | 25 | 26 | 27 | 28 | 29"),
        (["x" * 2000], None, "x" * 500),
        ([], {"id": ID, "log": ["from the driver"]}, "from the driver"),
        ([], GONE, None),
        ([], {"id": ID, "log": []}, None),
    ],
)
def test_a_dead_batch_shows_the_end_of_its_log(api, log, more, said):
    script = looking(SPARK, single={"id": ID, "state": "Dead", "log": log}, show_spark_batch_log=more)
    judged = script.run(look_batches(api, [ID]))[ID]
    assert judged.status == "dead"
    told = judged.facts.get("status_desc")
    assert told == said or told.endswith(said)
    assert len(told or "") < 530


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("plain", "plain"),
        (None, None),
        ("", None),
        ('{"error_code": "DLI.0999", "error_msg": "late"}', "DLI.0999: late"),
        ('{"error_msg": "late"}', "late"),
        ('{"other": 1}', '{"other": 1}'),
        ("{broken", "{broken"),
        ("y" * 900, "y" * 500),
    ],
)
def test_a_failed_job_shows_what_the_service_says(api, message, said):
    script = looking(SQL, single={"is_success": True, "job_id": ID, "status": "FAILED", "message": message})
    assert script.run(look_sql_jobs(api, [ID]))[ID].facts.get("status_desc") == said


@pytest.mark.parametrize(
    "answer",
    [{"is_success": False, "message": '{"error_code": "DLI.0999"}'}, {"is_success": False, "message": "later"}],
)
def test_a_read_that_did_not_succeed_says_nothing_about_the_job(api, answer):
    with pytest.raises(ServerError):
        looking(SQL, single=[answer]).run(api.show_sql_job_status(ID))


@pytest.mark.parametrize(
    "answer",
    [
        [],
        None,
        {},
        {"is_success": "yes"},
        {"is_success": True},
        {"is_success": True, "job_id": "../x", "status": "RUNNING"},
    ],
)
def test_an_odd_answer_about_a_job_is_malformed(api, answer):
    with pytest.raises(MalformedReply):
        looking(SQL, single=[answer]).run(api.show_sql_job_status(ID))


@pytest.mark.parametrize(
    "answer", [[], None, {}, {"id": ID}, {"id": "a/b", "state": "running"}, {"id": ID, "state": ""}]
)
def test_an_odd_answer_about_a_batch_is_malformed(api, answer):
    with pytest.raises(MalformedReply):
        looking(SPARK, single=[answer]).run(api.show_spark_batch(ID))


@pytest.mark.parametrize("answer", [[], {}, {"msg": None}, {"msg": "later"}])
def test_a_batch_is_cancelled_only_if_the_answer_says_so(api, answer):
    with pytest.raises(MalformedReply, match="does not say"):
        Script(cancel_spark_batch=[answer]).run(api.cancel_spark_batch(ID))


def test_a_submit_without_a_job_is_malformed(api):
    with pytest.raises(MalformedReply, match="job_id"):
        Script(submit_sql_job={"is_success": True, "job_mode": "async"}).run(api.submit_sql_job("select 1"))


CANCELLED = {SQL.name: {"is_success": True, "message": ""}, SPARK.name: {"msg": "deleted"}}


@KINDS
def test_what_ended_meanwhile_counts_as_cancelled(api, kind):
    answers = [CANCELLED[kind.name], REFUSED, REFUSED]
    script = Script(**{kind.cancel: answers, kind.status: [kind.seen(kind.good), GONE]})
    assert script.run(canceller(kind)(api, ["a", "b", "c"])) is None
    assert len(script.sent(kind.cancel)) == 3


@KINDS
@pytest.mark.parametrize(
    ("refusal", "status"), [(REFUSED, None), (REFUSED, LOST), (LOST, None)], ids=["goes on", "unseen", "lost"]
)
def test_a_cancel_that_failed_is_told_after_all_were_tried(api, kind, refusal, status):
    answers = [refusal, CANCELLED[kind.name]]
    script = Script(**{kind.cancel: answers, kind.status: status or kind.seen(kind.going)})
    with pytest.raises(type(refusal)):
        script.run(canceller(kind)(api, ["a", "b"]))
    assert len(script.sent(kind.cancel)) == 2


def test_a_page_that_is_capped_is_followed_by_the_next(api):
    pages = [sql_page(sql_row(id), count=2) for id in "aba"]
    script = Script(list_sql_jobs=pages)
    assert [job.job_id for job in script.run(api.list_sql_jobs())] == ["a", "b"]
    with pytest.raises(ListChanged):
        Script(list_sql_jobs=sql_page(count=9)).run(api.list_sql_jobs())
    assert Script(list_sql_jobs={"is_success": True, "jobs": None}).run(api.list_sql_jobs()) == []
