"""DLI Flink jobs in a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import flag, long_id
from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.dli import states
from airflow_provider_pipelines.dli.flows.flink_batches import LARGEST_BATCH, Batch, without_bucket
from airflow_provider_pipelines.dli.flows.flink_jobs import read_flink_jobs
from airflow_provider_pipelines.errors import PipelinesError, SavepointMissing
from airflow_provider_pipelines.window.fleets.base import Answers, Fleet, Found, Meaning, Stage
from airflow_provider_pipelines.window.fleets.selection import choose, ids_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.window.record.model import Intent, Thing

_FACTS = ("has_savepoint", "savepoint_path", "start_time")
# a job whose stop failed before the window is refused by the snapshot; one whose stop failed in it may be tried again
_PLAIN = replace(states.STOP, already_note="")


class DliFleet(Fleet):
    """The Flink jobs of one project."""

    service = "dli"
    kind = "flink_job"
    ends = frozenset({states.FINISH})

    def identity(self, api: Any) -> Call[str]:
        """Give service, address and project."""
        return f"dli {self.hook.get_conn().address.lower()} {yield from api.project()}"

    def inventory(self, api: Any, target: Mapping[str, Any]) -> Call[list[Found]]:
        """List the jobs of the project, or read the few that are named."""
        ids = ids_of(target.get("job_ids"), "job_ids", lambda id, argument: str(long_id(id, argument)))
        if target.get("name_pattern") is not None:
            jobs = yield from api.list_flink_jobs()
        else:
            read = (yield from read_flink_jobs(api, ids or ())).values()
            for error in read:
                if isinstance(error, PipelinesError) and not gone(error):
                    raise error
            jobs = [job for job in read if not isinstance(job, PipelinesError)]
        found = [Found(str(job.job_id), job.name or "", job.status or "", facts=_facts(job.facts)) for job in jobs]
        return choose(found, target, ids, "job_ids")

    def meaning(self, status: str) -> Meaning:
        """Tell what a status means; after ``job_cancel_fail`` nobody knows whether it runs."""
        if status == states.RUNNING:
            return "runs"
        if status in states.QUIET:
            return "rests"
        return "middle" if status in states.PASSAGES else "unknown"

    def left(self, status: str) -> bool:
        """Tell whether it is as a window leaves it, or as a restore does that could not start it."""
        return status in {states.STOPPED, states.SUBMIT_FAILED, states.BROKEN}

    def back(self, status: str) -> bool:
        """Tell whether it runs."""
        return status == states.RUNNING

    @property
    def _savepoint(self) -> bool:
        return flag(self.options.get("trigger_savepoint", False), "trigger_savepoint")

    def preflight(self, api: Any, running: Sequence[Found]) -> Call[dict[str, str]]:
        """Look whether each running job has a bucket for its savepoint."""
        if not self._savepoint or not running:
            return {}
        lacking = yield from without_bucket(api, [one.id for one in running])
        return {id: str(error) for id, error in lacking.items()}

    def down(self, things: Sequence[Thing]) -> list[Stage]:
        """Stop the jobs, in batches."""
        savepoint = self._savepoint

        def send(api: Any, items: Mapping[str, Item]) -> Call[Answers]:
            before = {id: item.before for id, item in items.items()}
            return (yield from Batch(api, states.STOP.name, before, trigger_savepoint=savepoint).deliver())

        verb = states.STOP_WITH_SAVEPOINT if savepoint else _PLAIN
        ids = [thing.id for thing in things]
        return [Stage(verb, ids, send, self.kind, batch=LARGEST_BATCH, tolerates=self._good_enough)]

    def _good_enough(self, error: PipelinesError) -> bool:
        """Tell whether a job that stopped without its savepoint is as good as stopped."""
        return isinstance(error, SavepointMissing) and self.options.get("on_missing_savepoint") == "start_clean"

    def up(self, things: Sequence[Thing], stops: Mapping[str, Intent]) -> list[Stage]:
        """Run the jobs again, each from its savepoint where one was asked for and seen."""
        truth = {thing.id: thing for thing in things}

        def send(api: Any, items: Mapping[str, Item]) -> Call[Answers]:
            answers: dict[str, PipelinesError | None] = {}
            resumed: dict[str, str | None] = {}
            clean: dict[str, str | None] = {}
            for id, item in items.items():
                choice = self._choice(truth[id], stops.get(truth[id].key), item)
                if isinstance(choice, PipelinesError):
                    answers[id] = choice
                else:
                    (resumed if choice else clean)[id] = item.before
            for resume, before in ((True, resumed), (False, clean)):
                if before:
                    answers.update((yield from Batch(api, states.RUN.name, before, resume_savepoint=resume).deliver()))
            return answers

        return [Stage(states.RUN, [thing.id for thing in things], send, self.kind, batch=LARGEST_BATCH)]

    def _choice(self, thing: Thing, stop: Intent | None, item: Item) -> bool | PipelinesError:
        """Decide whether a job goes on from its savepoint, starts without one, or is not started at all."""
        if not self._savepoint:
            return False
        now = item.made
        pretended = Item(
            thing.id, first=dict(stop.facts if stop is not None and stop.facts else thing.facts), made=now,
            passed=list(stop.passed) if stop is not None else [],
        )  # fmt: skip
        seen = stop.last if stop is not None else {}
        known = seen.get("has_savepoint") is True
        if now.get("has_savepoint") is True and (known or states.has_new_savepoint(pretended)):
            return True
        path = now.get("savepoint_path") or seen.get("savepoint_path") or thing.facts.get("savepoint_path") or "none"
        if not known and self.options.get("on_missing_savepoint") == "start_clean":
            return False
        lost = "its savepoint is gone" if known else "the savepoint that was asked for was not seen"
        return SavepointMissing(
            f"{thing.id} is {item.known or item.before} and was not started: {lost} (last known path: {path}). Import "
            "a savepoint and run it with resume_savepoint=True, or run it without one if its state may be lost; then "
            "clear restore."
        )

    def outcome_id(self, id: str) -> str | int:
        """Give the number."""
        return int(id)


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts.get(name) for name in _FACTS}


FLEET = DliFleet
