"""A run is asked for once: adopting, finding what was lost, and failing where it stays unclear. By hand."""

from dataclasses import replace

import pytest

from airflow_provider_pipelines.codearts.flows.run_source import MOST_DETAILS, ROOM, RunSource
from airflow_provider_pipelines.core.verbs.marker import Marker, Record
from airflow_provider_pipelines.core.verbs.observation import GRACE
from airflow_provider_pipelines.core.verbs.once import SETTLE, SingleStart
from airflow_provider_pipelines.errors import (
    ApiError,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PlaceNotFound,
    QuotaExceeded,
    Throttled,
    WatchFailed,
)
from tests.codearts.driving import (
    API,
    PIPELINE,
    RUN,
    Script,
    detail,
    details,
    queue_page,
    queued,
    reply,
    row,
    runs_page,
)
from tests.support.modes import TaskInstance

NOTHING = {"list_pipeline_runs": runs_page(), "list_pipeline_queue": queue_page()}
GONE = {"error_code": "DEVPIPE.00099999", "error_msg": "x"}
LOST = OutcomeUnknown("cut", service="s", operation="run_pipeline", method="POST", path="/")


def marker(attempt=1, arguments="same", installation="here", **about):
    ti = TaskInstance(attempt)
    for name, value in about.items():
        setattr(ti, name, value)
    return Marker.of(ti, arguments, installation)


class Memory:
    def __init__(self, record=None, killed=None):
        self.record = record
        self.written = []
        self.runs = []
        self.killed = killed

    def read(self):
        return self.record

    def write(self, record):
        assert Record.from_json(record.to_json()) == record
        self.written.append(record)

    def known(self, run):
        assert len(self.written) < 2, "the run has to be known before it is stored"
        self.runs.append(run)

    def check(self):
        if self.killed:
            raise self.killed


def single_start(script, memory=None, mark=None, **body):
    memory = memory or Memory()
    source = RunSource(API, PIPELINE, {**body, "description": "nightly"}, script.time)
    return SingleStart(source, mark or marker(), memory, script.time, script.told.append), memory


def named(mark):
    return f"[airflow {mark.word}]"


def obtain(script, memory=None, mark=None, **body):
    wanted, memory = single_start(script, memory, mark, **body)
    return script.run(wanted.obtain()), memory


def record(script, mark=None, age=3600.0, **more):
    mark = mark or marker()
    return Record(mark.word, mark.digest, script.now - age, **more)


# markers


def test_a_marker_is_read_back_from_a_description():
    for mark in (marker(3), marker(3, installation=""), older(marker(3))):
        assert Marker.read(f"of the author [airflow x] {named(mark)}") == mark
    assert Marker.read(None) is None
    assert Marker.read("[airflow 12-34-1]") is None


def test_a_marker_has_room():
    assert len(f" {named(marker(999999))}") <= ROOM


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
        None,
        "text",
        7,
        [],
        {},
        {"marker": "no marker", "digest": "d", "asked_at": 1},
        {"marker": named(marker()), "digest": "d", "asked_at": "yesterday"},
        {"marker": named(marker()), "digest": "d", "asked_at": None},
        {"marker": named(marker()), "digest": "d", "asked_at": 1, "run_id": "../x"},
    ],
)
def test_a_record_is_read_as_foreign_input(stored):
    assert Record.from_json(stored) is None


# asking


def test_a_run_is_asked_for_and_remembered_before_and_after():
    script = Script(run_pipeline={"pipeline_run_id": RUN})
    run, memory = obtain(script, variables={"a": 1})
    assert (run.id, run.adopted) == (RUN, False)
    assert [entry.run_id for entry in memory.written] == ["", RUN]
    assert memory.runs == [run]
    assert f'"description":"nightly {named(marker())}"'.encode() in script.requests[0].body


