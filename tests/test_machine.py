"""
Operators and sensors in any order, with faults at random: no verdict may be wrong.

What the tasks say is compared with what really happened in the emulator: every change of a status and every action
that was carried out is written down there. More than 2,000 steps in all; a failure prints the steps that lead to it.
"""

import os
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from airflow_provider_pipelines.core.verbs.marker import Marker
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.emulator import things
from airflow_provider_pipelines.emulator.codearts.state import project as codearts_state
from airflow_provider_pipelines.emulator.codearts.state import run as codearts_run
from airflow_provider_pipelines.emulator.dli.state import flink as dli_state
from airflow_provider_pipelines.emulator.enos import state as enos_state
from airflow_provider_pipelines.emulator.server import app
from airflow_provider_pipelines.emulator.settings import Settings
from airflow_provider_pipelines.enos.operators import (
    EnosPausePipelineOperator,
    EnosStartPipelineOperator,
    EnosStopPipelineOperator,
)
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor
from airflow_provider_pipelines.hook.base import PipelinesHook
from tests.codearts.conftest import NIGHTLY
from tests.conftest import Emulator, SteppedClock
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES, Store, TaskInstance
from tests.support.playing import forget_credentials

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

#: seconds of an attempt
TIMEOUT = 400
SEED = {
    "enos": {
        "orgs": {
            "o": {
                "pipelines": {
                    "p1": {"name": "a", "status": "RUNNING"},
                    "p2": {"name": "b", "status": "STOPPED"},
                    "p3": {"name": "c", "status": "PUBLISHED"},
                    "p4": {"name": "d", "status": "PAUSED", "is_system": True},
                }
            }
        }
    },
    "codearts": {
        "projects": {
            "c": {
                "pipelines": {
                    "plain": {"name": "plain", "run_seconds": 40.0},
                    "fails": {"name": "fails", "run_seconds": 20.0, "outcomes": ["FAILED", "COMPLETED", "FAILED"]},
                    "queues": {
                        "name": "queues",
                        "run_seconds": 50.0,
                        "concurrency_control": {"enable": True, "concurrency_number": 1, "exceed_action": "QUEUE"},
                    },
                }
            }
        }
    },
    "dli": {
        "projects": {
            "d": {
                "jobs": {
                    "1": {"name": "1", "status": "job_running"},
                    "2": {"name": "2", "status": "job_init"},
                    "3": {"name": "3", "status": "job_cancel_success", "fails_start": 1},
                    "4": {"name": "4", "status": "job_running", "obs_bucket": None},
                    "9007199254740993": {"name": "5", "status": "job_running", "fails_savepoint": 1},
                }
            }
        }
    },
}
TYPED = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)} | {
    "AirflowFailException",
    "AirflowSensorTimeout",
}


class Chronicle:
    """Writes down what really happens in the emulator: statuses as they come, actions as they are carried out."""

    def __init__(self):
        self.events = []
        self.patches = []
        self._watch(things.Thing, "change", lambda thing, status, *_, **__: ("status", thing.id, status))
        self._watch(enos_state.EnosPipeline, "go", lambda thing, now, way, *_, **__: ("did", thing.id, way))
        self._watch(dli_state.FlinkJob, "run", lambda thing, *_, **__: ("did", thing.id, "run"))
        self._watch(dli_state.FlinkJob, "stop", lambda thing, *_, savepoint: ("did", thing.id, ("stop", savepoint)))
        self._watch(codearts_run.Run, "stop", lambda run, *_, **__: ("did", run.id, "stop"))
        self._watch(
            codearts_state.CodeArtsPipeline,
            "start",
            lambda pipeline, now, wish, run_id="", *_, **__: ("made", pipeline.id, wish) if not run_id else None,
        )
        self._watch(
            codearts_state.CodeArtsPipeline,
            "enqueue",
            lambda pipeline, now, queue_id, wish, run_id="": ("made", pipeline.id, wish) if not run_id else None,
        )
        self._watch(
            app.Vendors,
            "_executed",
            lambda vendors, operation, call, fault: (
                ("asked", operation.name, operation.ids_of(call)) if operation.write else None
            ),
        )

    def _watch(self, kind, name, describe):
        real = getattr(kind, name)

        def watched(*args, **kwargs):
            if event := describe(*args, **kwargs):
                self.events.append(event)
            return real(*args, **kwargs)

        self.patches.append(mock.patch.object(kind, name, watched))

    def __enter__(self):
        for patch in self.patches:
            patch.start()
        return self

    def __exit__(self, *_):
        for patch in self.patches:
            patch.stop()

    def statuses(self, id, since=0):
        return [what for kind, whose, what in self.events[since:] if (kind, whose) == ("status", id)]

    def asked_after(self, name, happened, since):
        """Tell whether something was asked for again after it had happened; ``name`` is an id or an operation."""
        rest = self.events[since:]
        first = next(
            (place for place, (kind, whose, _) in enumerate(rest) if kind == happened[0] and whose == happened[1]),
            len(rest),
        )
        return [event for event in rest[first + 1 :] if event[0] == "asked" and (event[1] == name or name in event[2])]

    def did(self, id, since=0):
        return [what for kind, whose, what in self.events[since:] if (kind, whose) == ("did", id)]


