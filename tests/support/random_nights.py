"""
Random nights: a fleet, a window over it, and what goes wrong, all from one seed.

A night goes as Airflow would let it go: tasks are tried again, killed tasks go on for some seconds, a run may die and the
next one find its window open. Vendors and store have faults; people touch things. The faults end some time, and then
everything has to be as it was.
"""

from __future__ import annotations

import random

from airflow_provider_pipelines.errors import mendable
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.interleavings import Services, Stage, StagedWindow, StageStore
from tests.support.playing import BUILD, CODEARTS, ORG, PROJECT, START, WIND, Runs

RUNNING = {"enos": "RUNNING", "dli": "job_running", "codearts": True}
AT_REST = {
    "enos": {"PUBLISHED", "PAUSED", "STOPPED"},
    "dli": {"job_init", "job_cancel_success", "job_finish", "job_submit_fail", "job_running_exception"},
    "codearts": {False},
}
READS = {
    "enos": ["list_pipelines", "get_token"],
    "dli": ["list_flink_jobs", "show_flink_job"],
    "codearts": ["show_pipeline_detail", "list_pipeline_runs", "show_pipeline_run_detail", "list_pipeline_queue"],
}
WRITES = {
    "enos": ["pause_pipeline", "stop_pipeline", "start_pipeline"],
    "dli": ["batch_stop_flink_jobs", "batch_run_flink_jobs"],
    "codearts": ["disable_pipeline", "enable_pipeline", "stop_pipeline_run"],
}
#: seconds after which a task that Airflow has given up does nothing more
LONGEST_GHOST = 7.0