def test_a_queued_run_is_remembered_with_its_queue_entry():
    answer = {"error_code": "DEVPIPE.00011170", "error": {"pipeline_run_id": RUN, "queue_id": "12"}}
    run, memory = obtain(Script(run_pipeline=answer))
    assert (run.made, memory.written[-1].run_id) == ({"queue_id": 12}, RUN)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"error_code": "DEVPIPE.00011104"}, QuotaExceeded),
        ({"pipeline_run_id": "", "error_msg": "x"}, InvalidRequest),
        ({"error_code": "DEVPIPE.00011412"}, PlaceNotFound),
        ({"error_code": "DEVPIPE.00011401"}, NotFound),
        (reply({"error_code": "APIG.0308"}, 429), Throttled),
    ],
)
def test_a_refused_run_is_remembered_as_refused(answer, kind):
    script, memory = Script(run_pipeline=answer), Memory()
    with pytest.raises(kind):
        obtain(script, memory)
    assert memory.written[-1].refused
    assert script.operations == ["run_pipeline"]
    again = Script(run_pipeline={"pipeline_run_id": RUN})
    assert obtain(again, Memory(memory.written[-1]), marker(2))[0].id == RUN
    assert again.operations == ["run_pipeline"]


def test_a_killed_task_asks_for_nothing():
    script = Script(run_pipeline={"pipeline_run_id": RUN})
    with pytest.raises(WatchFailed, match="killed"):
        obtain(script, Memory(killed=WatchFailed("killed")))
    assert script.requests == []


# lost answers

UNCLEAR = [
    LOST,
    reply(b"", 503),
    reply(b"<html>"),
    {"error_code": "DEVPIPE.00011169"},
    reply({"error_code": "DEVPIPE.00011169"}, 400),
]


@pytest.mark.parametrize("answer", UNCLEAR)
def test_a_run_whose_answer_was_lost_is_found_by_its_marker(answer):
    script = Script(
        run_pipeline=answer,
        list_pipeline_runs=runs_page(row("x"), row("mine"), row("y")),
        list_pipeline_queue=queue_page(),
        show_pipeline_run_detail=details(
            detail("x", description=named(marker(2))),
            detail("mine", description=f"nightly {named(marker())}"),
            detail("y"),
        ),
    )
    run, memory = obtain(script)
    assert (run.id, memory.written[-1].run_id) == ("mine", "mine")
    assert script.operations.count("run_pipeline") == 1


def test_a_lost_run_that_shows_later_is_found():
    script = Script(
        run_pipeline=LOST,
        list_pipeline_runs=[runs_page(), runs_page(), runs_page(row("mine"))],
        list_pipeline_queue=queue_page(),
        show_pipeline_run_detail=detail("mine", "COMPLETED", named(marker())),
    )
    assert obtain(script)[0].id == "mine"
    assert script.now == 1_700_000_010.0


def test_a_lost_run_may_wait_in_the_queue():
    script = Script(
        run_pipeline=LOST,
        list_pipeline_runs=runs_page(),
        list_pipeline_queue=queue_page(queued("mine", 8), queued("old", 9, "QUEUED_TIME_OUT")),
        show_pipeline_run_detail=detail("mine", "INIT", named(marker())),
    )
    run, _ = obtain(script)
    assert (run.id, run.made) == ("mine", {"queue_id": 8})


@pytest.mark.parametrize("answer", UNCLEAR)
def test_a_lost_run_that_is_never_found_fails_and_says_so(answer):
    script, memory = Script(run_pipeline=answer, **NOTHING), Memory()
    with pytest.raises(WatchFailed, match=r"not clear whether a run was started.*the next attempt looks again"):
        obtain(script, memory)
    assert script.now >= 1_700_000_000 + GRACE
    assert script.operations.count("run_pipeline") == 1
    assert [(entry.run_id, entry.refused) for entry in memory.written] == [("", False)]


def test_what_cannot_be_told_apart_is_named():
    script = Script(
        run_pipeline=LOST,
        list_pipeline_runs=runs_page(row("a"), row("b")),
        list_pipeline_queue=queue_page(queued("q", 3), queued("a", 4)),
        show_pipeline_run_detail=details(detail("a")),
    )
    with pytest.raises(WatchFailed, match=r"may be it, and do not show their marker: b, q\. None was started.*cut"):
        obtain(script)