def choices(service):
    """Give every switch of a service with its values."""
    table = {
        name: field.metadata["choices"]
        for name, field in Settings.__dataclass_fields__.items()
        if name.startswith(f"{service}_") and field.metadata.get("choices")
    }
    return st.sampled_from(sorted(table)).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(table[name])))


REPLIES = [
    {"status": 401, "body": "no"}, {"status": 403, "body": {"error_code": "APIG.0303"}}, {"status": 404, "body": "<html>"},
    {"status": 408, "body": ""}, {"status": 429, "headers": {"Retry-After": "7"}, "body": "{}"}, {"status": 500, "body": None},
    {"status": 502, "body": "bad gateway"}, {"status": 503, "headers": {"Retry-After": "200"}, "body": "busy"},
    {"status": 200, "body": "<html></html>"}, {"status": 200, "body": ""}, {"status": 200, "body": "null"},
    {"status": 200, "body": {}}, {"status": 200, "body": []}, {"status": 302, "headers": {"Location": "/"}, "body": ""},
]  # fmt: skip


def faults(service, operations, ids, words, codes):
    """Give strategies for every kind of fault."""
    kinds = st.one_of(
        st.sampled_from(REPLIES).map(lambda reply: {"kind": "reply", **reply}),
        st.just({"kind": "delay", "seconds": 0}),
        st.booleans().map(lambda executed: {"kind": "drop", "executed": executed}),
        st.sampled_from([0, 1, 20, 60]).map(lambda size: {"kind": "truncate", "bytes": size}),
        st.sampled_from(codes).map(lambda told: {"kind": "error_in_200", "code": told[0], "message": told[1]}),
        st.just({"kind": "string_booleans"}),
        st.sampled_from([0, 1]).map(lambda length: {"kind": "short_array", "length": length}),
        st.sampled_from([5, 40, 90]).map(lambda seconds: {"kind": "stale", "seconds": seconds}),
        st.just({"kind": "expire_token"}),
        st.sampled_from(words).map(lambda status: {"kind": "state", "status": status}),
    )
    frame = st.fixed_dictionaries(
        {
            "service": st.just(service),
            "operation": st.sampled_from(["*", *operations]),
            "times": st.sampled_from([1, 1, 2, 5, 12]),
            "skip": st.sampled_from([0, 0, 1, 2, 4]),
            "fault": kinds,
        },
        optional={"id": st.sampled_from(ids)},
    )
    return st.lists(frame, max_size=3)


def trouble(service, writes):
    """Give a fault on the writes, where it hurts most: executed or not, and no clear answer."""
    hard = st.one_of(
        st.booleans().map(lambda executed: {"kind": "drop", "executed": executed}),
        st.sampled_from([0, 20]).map(lambda size: {"kind": "truncate", "bytes": size}),
        st.sampled_from(REPLIES).map(lambda reply: {"kind": "reply", **reply}),
        st.sampled_from([{"kind": "expire_token"}, {"kind": "short_array", "length": 0}, {"kind": "string_booleans"}]),
    )

    def each(fault, times):
        return [{"service": service, "operation": name, "times": times, "fault": fault} for name in writes]

    return st.builds(each, hard, st.sampled_from([1, 1, 2, 3]))