class Night:
    """
    One night.

    :param seed: decides everything
    """

    def __init__(self, seed):
        self.seed = seed
        self.rng = random.Random(seed)
        # the package's own jitter
        random.seed(seed)
        self.told = []
        self.wrong = []
        #: things that somebody has touched: what they were changed to, None for deleted
        self.touched = {}
        self.touching = self.rng.random() < 0.3
        self.ghosts = self.rng.random() < 0.6
        self.savepoints = self.rng.random() < 0.4
        # old answers, in nights in which nobody dies: how old an answer is the emulator does not ask
        self.stale = self.rng.random() < 0.15
        if self.stale:
            self.touching = self.ghosts = False
        self.stage = Stage()
        self.services = Services(self.stage, self._world(), **self._settings())
        self.store = StageStore(self.stage)
        self.runs = Runs()
        self.targets = self._targets()
        self._faults()
        self._store_faults()
        if self.rng.random() < 0.7:
            self.services.latency = lambda: self.rng.choice([0.0, 0.01, 0.2])
            self.store.latency = lambda: self.rng.choice([0.0, 0.0, 0.005, 0.1])
        self.truth = self.services.statuses()

    def tell(self, line):
        self.told.append(f"{self.stage.now % 100000:10.2f}  {line}")

    # what there is

    def _world(self):
        rng = self.rng

        def some(chance):
            return int(rng.random() < chance)

        pipelines = {
            WIND(n): {
                "name": f"wind-{n}", "status": rng.choice(["RUNNING"] * 5 + ["PAUSED", "STOPPED", "PUBLISHED"]),
                "refuses_pause": some(0.1), "refuses_stop": some(0.1), "refuses_start": some(0.1),
                "fails_start": some(0.1), "start_seconds": rng.choice([None, 0.0, 5.0, 45.0]),
            }
            for n in range(1, rng.randint(1, 4) + 1)
        }  # fmt: skip
        jobs = {
            str(100 + n): {
                "name": f"agg-{n}",
                "status": rng.choice(["job_running"] * 5 + ["job_init", "job_cancel_success", "job_finish"]),
                "refuses_stop": some(0.1), "refuses_start": some(0.1),
                # the savepoint of a stop is lost with a start that fails, and no retry brings it back
                "fails_start": 0 if self.savepoints else some(0.1),
                "fails_savepoint": some(0.1) if self.savepoints else 0,
            }
            for n in range(1, rng.randint(1, 4) + 1)
        }  # fmt: skip
        builds = {
            BUILD(n): {
                "name": f"build-{n}", "enabled": rng.random() < 0.8,
                "runs": {f"{n:032x}": {"status": "RUNNING", "run_seconds": rng.choice([20.0, 90.0])}} if some(0.3) else {},
            }
            for n in range(1, rng.randint(1, 2) + 1)
        }  # fmt: skip
        return {
            "enos": {"orgs": {ORG: {"pipelines": pipelines}}},
            "dli": {"projects": {PROJECT: {"jobs": jobs}}},
            "codearts": {"projects": {CODEARTS: {"pipelines": builds}}},
        }

    def _settings(self):
        choice = self.rng.choice
        return {
            "enos_transitional": choice([True, True, False]),
            "enos_start_lock_seconds": choice([None, 5.0, 0.0]),
            "enos_failure_status": choice([200, 400]),
            "dli_is_success": choice(["string", "boolean"]),
            "dli_batch_answer": choice(["per_id", "reversed", "single", "object"]),
            "dli_refusal": choice(["mixed", "false", "whole"]),
            "dli_savepoint_order": choice(["before", "after"]),
            "dli_savepoint_cleared": choice(["running", "submitting"]),
            "codearts_stop": choice(["async", "immediate"]),
        }

    def _targets(self):
        choice = self.rng.choice
        targets = [
            EnosPipelines(name_pattern="wind-*", how=choice(["pause", "stop"]), start=START, allow_empty=True),
            DliJobs(
                name_pattern="agg-*", trigger_savepoint=self.savepoints, allow_empty=True,
                on_missing_savepoint=choice(["fail", "start_clean"]),
            ),
            CodeArtsPipelines(
                pipeline_ids=sorted(id for service, id in self.services.statuses() if service == "codearts"),
                running=choice(["wait", "stop", "leave"]), allow_empty=True,
            ),
        ]  # fmt: skip
        return self.rng.sample(targets, choice([1, 2, 3, 3, 3]))

    @property
    def services_meant(self):
        return {target.service for target in self.targets}

    # what goes wrong

    def _faults(self):
        rng = self.rng
        for _ in range(rng.choice([0, 1, 3, 6, 12])):
            service = rng.choice(sorted(READS))
            write = rng.random() < 0.6
            operation = rng.choice((WRITES if write else READS)[service])
            what = rng.choice([
                {"kind": "reply", "status": rng.choice([500, 502, 503, 504])},
                {"kind": "reply", "status": 429, "headers": {"Retry-After": "2"}},
                {"kind": "delay", "seconds": rng.choice([0.5, 3, 14, 20])},
                {"kind": "drop", "executed": rng.random() < 0.5},
                {"kind": "truncate", "bytes": rng.choice([0, 1, 20, 60])},
                *([{"kind": "late", "seconds": rng.choice([1, 5, 10, 14])}] * 2 if write else []),
                {"kind": "error_in_200", "code": {"enos": 61199, "dli": "DLI.0999", "codearts": "DEVPIPE.0001"}[service],
                 "message": "made up"},
                *([{"kind": "stale", "seconds": rng.choice([2, 5, 10])}] * 3 if self.stale and not write else []),
                *([{"kind": "string_booleans"}] if service != "enos" else []),
                *([{"kind": "short_array", "length": rng.choice([0, 1])}] if service == "dli" and write else []),
                *([{"kind": "expire_token"}] if service == "enos" and operation != "get_token" else []),
            ])  # fmt: skip
            fault = {"service": service, "times": rng.choice([1, 1, 2, 4]), "skip": rng.choice([0, 0, 1, 3, 8]), **what}
            self.tell(f"fault: {operation} {fault}")
            self.services.fault(operation, **fault)

    def _store_faults(self):
        rng, store = self.rng, self.store
        rate = rng.choice([0.0, 0.0, 0.02, 0.08])
        lost, kept = rng.choice([(0.0, 0.0), (0.0, 0.0), (0.03, 0.03)])
        begin = self.stage.now
        self.outages = [
            (begin + at, begin + at + rng.choice([1.0, 20.0, 90.0]))
            for at in rng.sample(range(400), rng.choice([0, 0, 0, 1, 3]))
        ]
        for at, end in self.outages:
            self.tell(f"outage from {at % 100000:.0f} to {end % 100000:.0f}")
        last = [-10]

        def out():
            return any(at <= self.stage.now < end for at, end in self.outages)

        def blind(number, key):
            if out():
                return True
            # one read at a time: two in a row with good ones in between are no outage
            if number - last[0] > 5 and rng.random() < rate:
                last[0] = number
                return True
            return False

        def broken(number, key):
            if out():
                return "lost"
            chance = rng.random()
            return "lost" if chance < lost else "kept" if chance < lost + kept else None

        store.blind, store.broken = blind, broken

    def _calm_down(self):
        """All faults end."""
        self.tell("all faults end")
        self.services.faults.clear()
        self.store.blind, self.store.broken = lambda number, key: False, lambda number, key: None

    def _touch(self):
        """Let somebody touch one or two things within the next minutes."""
        rng = self.rng
        meant = sorted((service, id) for service, id in self.truth if service in self.services_meant)

        def somebody(process):
            for service, id in rng.sample(meant, min(len(meant), rng.choice([1, 1, 2]))):
                self.stage.sleep(rng.choice([0.5, 5.0, 30.0, 120.0]) * rng.random())
                if (service, id) not in self.services.statuses():
                    continue
                how = rng.choice({
                    "enos": ["RUNNING", "PAUSED", "STOPPED", None],
                    "dli": ["job_running", "job_cancel_success", None],
                    "codearts": ["enabled", "disabled", None],
                }[service])  # fmt: skip
                self.touched.setdefault((service, id), []).append(how)
                self.tell(f"somebody: {id} {how}")
                if how is None:
                    self.services.remove(service, id)
                else:
                    self.services.touch(service, id, how)

        self.stage.start("somebody", somebody)

    # how Airflow lets tasks go

    def _fate(self, points):
        """Decide how an attempt ends, and when."""
        if self.stale:
            return "well", 0, 0.0
        kind = self.rng.choice(
            ["well", "well", "crash", "crash", "killed", "lost"] if self.ghosts else ["well", "crash"]
        )
        number, seconds = self.rng.randint(1, points), self.rng.choice([0.5, 5.0, 40.0]) * self.rng.random()
        return kind, number, seconds

    def _attempt(self, name, work, fate):
        """
        Let one attempt go.

        :returns: ``success``, ``failed`` (with its error), ``died`` (to be tried again) or ``killed`` (not to be)
        """
        kind, number, seconds = fate
        stage = self.stage

        def trap(process, what, about, point):
            if kind == "crash" and point == number:
                self.tell(f"{name} dies at {what} {about if isinstance(about, str | float) else ''}")
                process.die()

        self.tell(f"{name} begins ({kind})")
        process = stage.start(name, work, trap=trap)
        end = stage.now + seconds
        if kind in {"killed", "lost"}:
            while not process.ended and stage.now < end:
                stage.sleep(0.25)
            if not process.ended:
                self._leave_behind(process, kind)
                return ("killed" if kind == "killed" else "died"), None
        stage.wait(process)
        if process.dead:
            return "died", None
        if process.error is not None:
            self.tell(f"{name} failed: {type(process.error).__name__}: {process.error}")
            if not hasattr(process.error, "unsent"):
                raise process.error
            return "failed", process.error
        self.tell(f"{name} is green")
        return "success", process.value

    def _leave_behind(self, process, kind):
        """Airflow counts it as over; it goes on for some seconds."""
        rng = self.rng
        told, left, disowned = rng.choice([0.0, 2.0]), rng.random() * LONGEST_GHOST, rng.random() < 0.3

        def reaper(_):
            if disowned:
                process.disowned = True
            self.stage.sleep(min(told, left))
            if kind == "killed":
                process.asked_to_end = True
            self.stage.sleep(max(0.0, left - told))
            self.stage.kill(process)

        self.tell(f"{process.name} counts as over ({kind}), and goes on for {left:.2f} s")
        self.stage.start("reaper", reaper)

    def _tries(self, name, work, count, delay, points, fates):
        """Let a task go, with its retries."""
        for number in range(1, count + 1):
            if number > fates + 2:
                self._calm_down()
            fate = self._fate(points) if number <= fates else ("well", 0, 0.0)
            state, what = self._attempt(f"{name}.{number}", work(number), fate)
            if state == "success":
                return state, what
            # a restore that somebody has killed is cleared, since the run stays red
            if name != "restore" and (state == "killed" or (state == "failed" and not mendable(what))):
                return "failed", what
            self.stage.sleep(delay)
        return "failed", None

    # the night

    def _snapshot(self, window):
        for round in range(2):
            seen = len(self.services.sent)
            state, plan = self._tries("snapshot", lambda n: window.do_snapshot, 3, 30.0, 120, 1 - round)
            mine = [sent for sent in self.services.sent[seen:] if sent.process.startswith("snapshot")]
            if mine:
                self.wrong.append(f"the snapshot wrote: {mine}")
            if state == "success":
                return plan
            if round == 0:
                # somebody sees to it, and clears it
                self._calm_down()
                self.stage.sleep(60.0)
        self.wrong.append("no snapshot could be taken though nothing was wrong any more")
        return None

    def _quiesce(self, window):
        first = next(self.numbers)

        def work(number):
            return window.do_quiesce(first if number == 1 else next(self.numbers))

        state, report = self._tries("quiesce", work, 3, 10.0, 200, 2)
        if state == "success" and not self.stale:
            self._see_that_all_rests(report)
        return state

    def _see_that_all_rests(self, report):
        now = self.services.statuses()
        for (service, id), status in now.items():
            if service in self.services_meant and (service, id) not in self.touched and status not in AT_REST[service]:
                self.wrong.append(f"work begins while {id} is {status}")
        if report["result"] != "quiet":
            self.wrong.append(f"quiesce is green and says {report['result']}")

    def _restore(self, window):
        state, _ = self._tries("restore", lambda n: window.do_restore, 11, 30.0, 300, self.rng.choice([0, 1, 3]))
        return state

    def _dies_here(self):
        """Decide whether the run ends now, with all that its tasks would have done."""
        return not self.stale and self.rng.random() < 0.12

    def _run(self, run_id, last):
        """Let one run go; tell whether it came to its end."""
        window = StagedWindow(
            self.services, self.targets, store=self.store, runs=self.runs, run_id=run_id,
            defer_after=self.rng.choice([None, 5.0]),
        )  # fmt: skip
        self.window = window
        self.numbers = iter(range(1, 100))
        self.windows.append(window)
        if self.touching and (last or self.rng.random() < 0.5):
            self._touch()
        if self._snapshot(window) is None:
            return True
        quiesced = self._quiesce(window)
        if not last and self._dies_here():
            self.tell(f"{run_id} dies after quiesce")
            return False
        while not self.stale and self.rng.random() < 0.15:
            self.tell("snapshot is cleared")
            if self._snapshot(window) is None:
                return True
            quiesced = self._quiesce(window)
        if quiesced == "success":
            self.stage.sleep(self.rng.choice([1.0, 60.0, 4000.0]))
        if not last and self._dies_here():
            self.tell(f"{run_id} dies in restore")
            fate = self._fate(300)
            self._attempt("restore.1", window.do_restore, ("crash", fate[1], 0.0))
            return False
        state = self._restore(window)
        self.stage.sleep(400.0)
        self._see_how_it_ended(window, state)
        return True

    def play(self):
        """Play the night; what was not as it should be is in ``wrong``."""
        self.windows = []
        try:
            for number in range(1, 4):
                if self._run(f"run{number}", last=number == 3):
                    break
                self.runs.over.add(("nightly/window", f"run{number}"))
                self.stage.sleep(self.rng.choice([60.0, 600.0, 86400.0]))
        finally:
            self.stage.close()
        self._see_what_was_sent()
        return self.wrong

    # what has to be true

    def _see_how_it_ended(self, window, state):
        now = self.services.statuses()
        said = {}
        for one in self.windows:
            for key, messages in one.messages().items():
                said.setdefault(key, []).extend(messages)
        notes = " ".join(note for one in self.windows for note in one.notes)
        last = (
            {(thing["service"], str(thing["id"])): thing for thing in window.reports[-1]["things"]}
            if window.reports
            else {}
        )
        problems = ["restore is red"]
        if state == "success":
            _, problems = self._tries("verdict", lambda n: window.do_verdict(), 3, 30.0, 10, 0)
        if state != "success" and not (self.savepoints and any(service == "dli" for service, _ in self.touched)):
            self.wrong.append("restore never turned green")
        if problems and state == "success" and not any("could not be stopped" in problem for problem in problems):
            self.wrong.append(f"the verdict is red: {problems}")
        plan = window.records.plan()
        ran = {(plan.places[thing.target].service, thing.id) for thing in plan.things if thing.runs}
        for key, status in self.truth.items():
            _, id = key
            if key not in self.touched:
                if now.get(key) != status:
                    self.wrong.append(f"{id} was {status} and is {now.get(key)}")
                continue
            # what was touched before the snapshot that counts did not run then
            if key not in ran or now.get(key) == status:
                continue
            hands = ["disabled" if how == "disabled" else how for how in self.touched[key]]
            is_now = {False: "disabled", True: "enabled"}.get(now.get(key), now.get(key))
            if is_now not in hands and state == "success":
                self.wrong.append(f"{id} was touched ({hands}), and is {is_now}")
            if key not in said and id not in notes:
                self.wrong.append(f"{id} was touched ({hands}) and is {is_now}, and nothing was said of it")
            if (
                None in hands
                and state == "success"
                and not (last.get(key) or {}).get("message")
                and window.reports[-1]["things"]
            ):
                self.wrong.append(f"{id} is gone, and the last report says nothing of it")

    def _see_what_was_sent(self):
        done = {}
        for sent in self.services.sent:
            if sent.way is None:
                if sent.operation != "stop_pipeline_run":
                    self.wrong.append(f"nobody asked for this: {sent}")
                continue
            for id in sent.ids:
                key = (sent.service, id)
                if key not in self.truth or key in self.touched:
                    continue
                if self.truth[key] != RUNNING[sent.service]:
                    self.wrong.append(f"it did not run before: {sent}")
                resting = sent.before.get(id) in AT_REST[sent.service]
                again = done.get(key) == sent.way and resting == (sent.way == "down")
                # whoever sees old answers may ask for what is there, which the service then refuses
                if again and (not self.stale or sent.did(id)):
                    self.wrong.append(f"it was done already: {id}: {sent}")
                if sent.did(id):
                    done[key] = sent.way


def told(night):
    """Write what happened, for whoever has to find out."""
    writes = [f"{sent.at % 100000:10.2f}  {sent!r}" for sent in night.services.sent]
    lines = [line for window in night.windows for line in window.lines]
    return "\n".join([
        f"schedule {night.seed}", *sorted([*night.told, *writes]), *(f"    {line}" for line in lines[-60:]),
        *(f"truth {id}: {status}" for (_, id), status in night.truth.items()), *night.wrong,
    ])  # fmt: skip