def test_several_runs_with_one_marker_are_named():
    script = Script(
        run_pipeline=LOST,
        list_pipeline_runs=runs_page(row("a"), row("b")),
        list_pipeline_queue=queue_page(),
        show_pipeline_run_detail=details(
            detail("a", description=named(marker())), detail("b", description=named(marker()))
        ),
    )
    with pytest.raises(WatchFailed, match="several carry the marker of this task: a, b"):
        obtain(script)


def test_runs_from_before_the_request_are_not_read():
    """By the server's clock, which is an hour ahead here."""
    server = 1_700_003_600_000
    rows = [row("new", start_time=server - 1000), row("old", start_time=server - 1_000_000), row("older", start_time=1)]
    script = Script(
        run_pipeline=LOST,
        list_pipeline_runs=runs_page(*rows),
        list_pipeline_queue=queue_page(
            queued("old-q", 1, enqueue_time=server - 1_000_000), queued("q", 2, enqueue_time=server - 2000)
        ),
        show_pipeline_run_detail=details(
            detail("new", current_system_time=server),
            detail("old", description=named(marker())),
            detail("q", "QUEUED", named(marker())),
        ),
    )
    assert obtain(script)[0].id == "q"
    read = [dict(r.query)["pipeline_run_id"] for r in script.requests if r.operation == "show_pipeline_run_detail"]
    assert read == ["new", "q"]


def test_a_search_that_fails_leaves_the_task_failed():
    script = Script(run_pipeline=LOST, list_pipeline_runs=reply(b"", 503), list_pipeline_queue=queue_page())
    with pytest.raises(ApiError, match="503"):
        obtain(script)
    assert script.operations.count("run_pipeline") == 1


# what an earlier attempt left, remembered


def remembered(status, *, arguments="same", **more):
    script = Script(
        show_pipeline_run_detail=detail("former", status), list_pipeline_queue=queue_page(),
        list_pipeline_runs=runs_page(),
        run_pipeline={"pipeline_run_id": "new"},
    )  # fmt: skip
    memory = Memory(record(script, marker(arguments=arguments), run_id="former", **more))
    return script, memory


@pytest.mark.parametrize("status", ["INIT", "RUNNING", "PAUSED", "SUSPEND", "DREAMING", "COMPLETED"])
def test_a_run_that_goes_on_or_ended_well_is_taken_over(status):
    script, memory = remembered(status)
    run, _ = obtain(script, memory, marker(2))
    assert (run.id, run.adopted) == ("former", True)
    assert memory.written == []
    assert "run_pipeline" not in script.operations
    assert "taken over" in script.told[0]


@pytest.mark.parametrize("status", ["FAILED", "CANCELED", "IGNORED"])
def test_a_run_that_ended_badly_is_followed_by_a_new_one(status):
    script, memory = remembered(status)
    assert obtain(script, memory, marker(2))[0].id == "new"


def test_a_remembered_run_counts_in_the_first_attempt_too():
    script, memory = remembered("RUNNING")
    assert obtain(script, memory, marker(1))[0].id == "former"


def test_a_queued_run_is_taken_over():
    script, memory = remembered("INIT")
    script.answers["list_pipeline_queue"] = [queue_page(queued("former", 5))]
    run, _ = obtain(script, memory, marker(2))
    assert (run.id, run.status) == ("former", "QUEUED")


def test_a_run_that_ended_well_with_other_arguments_is_followed_by_a_new_one():
    script, memory = remembered("COMPLETED", arguments="other")
    assert obtain(script, memory, marker(2))[0].id == "new"


def test_a_run_with_other_arguments_has_to_end_first():
    script, memory = remembered("RUNNING", arguments="other")
    script.answers["show_pipeline_run_detail"] = [detail("former")] * 3 + [detail("former", "CANCELED")]
    assert obtain(script, memory, marker(2))[0].id == "new"
    assert "other arguments" in script.told[0]


