"""From a record to the things it is about: through the connections that it names, if they lead to the same place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.commands.show import via
from airflow_provider_pipelines.commands.standing import Entry, Standing, fleet_of, stage_of, verb_of
from airflow_provider_pipelines.core.http.retry import RetryBudget, gone
from airflow_provider_pipelines.errors import AuthenticationError, ConfigurationError, ConnectionMissing, PipelinesError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.hook.base import PipelinesHook
    from airflow_provider_pipelines.window.record.model import Place, Plan

#: seconds for which the first look is tried again
LOOK_BUDGET = 30.0


class Unreachable:
    """
    Stands for the hook of a place that is not reached, and gives the reason to whoever uses it.

    :param reason: why it is not reached
    """

    clock: Any = None

    def __init__(self, about: str, reason: PipelinesError) -> None:
        self._about = about
        self._reason = reason

    def __repr__(self) -> str:
        return self._about

    def get_conn(self) -> Any:
        """Raise the reason."""
        # another class than the reason's: credentials that were refused are no cause to wait when somebody looks on
        raise ConfigurationError(str(self._reason))

    def close(self) -> None:
        """Do nothing."""


class Reach:
    """
    The hooks for the places of a record.

    An address or a key never comes from the record: the connection that it names is looked up, and used where it leads
    to the organisation or project that the record was made of.

    :param plan: the plan of the record
    """

    def __init__(self, plan: Plan, clock: Clock) -> None:
        self.plan = plan
        self.errors: dict[int, PipelinesError] = {}
        self._hooks: dict[int, PipelinesHook[Any]] = {}
        self._opened: list[PipelinesHook[Any]] = []
        led: dict[int, str] = {}
        known: dict[str, PipelinesHook[Any]] = {}
        for at, place in enumerate(plan.places):
            fleet = fleet_of(place, plan)
            fleet.hook.clock = clock
            self._opened.append(fleet.hook)
            try:
                client = fleet.hook.get_conn()
                led[at] = client.run(fleet.identity(client.api))
            except PipelinesError as error:
                self.errors[at] = _named(error, place)
                continue
            known.setdefault(led[at], fleet.hook)
        for at, place in enumerate(plan.places):
            if (hook := known.get(place.identity)) is not None:
                self.errors.pop(at, None)
                self._hooks[at] = hook
            elif at not in self.errors:
                self.errors[at] = ConfigurationError(
                    f"{via(place)} leads to {led[at]}, but the record was made of {place.identity}: nothing is done "
                    "there. Give the connection what it had then, and try again."
                )

    def hooks(self, plan: Plan) -> list[tuple[str, Any]]:
        """Give the hooks as a restore wants them."""
        found: list[tuple[str, Any]] = []
        for at, place in enumerate(plan.places):
            hook: Any = self._hooks.get(at) or Unreachable(via(place), self.errors[at])
            if not any(other is hook for _, other in found):
                found.append((place.service, hook))
        return found

    def used(self) -> list[str]:
        """Say which connection is used for what."""
        lines = []
        for at, place in enumerate(self.plan.places):
            if (hook := self._hooks.get(at)) is not None:
                lines.append(f"{place.service}: uses connection {hook.conn_id!r}, {place.identity}")
            else:
                lines.append(f"{place.service}: not reached: {self.errors[at]}")
        return list(dict.fromkeys(lines))

    def look(self, entry: Entry) -> dict[str, Observation]:
        """
        Look at everything in the record once, by the thing's key.

        A place whose credentials are refused counts as not reached: more refusals would lock them.
        """
        from airflow_provider_pipelines.core.verbs.observation import Observation

        seen: dict[str, Observation] = {}
        for at, hook in list(self._hooks.items()):
            own = [one.thing for one in entry.standings if one.thing.target == at]
            if not own:
                continue
            kind = next(one.fleet.kind for one in entry.standings if one.thing.target == at)
            client = hook.get_conn()
            try:
                found: Mapping[str, Observation] = client.run(
                    hook.look(client.api, kind, {}, [thing.id for thing in own]), RetryBudget(seconds=LOOK_BUDGET)
                )
            except AuthenticationError as error:
                self.errors[at] = error
                del self._hooks[at]
                continue
            except PipelinesError as error:
                found = {thing.id: Observation(error=error) for thing in own}
            seen.update((thing.key, found[thing.id]) for thing in own if thing.id in found)
        return seen

    def close(self) -> None:
        """Close all connections."""
        for hook in self._opened:
            hook.close()


def _named(error: PipelinesError, place: Place) -> PipelinesError:
    """Say of which place an error is."""
    if not isinstance(error, ConnectionMissing):
        return error
    id = next((value for name, value in place.arguments.items() if name.endswith("_conn_id")), None)
    return missing(str(id))


def missing(conn_id: str) -> ConnectionMissing:
    """Make the error for a connection that is not found, in words for this command."""
    return ConnectionMissing(
        f"connection {conn_id!r} was not found: it is neither in the environment (AIRFLOW_CONN_{conn_id.upper()}) nor, "
        "as far as that can be asked, in a secrets backend or the metadata database."
    )


def decision(one: Standing, observation: Observation | None, reached: bool) -> tuple[str, bool]:
    """
    Say what restore would do with a thing.

    :returns: the words, and whether something would be sent
    """
    if not one.ours or one.missing or one.closed:
        return f"nothing: {one.recorded()}", False
    if not reached:
        return "cannot be reached", False
    verb = stage_of(one.fleet, one.thing).verb
    word = verb_of(one.fleet, one.thing)
    if observation is None or observation.status is None:
        if observation is not None and gone(observation.error):
            return "nothing: it is gone", False
        reason = f": {observation.error}" if observation is not None and observation.error is not None else ""
        return f"look again, and {word} it{reason}", True
    if observation.status in verb.already:
        return "nothing: it is back", False
    if observation.status in verb.hopeless:
        return f"cannot {word} it: {verb.why.get(observation.status, '')}".rstrip(": "), False
    return (f"{word} it" if observation.status in verb.ready else f"{word} it once it has settled"), True
