"""Brings the things of one fleet to rest, or back: stage by stage, each write noted before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http.calls import Call, Request, Sleep
from airflow_provider_pipelines.core.http.retry import RetryBudget, gone, possibly_done
from airflow_provider_pipelines.core.http.side_by_side import Pause, RunningCall
from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.core.verbs.outcome import Outcome
from airflow_provider_pipelines.core.verbs.work import Work
from airflow_provider_pipelines.errors import (
    AuthenticationError,
    InvalidRequest,
    NotFound,
    PipelinesError,
    WatchFailed,
    WatchTimeout,
    error_from_event,
    mendable,
)
from airflow_provider_pipelines.window.fleets.base import NOT_AGAIN
from airflow_provider_pipelines.window.record.model import prefix_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.window.coordination.terms import Terms
    from airflow_provider_pipelines.window.fleets.base import Fleet, Stage
    from airflow_provider_pipelines.window.record.intents import IntentLog
    from airflow_provider_pipelines.window.record.model import Thing

#: how often a thing that refuses is asked in one attempt
ROUNDS = 3
#: seconds before it is asked again, times the number of refusals
ROUND_PAUSE = 10.0


class Participant:
    """
    Works on the things of one fleet.

    :param fleet: the fleet
    :param identity: the organisation or project
    :param things: its things; those that ran are worked on
    :param intents: where intents are noted
    :param terms: what all participants have in common
    """

    def __init__(self, fleet: Fleet, identity: str, things: Sequence[Thing], intents: IntentLog, terms: Terms) -> None:
        self.fleet = fleet
        self.identity = identity
        self.prefix = prefix_of(identity)
        self.things = list(things)
        self._running = [thing for thing in things if thing.runs]
        self.names = {thing.id: thing.name for thing in things}
        self._intents = intents
        self._terms = terms
        self.hook = fleet.hook
        self.clock = fleet.hook.clock
        #: what is being worked on
        self.current: tuple[Stage, Work] | None = None
        #: what came of each thing, the last one counts
        self.items: dict[str, Item] = {}
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.errors: dict[str, PipelinesError] = {}

    def running_call(self, call: Call[Any]) -> RunningCall:
        """Bind a call to this fleet's transport."""
        client = self.hook.get_conn()
        client.end_by(self._terms.deadline)
        return RunningCall(call, client.transport.perform)

    # what participants do

    def bring_down(self) -> Call[None]:
        """Bring all things to rest, and what they have started."""
        for stage in self.fleet.down(self._running):
            yield from self._carry_out(stage)
        for _ in range(ROUNDS):
            client = self.hook.get_conn()
            stages = yield from client.session.carry(self.fleet.after_down(client.api, self.things), self._budget())
            if not stages:
                break
            for stage in stages:
                for id in stage.ids:
                    self._intents.wait_for(self._key(stage, id))
            for stage in stages:
                yield from self._carry_out(stage)
        else:
            self._refuse_runs(
                (yield from client.session.carry(self.fleet.after_down(client.api, self.things), self._budget()))
            )

    def _refuse_runs(self, stages: Sequence[Stage]) -> None:
        """Note what goes on although it was waited for or stopped again and again."""
        for stage in stages:
            for id in stage.ids:
                # why a stop was refused says more
                goes_on = f"run {id} goes on: runs of {self._named(stage.runs_of)} start although it is disabled."
                self.errors.setdefault(self._key(stage, id), WatchFailed(goes_on))

    def bring_back(self, stops: Mapping[str, Any]) -> Call[None]:
        """Bring all things back."""
        for stage in self.fleet.up(self._running, stops):
            yield from self._carry_out(stage)

    def look(self) -> Call[Mapping[str, Observation]]:
        """Look at all things once, by their keys."""
        if not self.things:
            return {}
        look = self.hook.looker(self.fleet.kind, {}, self._budget())
        seen = yield from look([thing.id for thing in self.things], 0.0)
        return {thing.key: seen[thing.id] for thing in self.things if thing.id in seen}

    # one stage

    def _carry_out(self, stage: Stage) -> Call[None]:
        left = list(stage.ids)
        before: dict[str, Item] = {}
        for round in range(ROUNDS):
            if not left:
                return
            if round:
                yield Sleep(ROUND_PAUSE * round)
            work = Work(stage.verb, [self._item(stage, id, before.get(id)) for id in left], self._terms.deadline)
            work.busy_pause = stage.busy_pause
            work.quiet = True  # all participants together tell
            # what an earlier attempt has asked for may be over
            work.look_at_once = not work.of("look")
            yield from self._finish(stage, work)
            for item in work.items.values():
                self._note(stage, item)
            before = work.items
            left = [item.id for item in work.items.values() if self._worth_another(stage, item)]
            for id in left if round < ROUNDS - 1 else ():
                self._terms.tell(f"{self._named(id, stage)}: {before[id].message} Trying again.")

    def _item(self, stage: Stage, id: str, former: Item | None) -> Item:
        """Make what a round starts from: a refusal is looked at anew, a wait that saw nothing goes on."""
        if former is not None and (former.result != "unknown" or former.unclear is not None):
            return Item(id)
        return self._intents.item(self._key(stage, id), id, stage.verb)

    def _worth_another(self, stage: Stage, item: Item) -> bool:
        if item.error is None or self.clock.time() >= self._terms.deadline:
            return False
        error = error_from_event(item.error)
        if isinstance(error, NotFound):
            # what a write says is missing may be something else: a look tells
            return not gone(error)
        if isinstance(error, WatchTimeout | AuthenticationError) or stage.tolerates(error):
            return False
        # DLI refuses single jobs of a batch without a code, whatever the reason
        return mendable(error) or (isinstance(error, InvalidRequest) and error.code is None)

    def _finish(self, stage: Stage, work: Work) -> Call[None]:
        self.current = stage, work
        terms = self._terms
        while not work.finished:
            yield from work.advance(
                self.hook.looker(stage.kind, stage.scope),
                lambda ids: self._act(stage, work, ids),
                terms.waiting(self.clock.time, lambda line: self._tell(line, stage)),
                first_look=self.hook.looker(stage.kind, stage.scope, self._budget()),
                wait=True,
                pause_at=terms.pause_at,
            )
            for item in work.items.values():
                self._intents.see(self._key(stage, item.id), item)
            self._intents.flush()
            if not work.finished:
                yield Pause(idle=not work.of("look", "ready", "busy"))

    def _act(self, stage: Stage, work: Work, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the verb, batch by batch: note the intent, ask whether it may still be sent, send."""
        client = self.hook.get_conn()
        answers: dict[str, PipelinesError | None] = {}
        for start in range(0, len(ids), stage.batch):
            batch = {id: work.items[id] for id in ids[start : start + stage.batch]}
            if (blocked := stage.blocked()) is not None:
                answers.update(dict.fromkeys(batch, blocked))
                continue
            for id, item in batch.items():
                self._intents.intend(self._key(stage, id), item, self.clock.time())
            self._intents.flush()
            writes = stage.writes or {stage.verb.name}
            sent = _once(writes, stage.send(client.api, batch), self._terms.check)
            answers.update((yield from client.session.carry(sent, self._budget())))
            for id in batch:
                error = answers.get(id)
                if error is None:
                    self._intents.accept(self._key(stage, id))
                elif not possibly_done(error):
                    self._intents.withdraw(self._key(stage, id))
        self._intents.flush()
        return answers

    def _budget(self) -> RetryBudget:
        return RetryBudget(seconds=max(0.0, min(300.0, self._terms.deadline - self.clock.time())))

    def _key(self, stage: Stage, id: str) -> str:
        return f"{self.prefix}:{stage.runs_of}/{id}" if stage.runs_of else f"{self.prefix}:{id}"

    # what is told

    def _named(self, id: str, stage: Stage | None = None) -> str:
        if stage is not None and stage.runs_of:
            return f"{self.names.get(stage.runs_of) or stage.runs_of}, run {id}"
        name = self.names.get(id)
        return f"{name} ({id})" if name else id

    def _tell(self, line: str, stage: Stage) -> None:
        id, colon, rest = line.partition(":")
        self._terms.tell(f"{self._named(id, stage)}{colon}{rest}" if id in stage.ids else line)

    def _note(self, stage: Stage, item: Item) -> None:
        """Keep what came of a thing, or of one of its runs."""
        key = self._key(stage, item.id)
        self.items[key] = item
        error = error_from_event(item.error) if item.error is not None else None
        if error is not None and stage.tolerates(error):
            error, item.result = None, "done"
        if error is None and item.result == "done":
            item.message += stage.note
        if error is None:
            self.errors.pop(key, None)
        else:
            self.errors[key] = error
        self.outcomes[key] = self.outcome(
            item.id, stage.verb.name, item, {"pipeline_run_id": item.id} if stage.runs_of else {}, stage.runs_of
        )

    def outcome(
        self, id: str, verb: str, item: Item, more: Mapping[str, Any] | None = None, runs_of: str = ""
    ) -> dict[str, Any]:
        """Write what came of a thing as reports and XComs show it."""
        thing = runs_of or id
        return {
            "service": self.fleet.service,
            "name": self.names.get(thing, ""),
            **Outcome(
                self.fleet.outcome_id(thing), verb, item.result or "unknown", item.before, item.known, item.message,
                item.code, {**item.made, **(more or {})},
            ).to_xcom(),
        }  # fmt: skip

    def ended_run(self, thing: Thing, run: str, *, stopped: bool) -> dict[str, Any]:
        """Write of a run that has ended since this window stopped it, or began to wait for it."""
        if stopped:
            verb, item = "stop_pipeline_run", Item(run, result="done", message=f"Run {run}:{NOT_AGAIN}")
        else:
            verb, item = "wait_for_run", Item(run, result="already", message=f"Run {run} has ended.")
        return self.outcome(run, verb, item, {"pipeline_run_id": run}, thing.id)

    def failed(self, thing: Thing, reason: str) -> dict[str, Any]:
        """Write of a thing that was not worked on and is not as it has to be."""
        return self.outcome(thing.id, "look", Item(thing.id, result="failed", before=thing.was, message=reason))

    def standing(self) -> tuple[int, int, list[str]]:
        """Give how many things are done, of how many, and the names of those that are waited for."""
        if self.current is None:
            return 0, len(self._running), []
        stage, work = self.current
        waiting = [item.id for item in work.waiting]
        over = {*self.items, *(self._key(stage, id) for id in work.items)} - {self._key(stage, id) for id in waiting}
        done = sum(thing.key in over for thing in self._running)
        return done, len(self._running), [self._named(id, stage) for id in waiting]


def _once(writes: Set[str], call: Call[Any], check: Callable[[], None]) -> Call[Any]:
    """Let each write of a call ask whether it may be sent, and let the session repeat none: a look decides."""
    came: Any = None
    error: PipelinesError | None = None
    try:
        while True:
            try:
                effect = call.throw(error) if error is not None else call.send(came)
            except StopIteration as end:
                return end.value
            came = error = None
            if isinstance(effect, Request) and effect.operation in writes:
                effect = replace(effect, repeatable=False, guard=check)
            try:
                came = yield effect
            except PipelinesError as lost:
                error = lost
    finally:
        call.close()