def test_there_are_never_two_runs_of_one_task():
    script, memory = remembered("RUNNING", arguments="other")
    with pytest.raises(WatchFailed, match=r"asked for with other arguments, or cancelled, and is RUNNING\. Stop it"):
        obtain(script, memory, marker(2))
    assert script.now >= 1_700_000_000 + SETTLE
    assert "run_pipeline" not in script.operations


def test_a_run_with_other_arguments_may_vanish_from_the_queue():
    script, memory = remembered("INIT", arguments="other")
    script.answers["show_pipeline_run_detail"] = [detail("former", "INIT"), GONE]
    assert obtain(script, memory, marker(2))[0].id == "new"


def test_a_run_that_is_gone_is_followed_by_a_new_one():
    script, memory = remembered("x")
    script.answers["show_pipeline_run_detail"] = [GONE]
    assert obtain(script, memory, marker(2))[0].id == "new"
    assert script.now == 1_700_000_000


def test_a_run_that_was_made_a_moment_ago_may_not_be_shown_yet():
    script, memory = remembered("x", age=10.0)
    script.answers["show_pipeline_run_detail"] = [GONE, GONE, detail("former")]
    assert obtain(script, memory, marker(2))[0].id == "former"
    script, memory = remembered("x", age=10.0)
    script.answers["show_pipeline_run_detail"] = [GONE]
    assert obtain(script, memory, marker(2))[0].id == "new"
    assert script.now == 1_700_000_020


def test_nothing_is_started_as_long_as_nobody_can_look():
    script, memory = remembered("x")
    script.answers["show_pipeline_run_detail"] = [reply(b"", 503)]
    with pytest.raises(ApiError):
        obtain(script, memory, marker(2))
    assert "run_pipeline" not in script.operations


def test_a_request_without_a_remembered_answer_is_looked_for():
    script = Script(
        list_pipeline_runs=runs_page(row("mine", "COMPLETED")),
        list_pipeline_queue=queue_page(),
        show_pipeline_run_detail=detail("mine", "COMPLETED", named(marker())),
    )
    run, _ = obtain(script, Memory(record(script)), marker(2))
    assert (run.id, run.status) == ("mine", "COMPLETED")


def test_a_request_that_was_never_sent_is_made():
    script = Script(run_pipeline={"pipeline_run_id": "new"}, **NOTHING)
    assert obtain(script, Memory(record(script)), marker(2))[0].id == "new"
    assert script.now == 1_700_000_000


# what an earlier attempt left, where nothing is remembered


def left(*shown, queue=(), listed=None):
    rows = [row(entry["id"], entry["status"]) for entry in shown] if listed is None else listed
    return Script(
        list_pipeline_runs=runs_page(*rows),
        list_pipeline_queue=queue_page(*queue),
        show_pipeline_run_detail=details(*shown),
        run_pipeline={"pipeline_run_id": "new"},
    )


def test_the_first_attempt_looks_for_nothing():
    script = left(detail("a", description=named(marker())))
    assert obtain(script)[0].id == "new"
    assert script.operations == ["run_pipeline"]


def test_a_run_with_our_marker_is_taken_over_whichever_attempt_asked_for_it():
    other_task = named(marker(1, run_id="z"))
    script = left(detail("x"), detail("a", "PAUSED", f"text {named(marker(1))}"), detail("y", "RUNNING", other_task))
    run, _ = obtain(script, None, marker(3))
    assert (run.id, run.adopted) == ("a", True)
    assert "run_pipeline" not in script.operations


def older(mark):
    return replace(mark, installation=None)


def test_a_run_of_another_airflow_with_the_same_dag_is_not_ours():
    script = left(detail("theirs", description=named(marker(1, installation="elsewhere"))))
    assert obtain(script, None, marker(2))[0].id == "new"


def test_our_own_run_is_found_beside_that_of_another_airflow():
    theirs, ours = named(marker(1, installation="elsewhere")), named(marker(1))
    script = left(detail("theirs", description=theirs), detail("ours", description=ours))
    assert obtain(script, None, marker(2))[0].id == "ours"


