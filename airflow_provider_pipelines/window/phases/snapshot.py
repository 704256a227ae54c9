"""Takes the snapshot: what runs, what it takes to bring it back, and whether another window is at it already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.core.http.retry import RetryBudget
from airflow_provider_pipelines.core.http.side_by_side import RunningCall, side_by_side
from airflow_provider_pipelines.errors import ArgumentError, PipelinesError, RecordUnreadable, WatchFailed, WatchTimeout
from airflow_provider_pipelines.window.phases.planning import Left, Planner, orphans_of
from airflow_provider_pipelines.window.record.claims import OrphanedRecord

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.fleets.base import Found, Meaning
    from airflow_provider_pipelines.window.phases.scope import Dependencies, ResolvedTarget
    from airflow_provider_pipelines.window.record.model import Plan

#: seconds between two looks at things that are on their way
SETTLING = (2.0, 15.0)
PROGRESS = 60.0


class Snapshot:
    """
    The snapshot of one window run.

    :param dependencies: what comes from outside
    :param resolved_targets: the targets
    :param deadline: Unix time at which the attempt ends
    """

    def __init__(
        self, dependencies: Dependencies, resolved_targets: Sequence[ResolvedTarget], deadline: float, **policies: str
    ) -> None:
        self._dependencies = dependencies
        self._resolved_targets = resolved_targets
        self._deadline = deadline
        self._policies = policies
        self._records = dependencies.records
        self._notes: list[str] = []
        #: what open records have asked to stop, by key
        self._left: dict[str, Left] = {}
        self._announced = False

    def take(self) -> tuple[Plan, list[str]]:
        """
        Look at everything, claim it, and write the plan. Changes nothing but the record.

        :returns: the plan, and what people should know of it
        :raises PipelinesError: something could not be brought back, or is not understood, or another window is at it
        """
        records = self._records
        records.begin()
        former = records.plan()
        own = OrphanedRecord(records, former) if former is not None and not records.closed(former) else None
        try:
            return self._take(former, own)
        except RecordUnreadable:
            raise
        except PipelinesError as error:
            if own is not None and not self._announced and orphans_of(own).asked:
                # half-stopped: what an earlier attempt wrote counts, so that restore has something to go by
                self._notes.append(f"the snapshot could not be renewed, so the one before counts: {error}")
                return own.plan, self._notes
            if own is None and not self._announced:
                self._withdraw()
            raise

    def _take(self, former: Plan | None, own: OrphanedRecord | None) -> tuple[Plan, list[str]]:
        records = self._records
        self._together({str(at): self._survey(resolved) for at, resolved in enumerate(self._resolved_targets)})
        self._apart()
        orphans = [*([own] if own is not None else []), *self._claim()]
        self._left = {key: left for orphan in orphans for key, left in orphans_of(orphan).asked.items()}
        # the truth is what is seen now that nobody else is at it, once nothing is on its way any more
        self._together({str(at): self._settle(resolved) for at, resolved in enumerate(self._resolved_targets)})
        self._together({str(at): self._preflight(resolved) for at, resolved in enumerate(self._resolved_targets)})
        planner = Planner(self._dependencies, self._resolved_targets, orphans, self._notes)
        plan = planner.plan(former.generation + 1 if former is not None else 1, self._policies)
        self._announced = True
        records.announce(plan.generation)
        planner.take_in_late(plan)
        if former is None:
            records.begin_attempts()
        records.keep_plan(plan)
        planner.hand_over(plan)
        self._forget_last(plan)
        return plan, self._notes

    # looking

    def _together(self, calls: Mapping[str, Call[None]]) -> None:
        """
        Run a call for each target; the errors of all of them in one.

        :raises PipelinesError: one of them failed
        """
        dependencies = self._dependencies
        running_calls = {}
        for name, call in calls.items():
            client = self._resolved_targets[int(name)].fleet.hook.get_conn()
            client.end_by(self._deadline)
            budget = RetryBudget(seconds=max(0.0, min(300.0, self._deadline - dependencies.clock.time())))
            running_calls[name] = RunningCall(client.session.carry(call, budget), client.transport.perform)
        ended = side_by_side(running_calls, dependencies.clock.time, dependencies.clock.sleep)
        if ended is None or not ended.errors:
            return
        if len(ended.errors) == 1:
            raise next(iter(ended.errors.values()))
        reasons = "; ".join(
            f"{resolved.name()}: {ended.errors[str(at)]}"
            for at, resolved in enumerate(self._resolved_targets)
            if str(at) in ended.errors
        )
        kind = ArgumentError if all(isinstance(error, ArgumentError) for error in ended.errors.values()) else None
        raise ArgumentError("targets", reasons) if kind else WatchFailed(f"the snapshot failed: {reasons}")

    def _survey(self, resolved: ResolvedTarget) -> Call[None]:
        api = resolved.fleet.hook.get_conn().api
        resolved.identity = yield from resolved.fleet.identity(api)
        resolved.found = yield from resolved.fleet.inventory(api, resolved.target)

    def _settle(self, resolved: ResolvedTarget) -> Call[None]:
        """Look until nothing is on its way any more; it has to be what was surveyed, since only that was claimed."""
        surveyed = {one.id: one.name for one in resolved.found or ()}
        clock, fleet = self._dependencies.clock, resolved.fleet
        api = fleet.hook.get_conn().api
        pause, told_at = SETTLING[0], clock.time()
        while True:
            resolved.found = yield from fleet.inventory(api, resolved.target)
            self._compare(resolved, surveyed)
            meanings = {one.id: self._meaning(resolved, one) for one in resolved.found}
            if strange := [one for one in resolved.found if meanings[one.id] == "unknown"]:
                named = ", ".join(f"{one.name} ({one.id}) is {one.status or 'in no status'}" for one in strange[:20])
                raise WatchFailed(
                    f"{named}: what cannot be understood cannot be brought back, so nothing was changed. See to it, or "
                    "leave it out with exclude."
                )
            middle = [one for one in resolved.found if meanings[one.id] == "middle"]
            if not middle:
                return
            named = ", ".join(f"{one.name} ({one.id}) is {one.status}" for one in middle[:10])
            if clock.time() + pause > self._deadline:
                raise WatchTimeout(f"not settled before the deadline: {named}. Nothing was changed.")
            if pause == SETTLING[0] or clock.time() - told_at >= PROGRESS:
                self._dependencies.tell(f"waiting until it has settled: {named}")
                told_at = clock.time()
            yield Sleep(pause)
            pause = min(SETTLING[1], pause * 1.5)

    def _compare(self, resolved: ResolvedTarget, surveyed: Mapping[str, str]) -> None:
        found = {one.id: one.name for one in resolved.found or ()}
        for names, word in ((surveyed.keys() - found.keys(), "gone"), (found.keys() - surveyed.keys(), "new")):
            if names:
                both = {**surveyed, **found}
                named = ", ".join(f"{both[id]} ({id})" for id in sorted(names)[:10])
                raise WatchFailed(
                    f"{resolved.name()}: {named} {'is' if len(names) == 1 else 'are'} {word} since the first look of "
                    "this snapshot. Nothing was changed; the next attempt looks anew."
                )

    def _meaning(self, resolved: ResolvedTarget, one: Found) -> Meaning:
        """Tell what a status means, also of a thing that a window which was left open has stopped, or starts again."""
        meaning = resolved.fleet.meaning(one.status)
        left = self._left.get(resolved.key(one.id))
        if left is None:
            return meaning
        if meaning == "unknown":
            return "rests"  # what the open record says of it counts
        return "middle" if meaning == "rests" and self._dependencies.clock.time() < left.starting_until else meaning

    def _preflight(self, resolved: ResolvedTarget) -> Call[None]:
        fleet = resolved.fleet
        running = [one for one in resolved.found or () if fleet.meaning(one.status) == "runs"]
        problems = []
        for one in running:
            try:
                fleet.settings(one, resolved.target)
            except ArgumentError as error:
                problems.append(str(error))
        problems += (yield from fleet.preflight(fleet.hook.get_conn().api, running)).values()
        if problems:
            more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
            raise ArgumentError(resolved.name(), "; ".join(problems[:5]) + more)

    def _apart(self) -> None:
        """Refuse a thing that two targets name."""
        seen: dict[tuple[str, str], str] = {}
        for resolved in self._resolved_targets:
            for one in resolved.found or ():
                if (other := seen.get((resolved.identity, one.id))) is not None:
                    raise ArgumentError(
                        "targets",
                        f"{one.name} ({one.id}) is named by two targets ({other}, {resolved.name()}). "
                        "Leave it out of one.",
                    )
                seen[resolved.identity, one.id] = resolved.name()

    # claiming

    def _withdraw(self) -> None:
        """Give the claims up, since nothing was changed; a claim that stays is seen through once the run is over."""
        try:
            for identity in {resolved.identity for resolved in self._resolved_targets}:
                self._dependencies.claiming(identity).withdraw()
        except PipelinesError as error:
            self._dependencies.tell(f"a claim could not be withdrawn: {error}")

    def _claim(self) -> list[OrphanedRecord]:
        """Claim everything, one organisation or project after the other, always in the same order."""
        orphans: dict[tuple[str, str], OrphanedRecord] = {}
        ids: dict[str, list[str]] = {}
        for resolved in self._resolved_targets:
            ids.setdefault(resolved.identity, []).extend(one.id for one in resolved.found or ())
        for identity in sorted(ids):
            for orphan in self._dependencies.claiming(identity).claim(ids[identity]):
                orphans[orphan.records.window, orphan.records.run_id] = orphan
        return list(orphans.values())

    def _forget_last(self, plan: Plan) -> None:
        """Drop the closed record of an earlier run of this window: one is kept."""
        records = self._records
        try:
            last = records.last_run()
            records.keep_last_run()
            named = {one.run_id for one in plan.former if one.window == records.window}
            if last is not None and last != records.run_id and last not in named:
                before = records.beside(records.window, last)
                old = before.plan()
                if old is not None and before.closed(old):
                    before.drop()
        except PipelinesError as error:
            self._dependencies.tell(f"the record of the run before could not be dropped: {error}")
