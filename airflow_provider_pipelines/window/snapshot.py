"""Takes the snapshot: what runs, what it takes to bring it back, and whether another window is at it already."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.calls import Call, Sleep
from airflow_provider_pipelines.core.retrying import Patience
from airflow_provider_pipelines.core.side_by_side import Strand, side_by_side
from airflow_provider_pipelines.errors import ArgumentError, PipelinesError, WatchFailed, WatchTimeout
from airflow_provider_pipelines.window.claims import Claiming, Rest, Runs
from airflow_provider_pipelines.window.fleet import Fleet, Found, fleet_class, fleet_for
from airflow_provider_pipelines.window.record import VERSION, Former, Handed, Place, Plan, Thing, prefix_of
from airflow_provider_pipelines.window.targets import target_from_json

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.window.store import Shelf

#: seconds between two looks at things that are on their way
SETTLING = (2.0, 15.0)
PROGRESS = 60.0
#: seconds for which a write that was noted may still be on its way
_LATE = 120.0


@dataclass(slots=True)
class Aim:
    """A target, its fleet, and what was found of it."""

    target: Mapping[str, Any]
    fleet: Fleet
    identity: str = ""
    found: list[Found] | None = None

    def name(self) -> str:
        """Give the target's name for messages."""
        return str(self.target["target"])


@dataclass(slots=True)
class Surroundings:
    """
    What a window task takes from outside.

    :param shelf: the records of this window run
    :param runs: knows which DAG runs go on
    :param clock: the time
    :param tell: receives lines for the log
    """

    shelf: Shelf
    runs: Runs
    clock: Clock
    tell: Callable[[str], None]


def aims_at(targets: Sequence[Mapping[str, Any]], clock: Clock) -> list[Aim]:
    """
    Read targets, as they were rendered.

    :raises ArgumentError: a target has a value that cannot be
    """
    aims = []
    for data in targets:
        target = target_from_json(data)
        kind = fleet_class(target.service)
        hook = kind.hook_for({name: getattr(target, name) for name in target.places})
        hook.clock = clock
        options = {name: data[name] for name in (*target.words, "trigger_savepoint") if name in data}
        aims.append(Aim(data, fleet_for(target.service, hook, options)))
    return aims