@pytest.mark.parametrize(("first", "second"), [("", "here"), ("here", ""), ("", "")])
def test_where_nothing_tells_two_airflows_apart_the_candidates_are_named(first, second):
    script = left(detail("a", description=named(marker(1, installation=first))), detail("b"))
    with pytest.raises(WatchFailed, match=r"another Airflow may have the same DAG.*read or written: a\. None was"):
        obtain(script, None, marker(2, installation=second))
    assert "run_pipeline" not in script.operations


def test_a_lost_answer_is_not_found_by_a_marker_that_another_airflow_writes_too():
    mark = marker(installation="")
    script = left(detail("a", description=named(mark)))
    script.answers["run_pipeline"] = [LOST]
    with pytest.raises(WatchFailed, match=r"another Airflow may have the same DAG.*: a\. None was started.*cut"):
        obtain(script, None, mark)
    assert script.operations.count("run_pipeline") == 1


def test_what_a_version_before_asked_for_is_taken_over():
    script = left(detail("a", description=named(older(marker(1)))))
    assert obtain(script, None, marker(2))[0].id == "a"
    script = left(detail("a", description=named(older(marker(1)))))
    assert obtain(script, Memory(record(script, older(marker(1)))), marker(2))[0].id == "a"


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "CANCELED"])
def test_a_run_that_has_ended_may_have_been_reported(status):
    script = left(detail("a", status, named(marker(1))))
    assert obtain(script, None, marker(2))[0].id == "new"


def test_a_request_that_stays_unclear_stops_the_next_attempt_too():
    script = Script(
        list_pipeline_runs=runs_page(), list_pipeline_queue=queue_page(queued("q", 2)), show_pipeline_run_detail=GONE
    )
    with pytest.raises(WatchFailed, match="marker: q"):
        obtain(script, Memory(record(script)), marker(2))


def test_two_runs_with_our_marker_are_named():
    script = left(detail("a", description=named(marker(1))), detail("b", description=named(marker(2))))
    with pytest.raises(WatchFailed, match=r"several .*: a, b"):
        obtain(script, None, marker(3))


def test_a_marked_run_with_other_arguments_has_to_end_first():
    script = left(detail("a", description=named(marker(1, "other"))))
    with pytest.raises(WatchFailed, match="other arguments"):
        obtain(script, None, marker(2))


def test_a_queued_run_that_hides_its_description_stops_the_task():
    script = left(queue=[queued("q", 2)])
    with pytest.raises(WatchFailed, match=r"marker: q\. None was started beside them\.$"):
        obtain(script, None, marker(2))
    assert script.now >= 1_700_000_000 + GRACE
    assert "run_pipeline" not in script.operations


def test_a_queued_run_that_turns_out_to_be_somebody_elses_is_nothing_to_wait_for():
    script = left(queue=[queued("q", 2)])
    script.answers["show_pipeline_run_detail"] = [GONE, detail("q", "RUNNING", "by hand")]
    assert obtain(script, None, marker(2))[0].id == "new"


def test_a_run_of_a_killed_attempt_may_show_late():
    script = left(detail("a", description=named(marker(1))))
    script.answers["list_pipeline_runs"] = [runs_page()] * 4 + [runs_page(row("a"))]
    assert obtain(script, None, marker(2))[0].id == "a"


def test_our_own_run_is_enough_although_others_hide():
    script = left(detail("a", description=named(marker(1))), queue=[queued("q", 2)])
    assert obtain(script, None, marker(2))[0].id == "a"


def test_more_runs_than_can_be_read_stay_unclear():
    ids = [f"r{number}" for number in range(MOST_DETAILS + 1)]
    script = left(listed=[row(id) for id in ids])
    script.answers["show_pipeline_run_detail"] = [lambda request: detail(dict(request.query)["pipeline_run_id"])]
    with pytest.raises(WatchFailed, match=f"marker: r{MOST_DETAILS}"):
        obtain(script, None, marker(2))