class Machine(RuleBasedStateMachine):
    """What the machines of all services share."""

    service = ""
    ids = ()
    #: set by the test: the server, and where each step is counted
    emulator = None
    steps = ()

    @invariant()
    def count(self):
        self.steps.append(len(self.steps))

    @initialize()
    def begin(self):
        self.emulator.reset()
        forget_credentials()
        self.clock = SteppedClock(self.emulator)
        self.chronicle = Chronicle().__enter__()
        self.patches = [
            mock.patch.dict(os.environ, self.emulator.env),
            mock.patch.object(PipelinesHook, "clock", self.clock),
        ]
        for patch in self.patches:
            patch.start()
        self.tasks = 0
        #: with stale answers, what a thing was long ago may be seen
        self.first = self.statuses()

    def teardown(self):
        if hasattr(self, "patches"):
            for patch in self.patches:
                patch.stop()
            self.chronicle.__exit__()

    def statuses(self):
        """Give what the emulator says now, by id."""
        raise NotImplementedError

    def status(self, id):
        return self.statuses().get(id)

    def play(self, mode, make, faults, ids, interfere=None):
        """Run a task, and check what holds for each: gives its result or error, and where its history begins."""
        self.emulator.clear_faults()
        forget_credentials()
        self.before = self.statuses()
        self.since = len(self.chronicle.events)
        self.stale = any(fault["fault"]["kind"] == "stale" for fault in faults)
        self.calm = not faults and interfere is None
        self.emulator.faults(*faults)
        if interfere is not None:
            self.clock.on_wait = self.change_at(*interfere)
        self.tasks += 1
        seen = mode(make, self.clock)
        self.clock.on_wait = None
        self.emulator.clear_faults()
        if seen["error"] is not None:
            assert seen["error"][0] in TYPED, seen["error"]
        return seen

    def change_at(self, place, id, word):
        left = [place]

        def change(_):
            left[0] -= 1
            if left[0] < 0:
                self.clock.on_wait = None
                self.emulator.thing(self.service, id, word)

        return change

    def passed(self, id):
        """Give every status that a thing had while the task ran; with stale answers, ever."""
        if self.stale:
            return {self.first.get(id), *self.chronicle.statuses(id), self.status(id)}
        return {self.before[id], *self.chronicle.statuses(id, self.since), self.status(id)}

    def judge(self, id, outcome, goal, already, did, on_the_way):
        """Check one outcome: green only if it was so, and nothing carried out twice."""
        done = self.chronicle.did(id, self.since)
        self.not_again(id)
        assert set(done) <= {did}, f"{id}: {done} instead of {did}"
        if outcome["result"] == "already":
            assert self.passed(id) & set(already), f"{outcome}: was {self.passed(id)}"
            assert not done, f"{outcome}, though {done} was carried out"
        elif outcome["result"] == "done":
            reached = {*self.chronicle.statuses(id, 0 if self.stale else self.since)}
            assert reached & set(goal), f"{outcome}: came through {reached} only"
        elif outcome["result"] == "requested":
            # what is on its way there already is asked for nothing
            assert done or on_the_way in self.passed(id), f"{outcome}, and nothing was carried out"

    def not_again(self, id):
        """Check that nothing was carried out twice, nor asked for once more after it was."""
        done = self.chronicle.did(id, self.since)
        assert len(done) <= 1, f"{id}: carried out more than once: {done}"
        again = self.chronicle.asked_after(id, ("did", id), self.since)
        assert not again, f"{id}: asked for again after it was carried out: {again}"

    def pass_time(self, seconds):
        self.emulator.clear_faults()
        self.clock.sleep(seconds)


# EnOS

ENOS = {
    # operator, what the emulator does, goal, already, from where nobody gets there
    "start": (EnosStartPipelineOperator, "STARTING", {"RUNNING"}, {"RUNNING"}, set()),
    "pause": (EnosPausePipelineOperator, "PAUSING", {"PAUSED"}, {"PAUSED"}, {"STOPPED", "PUBLISHED"}),
    "stop": (EnosStopPipelineOperator, "STOPPING", {"STOPPED", "PUBLISHED"}, {"STOPPED", "PUBLISHED"}, set()),
}
ENOS_WORDS = ["RUNNING", "PAUSED", "STOPPED", "PUBLISHED", "STARTING", "PAUSING", "STOPPING", "HIBERNATING"]
ENOS_IDS = ("p1", "p2", "p3", "p4")
ENOS_CODES = [
    (61108, "x"), (61121, "x"), (61122, "x"), (61126, "x"), (99000, "x"), (1203, "x"), (1003, "x"), (5, "x"),
    (61152, "Status cannot be changed from [STOPPED] to Stopped"), (61165, "job with status [RUNNING]"),
]  # fmt: skip
enos_faults = faults(
    "enos",
    ["list_pipelines", "start_pipeline", "pause_pipeline", "stop_pipeline", "get_token"],
    ENOS_IDS,
    ENOS_WORDS,
    ENOS_CODES,
)
enos_trouble = trouble("enos", ["start_pipeline", "pause_pipeline", "stop_pipeline"])
enos_words = st.none() | st.tuples(st.integers(0, 4), st.sampled_from(ENOS_IDS), st.sampled_from(ENOS_WORDS))
operator_modes = st.sampled_from(sorted(OPERATOR_MODES))
sensor_modes = st.sampled_from(sorted(SENSOR_MODES))


