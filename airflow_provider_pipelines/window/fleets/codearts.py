"""CodeArts pipelines in a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.flows.runs import active_runs, cancel_runs, enabled, read_pipelines
from airflow_provider_pipelines.codearts.states import DISABLE, DISABLED, ENABLE, ENABLED, ENDED, STOP
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.core.verbs.goals import Goal, Verb
from airflow_provider_pipelines.core.verbs.looking import act_each
from airflow_provider_pipelines.errors import NotFound, PipelinesError
from airflow_provider_pipelines.window.fleets.base import NOT_AGAIN, Answers, Fleet, Found, Meaning, Stage
from airflow_provider_pipelines.window.fleets.selection import choose, ids_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.window.record.model import Intent, Thing

#: nothing is sent: what is in no other state is waited for
_WAIT = Verb("wait_for_run", already=ENDED, ready=frozenset(), goal=Goal("ended", ENDED), already_note=" It has ended.")
_STOPS = frozenset({"stop_pipeline_run", "cancel_pipeline_queue"})
_STOP = replace(STOP, already_note=" It has ended.")


class CodeArtsFleet(Fleet):
    """The pipelines of one CodeArts project."""

    service = "codearts"
    kind = "pipeline"

    def identity(self, api: Any) -> Call[str]:
        """Give service, address and project."""
        yield from ()
        return f"codearts {self.hook.get_conn().address.lower()} {api.project_id}"

    def inventory(self, api: Any, target: Mapping[str, Any]) -> Call[list[Found]]:
        """Read a few pipelines singly, more from the list."""
        ids = ids_of(target.get("pipeline_ids"), "pipeline_ids", text_id) or []
        found = []
        for id, read in (yield from read_pipelines(api, ids)).items():
            if not isinstance(read, PipelinesError):
                found.append(Found(id, read.name or "", enabled(read.banned) or ""))
            elif not gone(read):
                raise read
        return choose(found, target, ids, "pipeline_ids")

    def meaning(self, status: str) -> Meaning:
        """An enabled pipeline may start runs: that is what is stopped."""
        return {ENABLED: "runs", DISABLED: "rests"}.get(status, "unknown")  # type: ignore[return-value]  # one of the words

    def left(self, status: str) -> bool:
        """Tell whether it is as this window leaves it."""
        return status == DISABLED

    def back(self, status: str) -> bool:
        """Tell whether it is enabled."""
        return status == ENABLED

    def down(self, things: Sequence[Thing]) -> list[Stage]:
        """Disable the pipelines, so that nothing new starts."""
        return [_stage(DISABLE, things, self.kind)]

    def after_down(self, api: Any, things: Sequence[Thing]) -> Call[list[Stage]]:
        """Wait for the runs that go on, or stop them."""
        running = self.options.get("running", "wait")
        if running == "leave":
            return []
        stages = []
        for thing in things:
            try:
                runs = yield from active_runs(api, thing.id)
            except NotFound as error:
                if not gone(error):
                    raise
                continue  # a pipeline that is gone has no runs
            if runs:
                verb, note = (_WAIT, "") if running == "wait" else (_STOP, NOT_AGAIN)
                scope = {"pipeline_id": thing.id}
                stages.append(
                    Stage(verb, runs, _stopper(thing.id), "run", scope, writes=_STOPS, runs_of=thing.id, note=note)
                )
        return stages

    def up(self, things: Sequence[Thing], stops: Mapping[str, Intent]) -> list[Stage]:
        """Enable the pipelines that were enabled."""
        return [_stage(ENABLE, things, self.kind)]


def _stage(verb: Verb, things: Sequence[Thing], kind: str) -> Stage:
    def send(api: Any, items: Mapping[str, Item]) -> Call[Answers]:
        return (yield from act_each(items, getattr(api, verb.name)))

    return Stage(verb, [thing.id for thing in things], send, kind)


def _stopper(pipeline_id: str) -> Any:
    def send(api: Any, items: Mapping[str, Item]) -> Call[Answers]:
        return (yield from act_each(items, lambda id: cancel_runs(api, pipeline_id, [id])))

    return send


FLEET = CodeArtsFleet