class Snapshot:
    """
    The snapshot of one window run.

    :param around: what comes from outside
    :param aims: the targets
    :param deadline: Unix time at which the attempt ends
    """

    def __init__(self, around: Surroundings, aims: Sequence[Aim], deadline: float, **policies: str) -> None:
        self._around = around
        self._aims = aims
        self._deadline = deadline
        self._policies = policies
        self._shelf = around.shelf
        self._notes: list[str] = []

    def take(self) -> tuple[Plan, list[str]]:
        """
        Look at everything, claim it, and write the plan. Changes nothing but the record.

        :returns: the plan, and what people should know of it
        :raises PipelinesError: something could not be brought back, or is not understood, or another window is at it
        """
        shelf = self._shelf
        shelf.begin()
        former = shelf.plan()
        own = [Rest(shelf, former)] if former is not None and not shelf.closed(former) else []
        self._together({str(at): self._survey(aim) for at, aim in enumerate(self._aims)})
        self._apart()
        try:
            return self._take(former.generation if former is not None else 0, own)
        except PipelinesError:
            if not own:
                self._withdraw()
            raise

    def _take(self, generation: int, own: list[Rest]) -> tuple[Plan, list[str]]:
        shelf = self._shelf
        rests = own + self._claim()
        # the truth is what is seen now that nobody else is at it, once nothing is on its way any more
        self._together({str(at): self._settle(aim) for at, aim in enumerate(self._aims)})
        self._together({str(at): self._preflight(aim) for at, aim in enumerate(self._aims)})
        plan = self._plan(generation + 1, rests)
        shelf.announce(plan.generation)
        self._hand_over_late(plan, rests)
        shelf.keep_plan(plan)
        for rest in rests:
            self._hand_over(plan, rest)
        self._forget_last()
        return plan, self._notes

    # looking

    def _together(self, calls: Mapping[str, Call[None]]) -> None:
        """
        Run a call for each target; the errors of all of them in one.

        :raises PipelinesError: one of them failed
        """
        around = self._around
        strands = {}
        for name, call in calls.items():
            client = self._aims[int(name)].fleet.hook.get_conn()
            patience = Patience(budget=max(0.0, min(300.0, self._deadline - around.clock.time())))
            strands[name] = Strand(client.session.carry(call, patience), client.transport.perform)
        ended = side_by_side(strands, around.clock.time, around.clock.sleep)
        if ended is None or not ended.errors:
            return
        if len(ended.errors) == 1:
            raise next(iter(ended.errors.values()))
        reasons = "; ".join(
            f"{aim.name()}: {ended.errors[str(at)]}" for at, aim in enumerate(self._aims) if str(at) in ended.errors
        )
        kind = ArgumentError if all(isinstance(error, ArgumentError) for error in ended.errors.values()) else None
        raise ArgumentError("targets", reasons) if kind else WatchFailed(f"the snapshot failed: {reasons}")

    def _survey(self, aim: Aim) -> Call[None]:
        api = aim.fleet.hook.get_conn().api
        aim.identity = yield from aim.fleet.identity(api)
        aim.found = yield from aim.fleet.inventory(api, aim.target)

    def _settle(self, aim: Aim) -> Call[None]:
        """Look until nothing is on its way any more."""
        clock, fleet = self._around.clock, aim.fleet
        api = fleet.hook.get_conn().api
        pause, told_at = SETTLING[0], clock.time()
        while True:
            aim.found = yield from fleet.inventory(api, aim.target)
            meanings = {one.id: fleet.meaning(one.status) for one in aim.found}
            if strange := [one for one in aim.found if meanings[one.id] == "unknown"]:
                named = ", ".join(f"{one.name} ({one.id}) is {one.status or 'in no status'}" for one in strange[:20])
                raise WatchFailed(
                    f"{named}: what cannot be understood cannot be brought back, so nothing was changed. See to it, or "
                    "leave it out with exclude."
                )
            middle = [one for one in aim.found if meanings[one.id] == "middle"]
            if not middle:
                return
            named = ", ".join(f"{one.name} ({one.id}) is {one.status}" for one in middle[:10])
            if clock.time() + pause > self._deadline:
                raise WatchTimeout(f"not settled before the deadline: {named}. Nothing was changed.")
            if pause == SETTLING[0] or clock.time() - told_at >= PROGRESS:
                self._around.tell(f"waiting until it has settled: {named}")
                told_at = clock.time()
            yield Sleep(pause)
            pause = min(SETTLING[1], pause * 1.5)

    def _preflight(self, aim: Aim) -> Call[None]:
        fleet = aim.fleet
        running = [one for one in aim.found or () if fleet.meaning(one.status) == "runs"]
        problems = []
        for one in running:
            try:
                fleet.settings(one, aim.target)
            except ArgumentError as error:
                problems.append(str(error))
        problems += (yield from fleet.preflight(fleet.hook.get_conn().api, running)).values()
        if problems:
            more = f" (and {len(problems) - 5} more)" if len(problems) > 5 else ""
            raise ArgumentError(aim.name(), "; ".join(problems[:5]) + more)

    def _apart(self) -> None:
        """Refuse a thing that two targets name."""
        seen: dict[tuple[str, str], str] = {}
        for aim in self._aims:
            for one in aim.found or ():
                if (other := seen.get((aim.identity, one.id))) is not None:
                    raise ArgumentError(
                        "targets",
                        f"{one.name} ({one.id}) is named by two targets ({other}, {aim.name()}). Leave it out of one.",
                    )
                seen[aim.identity, one.id] = aim.name()

    # claiming

    def _withdraw(self) -> None:
        """Give the claims up, since nothing was changed; a claim that stays is seen through once the run is over."""
        around = self._around
        try:
            for identity in {aim.identity for aim in self._aims}:
                Claiming(self._shelf, identity, around.runs, around.clock.time, around.clock.sleep).withdraw()
        except PipelinesError as error:
            around.tell(f"a claim could not be withdrawn: {error}")

    def _claim(self) -> list[Rest]:
        """Claim everything, one organisation or project after the other, always in the same order."""
        around = self._around
        rests: dict[tuple[str, str], Rest] = {}
        ids: dict[str, list[str]] = {}
        for aim in self._aims:
            ids.setdefault(aim.identity, []).extend(one.id for one in aim.found or ())
        for identity in sorted(ids):
            claiming = Claiming(self._shelf, identity, around.runs, around.clock.time, around.clock.sleep)
            for rest in claiming.claim(ids[identity]):
                rests[rest.shelf.window, rest.shelf.run_id] = rest
        return list(rests.values())

    # the plan

    def _plan(self, generation: int, rests: Sequence[Rest]) -> Plan:
        shelf = self._shelf
        places, things = [], []
        left = {thing.key: (rest, thing, asked) for rest in rests for thing, asked in self._left_by(rest)}
        for at, aim in enumerate(self._aims):
            fleet = aim.fleet
            arguments = dict(fleet.hook.arguments)
            options = {name: value for name, value in fleet.options.items() if value is not None}
            places.append(Place(service=fleet.service, identity=aim.identity, arguments=arguments, options=options))
            for one in aim.found or ():
                things.append(self._thing(at, aim, one, left.get(f"{prefix_of(aim.identity)}:{one.id}")))
        return Plan(
            version=VERSION,
            window=shelf.window,
            run_id=shelf.run_id,
            generation=generation,
            made_at=self._around.clock.time(),
            places=places,
            things=things,
            former=[
                Former(window=rest.shelf.window, run_id=rest.shelf.run_id, generation=rest.plan.generation)
                for rest in rests
            ],
            **self._policies,
        )

    def _left_by(self, rest: Rest) -> list[tuple[Thing, float]]:
        """Give the things of an open record that are still its own, and when it asked for their stop: 0 for never."""
        handed = rest.shelf.handed()
        gone = set(handed.things) if handed is not None and handed.generation >= rest.plan.generation else set()
        asked = {
            key: mark.at
            for part in rest.shelf.progress()
            if part.generation == rest.plan.generation
            for key, mark in part.marks.items()
        }
        return [
            (thing, asked.get(thing.key, 1.0 if thing.asked else 0.0))
            for thing in rest.plan.things
            if thing.key not in gone
        ]

    def _thing(self, at: int, aim: Aim, one: Found, left: tuple[Rest, Thing, float] | None) -> Thing:
        """Decide what counts as a thing's truth: what is seen now, or what a window that was left open wrote."""
        fleet = aim.fleet
        runs = fleet.meaning(one.status) == "runs"
        facts = {name: value for name, value in one.facts.items() if value is not None}
        if left is not None and left[1].runs and left[2]:
            rest, old, _ = left
            whose = f"window {rest.shelf.window} (run {rest.shelf.run_id})"
            if fleet.left(one.status):
                self._notes.append(
                    f"{one.name} ({one.id}) is {one.status} since {whose}: it was {old.was}, and that counts."
                )
                start = old.start if runs or fleet.service != "enos" else self._settings(aim, one) or old.start
                return Thing(
                    target=at, key=old.key, id=one.id, name=one.name, was=old.was, runs=True, system=one.system,
                    start=start, facts=old.facts, asked=True,
                )  # fmt: skip
            if not runs or (rest.shelf.window, rest.shelf.run_id) != (self._shelf.window, self._shelf.run_id):
                self._notes.append(
                    f"{one.name} ({one.id}) was touched since {whose}, which found it {old.was}: it is "
                    f"{one.status}, and that counts."
                )
        start = fleet.settings(one, aim.target) if runs else None
        return Thing(
            target=at, key=f"{prefix_of(aim.identity)}:{one.id}", id=one.id, name=one.name, was=one.status, runs=runs,
            system=one.system, start=start, facts=facts,
        )  # fmt: skip

    def _settings(self, aim: Aim, one: Found) -> dict[str, Any] | None:
        try:
            return aim.fleet.settings(one, aim.target)
        except ArgumentError:
            return None

    def _hand_over_late(self, plan: Plan, rests: Sequence[Rest]) -> None:
        """Take in intents that a quiesce which was being killed has noted while we looked."""
        since = self._around.clock.time() - _LATE
        for rest in rests:
            asked = {thing.key: (thing, at) for thing, at in self._left_by(rest) if at and thing.runs}
            for thing in plan.things:
                if thing.asked or thing.key not in asked:
                    continue
                old, at = asked[thing.key]
                if thing.runs:
                    # its stop may still be on the way
                    thing.asked = at >= since
                elif self._aims[thing.target].fleet.left(thing.was):
                    thing.was, thing.runs, thing.asked = old.was, True, True
                    thing.start, thing.facts = old.start, old.facts

    def _hand_over(self, plan: Plan, rest: Rest) -> None:
        """Write into a record that was left open what this one has taken over; close it if that was all."""
        if (rest.shelf.window, rest.shelf.run_id) == (self._shelf.window, self._shelf.run_id):
            return
        ours = {thing.key for thing in plan.things}
        before = rest.shelf.handed()
        handed = list(before.things) if before is not None and before.generation >= rest.plan.generation else []
        handed += [thing.key for thing in rest.plan.things if thing.key in ours and thing.key not in handed]
        rest.shelf.keep_handed(
            Handed(generation=rest.plan.generation, window=plan.window, run_id=plan.run_id, things=handed)
        )
        stays = [thing for thing, asked in self._left_by(rest) if asked and thing.runs]
        if stays:
            self._notes.append(
                f"window {rest.shelf.window} (run {rest.shelf.run_id}) stays open for "
                f"{', '.join(f'{thing.name} ({thing.id})' for thing in stays[:20])}, which this window does not target."
            )
        else:
            rest.shelf.close(rest.plan, "window", self._around.clock.time())

    def _forget_last(self) -> None:
        """Drop the closed record of an earlier run of this window: one is kept."""
        shelf = self._shelf
        try:
            last = shelf.last_run()
            shelf.keep_last_run()
            if last is not None and last != shelf.run_id:
                before = shelf.beside(shelf.window, last)
                plan = before.plan()
                if plan is not None and before.closed(plan):
                    before.drop()
        except PipelinesError as error:
            self._around.tell(f"the record of the run before could not be dropped: {error}")