class EnosMachine(Machine):
    """Starts, pauses, stops and watches pipelines."""

    service, ids = "enos", ENOS_IDS

    def statuses(self):
        pipelines = self.emulator.state()["enos"]["orgs"]["o"]["pipelines"]
        return {id: fields["status"] for id, fields in pipelines.items()}

    @rule(setting=choices("enos"))
    def switch(self, setting):
        self.emulator.settings(**dict([setting]))

    @rule(id=st.sampled_from(ENOS_IDS), word=st.sampled_from(ENOS_WORDS))
    def somebody_changes_a_pipeline(self, id, word):
        self.emulator.thing("enos", id, word)

    @rule(seconds=st.sampled_from([1, 9.5, 40]))
    def time_passes(self, seconds):
        self.pass_time(seconds)

    @rule(mode=operator_modes, verb=st.sampled_from(sorted(ENOS)), id=st.sampled_from(ENOS_IDS), faults=enos_trouble)
    def act_with_trouble(self, mode, verb, id, faults):
        self.act(mode, verb, id, faults, None, wait=True)

    @rule(
        mode=operator_modes, verb=st.sampled_from(sorted(ENOS)), id=st.sampled_from(ENOS_IDS), faults=st.just([]) | enos_faults,
        interfere=enos_words, wait=st.sampled_from([True, True, True, False]),
    )  # fmt: skip
    def act_on(self, mode, verb, id, faults, interfere, wait):
        self.act(mode, verb, id, faults, interfere, wait)

    def act(self, mode, verb, id, faults, interfere, wait):
        kind, did, goal, already, hopeless = ENOS[verb]
        more = {"execution_mode": 0} if verb == "start" else {}

        def make(**how):
            return kind(
                task_id="task",
                pipeline_id=id,
                timeout=TIMEOUT,
                poll_interval=20,
                wait_for_completion=wait,
                **more,
                **how,
            )

        seen = self.play(OPERATOR_MODES[mode], make, faults, [id], interfere)
        if seen["error"] is None:
            assert seen["result"]["id"] == id
            self.judge(id, seen["result"], goal, already, did, did)
        else:
            self.not_again(id)
            settled = {"RUNNING", "PAUSED", "STOPPED", "PUBLISHED"} - hopeless
            lock = self.emulator.call("GET", "settings")["enos_system_first"]
            assert not (self.calm and self.before[id] in settled and not lock), f"{verb} from {self.before[id]}: {seen}"

    @rule(
        mode=sensor_modes,
        id=st.sampled_from(ENOS_IDS),
        goal=st.sampled_from(ENOS_WORDS[:4]),
        faults=enos_faults,
        interfere=enos_words,
    )
    def watch(self, mode, id, goal, faults, interfere):
        def make(**how):
            return EnosPipelineSensor(
                task_id="task", pipeline_id=id, target_status=goal, timeout=200, poke_interval=20, **how
            )

        seen = self.play(SENSOR_MODES[mode], make, faults, [id], interfere)
        wanted = {"STOPPED", "PUBLISHED"} if goal == "STOPPED" else {goal}
        assert self.chronicle.did(id, self.since) == []
        if seen["error"] is None:
            assert self.passed(id) & wanted, f"{seen}: {self.passed(id)}"
        else:
            assert not (self.calm and self.before[id] in wanted)

    @rule(
        mode=operator_modes,
        verb=st.sampled_from(sorted(ENOS)),
        id=st.sampled_from(["", "None", "a/b", None, 7, "x" * 65]),
    )
    def bad_input(self, mode, verb, id):
        kind = ENOS[verb][0]
        more = {"execution_mode": 0} if verb == "start" else {}
        self.emulator.mark()
        seen = self.play(
            OPERATOR_MODES[mode], lambda **how: kind(task_id="task", pipeline_id=id, **more, **how), [], []
        )
        assert seen["error"][0] == "AirflowFailException"
        assert self.emulator.calls() == []


# DLI

DLI_IDS = ("1", "2", "3", "4", "9007199254740993")
DLI_WORDS = [
    "job_running", "job_init", "job_finish", "job_cancel_success", "job_running_exception", "job_submit_fail", "job_submitting",
    "job_canceling", "job_cancel_fail", "job_arrearage_stopped", "job_dreaming",
]  # fmt: skip
QUIET = {
    "job_init",
    "job_finish",
    "job_cancel_success",
    "job_submit_fail",
    "job_running_exception",
    "job_arrearage_stopped",
}
DLI_CODES = [
    ("DLI.0999", "x"),
    ("DLI.0001", "x"),
    ("DLI.16001", "x"),
    ("DLI.0012", "x"),
    ("DLI.0007", "x"),
    ("unknown", ""),
]
dli_faults = faults(
    "dli",
    ["list_flink_jobs", "show_flink_job", "batch_run_flink_jobs", "batch_stop_flink_jobs"],
    DLI_IDS,
    DLI_WORDS,
    DLI_CODES,
)
dli_trouble = trouble("dli", ["batch_run_flink_jobs", "batch_stop_flink_jobs"])
dli_words = st.none() | st.tuples(st.integers(0, 4), st.sampled_from(DLI_IDS), st.sampled_from(DLI_WORDS))
# above three they are looked for in the list
some_jobs = st.sampled_from(DLI_IDS).map(lambda id: [id]) | st.lists(st.sampled_from(DLI_IDS), min_size=1, unique=True)


class DliMachine(Machine):
    """Runs, stops and watches Flink jobs, in batches."""

    service, ids = "dli", DLI_IDS

    def jobs(self):
        return self.emulator.state()["dli"]["projects"]["d"]["jobs"]

    def statuses(self):
        return {id: fields["status"] for id, fields in self.jobs().items()}

    @rule(setting=choices("dli"))
    def switch(self, setting):
        self.emulator.settings(**dict([setting]))

    @rule(id=st.sampled_from(DLI_IDS), word=st.sampled_from(DLI_WORDS))
    def somebody_changes_a_job(self, id, word):
        self.emulator.thing("dli", id, word)

    @rule(seconds=st.sampled_from([1, 9.5, 60]))
    def time_passes(self, seconds):
        self.pass_time(seconds)

    def outcomes(self, seen, ids):
        """Give the outcomes of a batch by id, those of a failed one included; none if it was refused as a whole."""
        rows = seen["result"] if seen["error"] is None else seen["pushed"].get("outcomes", [])
        assert seen["error"] is not None or [row["id"] for row in rows] == [int(id) for id in ids]
        return {str(row["id"]): row for row in rows}

    @rule(
        mode=operator_modes,
        ids=some_jobs,
        faults=st.just([]) | dli_faults | dli_trouble,
        interfere=dli_words,
        resume=st.booleans(),
    )
    def start(self, mode, ids, faults, interfere, resume):
        def make(**how):
            return DliBatchRunOperator(
                task_id="task",
                job_ids=[int(id) for id in ids],
                resume_savepoint=resume,
                timeout=TIMEOUT,
                poll_interval=20,
                **how,
            )

        seen = self.play(OPERATOR_MODES[mode], make, faults, ids, interfere)
        for id, outcome in self.outcomes(seen, ids).items():
            self.judge(id, outcome, {"job_running", "job_finish"}, {"job_running"}, "run", "job_submitting")
            if seen["error"] is None:
                assert outcome["result"] in {"done", "already"}
        self.nothing_else(ids)

    @rule(
        mode=operator_modes,
        ids=some_jobs,
        faults=st.just([]) | dli_faults | dli_trouble,
        interfere=dli_words,
        savepoint=st.booleans(),
    )
    def stop(self, mode, ids, faults, interfere, savepoint):
        self.stop_jobs(mode, ids, faults, interfere, savepoint)

    def stop_jobs(self, mode, ids, faults, interfere, savepoint):
        def make(**how):
            return DliBatchStopOperator(
                task_id="task",
                job_ids=[int(id) for id in ids],
                trigger_savepoint=savepoint,
                timeout=TIMEOUT,
                poll_interval=20,
                **how,
            )

        had = {id: (fields["has_savepoint"], fields["savepoint_path"]) for id, fields in self.jobs().items()}
        seen = self.play(OPERATOR_MODES[mode], make, faults, ids, interfere)
        for id, outcome in self.outcomes(seen, ids).items():
            self.judge(id, outcome, QUIET, QUIET, ("stop", savepoint), "job_canceling")
            if savepoint and outcome["result"] == "done" and not self.stale:
                now = self.jobs()[id]
                made = now["has_savepoint"] and (
                    (True, now["savepoint_path"]) != had[id]
                    or "job_savepointing" in self.chronicle.statuses(id, self.since)
                )
                assert made, f"{outcome}: had {had[id]}"
        self.nothing_else(ids)

    @rule(mode=operator_modes, id=st.sampled_from(["1", "4", "9007199254740993"]))
    def stop_with_a_savepoint_that_may_be_missing(self, mode, id):
        """The job stops as it was told, and nothing else is in the way."""
        self.emulator.thing("dli", id, "job_running")
        self.emulator.settings(dli_failed_savepoint="job_cancel_success", dli_savepoint_without_bucket="missing")
        self.stop_jobs(mode, [id], [], None, True)

    def nothing_else(self, ids):
        touched = {whose for kind, whose, _ in self.chronicle.events[self.since :] if kind == "did"}
        assert touched <= set(ids)
        for id in ids:
            self.not_again(id)

    @rule(
        mode=sensor_modes,
        ids=some_jobs,
        goal=st.sampled_from(["job_running", "job_cancel_success", "job_finish"]),
        faults=dli_faults,
        interfere=dli_words,
    )
    def watch(self, mode, ids, goal, faults, interfere):
        def make(**how):
            return DliJobSensor(
                task_id="task",
                job_ids=[int(id) for id in ids],
                target_status=goal,
                timeout=200,
                poke_interval=20,
                **how,
            )

        seen = self.play(SENSOR_MODES[mode], make, faults, ids, interfere)
        self.nothing_else([])
        if seen["error"] is None:
            assert all(goal in self.passed(id) for id in ids), seen
        else:
            assert not (self.calm and all(self.before[id] == goal for id in ids))

    @rule(
        mode=operator_modes, kind=st.sampled_from([DliBatchRunOperator, DliBatchStopOperator]),
        ids=st.sampled_from([[], None, [1, 1], ["x"], "1", [0], [True], [2**63], {"1": 1}]),
    )  # fmt: skip
    def bad_input(self, mode, kind, ids):
        self.emulator.mark()
        seen = self.play(OPERATOR_MODES[mode], lambda **how: kind(task_id="task", job_ids=ids, **how), [], [])
        assert seen["error"][0] == "AirflowFailException"
        assert self.emulator.calls() == []


# CodeArts

PIPELINES = ("plain", "fails", "queues")
RUN_WORDS = ["COMPLETED", "FAILED", "CANCELED", "PAUSED", "SUSPEND", "RUNNING", "DREAMING"]
#: nobody brings these back to life
OVER = {"COMPLETED", "FAILED", "CANCELED", "IGNORED"}
CODEARTS_CODES = [
    ("DEVPIPE.00011104", "x"), ("DEVPIPE.00011401", "x"), ("DEVPIPE.00011412", "x"), ("DEVPIPE.00099999", "x"), ("APIG.0308", "x"),
]  # fmt: skip
RUN_CALLS = [
    "run_pipeline",
    "stop_pipeline_run",
    "show_pipeline_run_detail",
    "list_pipeline_runs",
    "list_pipeline_queue",
    "cancel_pipeline_queue",
]
codearts_faults = faults("codearts", RUN_CALLS, PIPELINES, RUN_WORDS, CODEARTS_CODES)
codearts_trouble = trouble("codearts", ["run_pipeline", "stop_pipeline_run", "cancel_pipeline_queue"])


class CodeArtsMachine(Machine):
    """Runs and stops pipelines, with attempts that follow one another."""

    service = "codearts"

    @initialize()
    def no_tasks_yet(self):
        #: what is needed for another attempt, by task
        self.attempts = {}

    def pipelines(self):
        return self.emulator.state()["codearts"]["projects"]["c"]["pipelines"]

    def all_runs(self):
        return {run: fields for pipeline in self.pipelines().values() for run, fields in pipeline["runs"].items()}

    def queued(self):
        """Give the entries of the queues that wait, each with its pipeline."""
        pipelines = self.pipelines()
        return [(id, entry) for id in PIPELINES for entry in pipelines[id]["queue"] if entry["status"] == "QUEUED"]

    def statuses(self):
        pipelines = self.pipelines().values()
        waiting = {entry["pipeline_run_id"]: entry["status"] for pipeline in pipelines for entry in pipeline["queue"]}
        return waiting | {run: fields["status"] for pipeline in pipelines for run, fields in pipeline["runs"].items()}

    def live(self, task):
        """Give the runs of a task that go on or wait, with their statuses."""
        runs = self.all_runs().items()
        going = {
            run: fields["status"] for run, fields in runs if _task(fields) == task and fields["status"] not in OVER
        }
        waiting = [entry for _, entry in self.queued() if _task(entry["run"]) == task]
        return going | {entry["pipeline_run_id"]: "QUEUED" for entry in waiting}

    @rule(setting=choices("codearts"))
    def switch(self, setting):
        self.emulator.settings(**dict([setting]))

    @rule(seconds=st.sampled_from([1, 9.5, 60]))
    def time_passes(self, seconds):
        self.pass_time(seconds)

    @rule(data=st.data(), word=st.sampled_from(RUN_WORDS))
    def somebody_changes_a_run(self, data, word):
        statuses = self.statuses()
        if runs := [(id, run) for id, run in self.in_order() if statuses[run] not in OVER]:
            self.emulator.thing("codearts", data.draw(st.sampled_from(runs))[1], word)

    def in_order(self):
        """Give the runs, the oldest first, each with its pipeline: the same in each repetition of a failure."""
        pipelines = self.pipelines()
        each = [(id, run, fields) for id in PIPELINES for run, fields in pipelines[id]["runs"].items()]
        found = [(fields["start_time"], id, fields["run_number"], run) for id, run, fields in each]
        return [(id, run) for _, id, _, run in sorted(found)]

    @rule(
        mode=operator_modes, pipeline=st.sampled_from(PIPELINES), faults=st.just([]) | codearts_faults | codearts_trouble,
        interfere=st.none() | st.integers(0, 4), word=st.sampled_from(RUN_WORDS), kept=st.booleans(),
        again=st.integers(0, 3), cancel=st.booleans(),
    )  # fmt: skip
    def go(self, mode, pipeline, faults, interfere, word, kept, again, cancel):
        """Run a pipeline as a new task, or as the next attempt of one that failed."""
        failed = sorted(self.attempts)
        if again and failed:
            name = failed[again % len(failed)]
            pipeline, number, store = self.attempts[name]
        else:
            name, number, store = f"task-{self.tasks}", 0, Store() if kept else None
        ti = TaskInstance(number + 1)
        ti.run_id = name

        def make(**how):
            return CodeArtsRunPipelineOperator(
                task_id="task", pipeline_id=pipeline, timeout=TIMEOUT, poll_interval=20, cancel_on_kill=cancel, **how
            )

        task = Marker.of(ti, None, "").task
        before, was_live = set(self.all_runs()), self.live(task)
        where = len(self.chronicle.events)
        self.emulator.clear_faults()
        seen = self.play(
            lambda make, clock: self.attempt(OPERATOR_MODES[mode], make, clock, ti, store, interfere, word, task),
            make,
            faults,
            [],
        )
        made = [wish for kind, _, wish in self.chronicle.events[where:] if kind == "made"]
        assert len(made) <= 1, f"asked for {len(made)} runs"
        again = self.chronicle.asked_after("run_pipeline", ("made", pipeline), where)
        assert not again, f"asked for again after it was carried out: {again}"
        assert all(_task(wish) == task for wish in made)
        # an answer that is older than it says may hide the run of the attempt before
        live = self.live(task)
        assert len(live) <= max(1, len(was_live) + self.stale), (
            f"live runs of one task: {live}, before {was_live}, {seen}"
        )
        if seen["error"] is None:
            outcome = seen["result"]
            run = outcome["pipeline_run_id"]
            assert outcome["result"] == "done", outcome
            assert "COMPLETED" in {self.status(run), *self.chronicle.statuses(run)}, outcome
            assert _task(self.all_runs()[run]) == task, outcome
            assert run not in before or number, "a run of somebody else was taken over"
            self.attempts.pop(name, None)
        elif number < 3:
            self.attempts[name] = (pipeline, number + 1, store)
        else:
            self.attempts.pop(name, None)

    def attempt(self, mode, make, clock, ti, store, interfere, word, task):
        if interfere is not None:
            left = [interfere]

            def change(_):
                left[0] -= 1
                mine = [run for run, status in self.live(task).items() if status != "QUEUED"]
                if left[0] < 0 and mine:
                    clock.on_wait = None
                    self.emulator.thing("codearts", mine[0], word)

            clock.on_wait = change
        return mode(make, clock, ti, store)

    @rule(mode=operator_modes, data=st.data(), faults=st.just([]) | codearts_faults | codearts_trouble)
    def stop(self, mode, data, faults):
        queued = [(id, entry["pipeline_run_id"]) for id, entry in self.queued()]
        there = self.in_order() + queued
        if not there:
            return
        pipeline, run = data.draw(st.sampled_from(there))

        def make(**how):
            return CodeArtsStopRunOperator(
                task_id="task", pipeline_id=pipeline, pipeline_run_id=run, timeout=TIMEOUT, poll_interval=20, **how
            )

        seen = self.play(OPERATOR_MODES[mode], make, faults, [run])
        made = [wish for kind, _, wish in self.chronicle.events[self.since :] if kind == "made"]
        assert made == []
        if seen["error"] is None:
            ended = {"COMPLETED", "FAILED", "CANCELED", "IGNORED", "QUEUED_TIME_OUT", None}
            passed = self.passed(run)
            assert passed & ended, f"{seen['result']}: {passed}"

    @rule(
        mode=sensor_modes,
        data=st.data(),
        goal=st.sampled_from(["COMPLETED", *RUN_WORDS[:6]]),
        faults=st.just([]) | codearts_faults,
    )
    def watch(self, mode, data, goal, faults):
        there = self.in_order()
        if not there:
            return
        self.watch_run(mode, *data.draw(st.sampled_from(there)), goal, faults)

    @rule(mode=sensor_modes, data=st.data(), goal=st.sampled_from(["COMPLETED", "FAILED", "CANCELED"]))
    def watch_what_is_over(self, mode, data, goal):
        statuses = self.statuses()
        if there := [(id, run) for id, run in self.in_order() if statuses[run] in OVER]:
            self.watch_run(mode, *data.draw(st.sampled_from(there)), goal, [])

    def watch_run(self, mode, pipeline, run, goal, faults):
        def make(**how):
            return CodeArtsRunSensor(
                task_id="task",
                pipeline_id=pipeline,
                pipeline_run_id=run,
                target_status=goal,
                timeout=200,
                poke_interval=20,
                **how,
            )

        seen = self.play(SENSOR_MODES[mode], make, faults, [run])
        wanted = {"PAUSED", "SUSPEND"} if goal == "PAUSED" else {goal}
        assert [event for event in self.chronicle.events[self.since :] if event[0] != "status"] == []
        if seen["error"] is None:
            assert self.passed(run) & wanted, seen
        else:
            assert not (self.calm and self.before[run] in wanted), seen


def _task(fields):
    """Give the task that a run's description names."""
    marker = Marker.read(fields.get("description"))
    return marker and marker.task


@pytest.fixture(scope="module")
def seeded():
    """An emulator of its own, with things to fail in many ways."""
    running = Emulator(SEED)
    yield running
    running.stop()


# 2,000 steps in all: an example may be shorter than it could be
@pytest.mark.parametrize(
    ("machine", "examples", "least"), [(EnosMachine, 26, 600), (DliMachine, 26, 600), (CodeArtsMachine, 40, 800)]
)
def test_no_verdict_is_wrong_whatever_happens(seeded, monkeypatch, machine, examples, least):
    steps = []
    monkeypatch.setattr(machine, "emulator", seeded)
    monkeypatch.setattr(machine, "steps", steps)
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=32))
    assert len(steps) >= least


@pytest.mark.parametrize("mode", sorted(OPERATOR_MODES))
def test_a_run_whose_answer_was_lost_is_not_replaced_when_somebody_cancels_it(emulator, clock, mode):
    """Found by the machine above, which comes by it once in some thousand steps."""

    def runs():
        (project,) = emulator.state()["codearts"]["projects"].values()
        return project["pipelines"][NIGHTLY]["runs"]

    def make(**how):
        return CodeArtsRunPipelineOperator(task_id="task", pipeline_id=NIGHTLY, poll_interval=20, **how)

    def cancel(_):
        if made := set(runs()) - before:
            clock.on_wait = None
            emulator.thing("codearts", made.pop(), "CANCELED")

    before = set(runs())
    emulator.fault("run_pipeline", service="codearts", kind="truncate", bytes=0)
    clock.on_wait = cancel
    seen = OPERATOR_MODES[mode](make, clock)
    assert len(set(runs()) - before) == 1
    assert seen["error"][0] == "WatchFailed"
