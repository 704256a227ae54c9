"""The state of all services: made from a seed, moved by the clock, dumped as a seed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.codearts.state.project import CodeArtsPipeline, CodeArtsProject
from airflow_provider_pipelines.emulator.dli.state.project import DliProject
from airflow_provider_pipelines.emulator.enos.gateway import EnosGateway
from airflow_provider_pipelines.emulator.enos.state import Organisation
from airflow_provider_pipelines.emulator.huaweicloud.gateway import HuaweiGateway
from airflow_provider_pipelines.emulator.things import Fields, SeedError, Thing, checked
from airflow_provider_pipelines.emulator.wire import Answer, Held

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.clock import Clock
    from airflow_provider_pipelines.emulator.settings import Settings


SERVICES = ("enos", "iam", "codearts", "dli")


class World:
    """
    Everything that the emulated services know.

    :param seed: what there is at the start; see the README beside this module for its members
    """

    def __init__(self, seed: Mapping[str, Any], clock: Clock, settings: Settings) -> None:
        self.clock = clock
        self.settings = settings
        self.enos_gateway = EnosGateway(settings)
        self.huawei_gateway = HuaweiGateway(settings)
        #: calls that are executed later
        self.held: list[Held] = []
        self._then: int | None = None
        self._load(seed)

    def _load(self, seed: Mapping[str, Any]) -> None:
        now = self.now
        seed = deepcopy(dict(seed))
        unknown = set(seed) - {"enos", "codearts", "dli", "iam"}
        if unknown:
            raise SeedError(f"unknown members of the seed: {', '.join(sorted(unknown))}")
        try:
            self.agencies = _agencies(seed.get("iam", {}).get("agencies", {credentials.IAM_AGENCY: {}}))
            self.organisations = {
                id: Organisation(given, self.settings, now)
                for id, given in seed.get("enos", {}).get("orgs", {}).items()
            }
            self.codearts_projects = {
                id: CodeArtsProject(given, self.settings, now)
                for id, given in seed.get("codearts", {}).get("projects", {}).items()
            }
            self.dli_projects = {
                id: DliProject(given, self.settings, now)
                for id, given in seed.get("dli", {}).get("projects", {}).items()
            }
        except SeedError:
            raise
        except (AttributeError, TypeError, KeyError, ValueError) as error:
            raise SeedError(f"the seed does not have the documented shape: {error}") from None

    def reload(self, seed: Mapping[str, Any]) -> None:
        """Put the world back to a seed and unlock everybody; its time goes on, tokens stay valid."""
        self.held.clear()
        self._load(seed)
        self.huawei_gateway.locks.clear()

    @property
    def now(self) -> int:
        """The world's time in epoch milliseconds; while something is caught up with, the time at which it was due."""
        return self.clock.now() if self._then is None else self._then

    def things(self) -> Iterator[tuple[str, str, Thing]]:
        """Yield all things with a status: the service, the id of the owner, the thing."""
        for owner, organisation in self.organisations.items():
            yield from (("enos", owner, one) for one in organisation.pipelines.values())
        for pipeline in self.codearts_pipelines():
            yield from (("codearts", pipeline.id, one) for one in pipeline.runs.values())
        for owner, project in self.dli_projects.items():
            yield from (("dli", owner, one) for one in project.things())

    def codearts_pipelines(self) -> Iterator[CodeArtsPipeline]:
        """Yield the pipelines of all CodeArts projects."""
        for project in self.codearts_projects.values():
            yield from project.pipelines.values()

    def hold(self, seconds: float, act: Callable[[], Answer]) -> Held:
        """Execute a call later, in the order of time with all else that happens."""
        held = Held(self.now + round(seconds * 1000), act)
        self.held.append(held)
        return held

    def settle(self) -> None:
        """Let everything happen whose time has come."""
        while self.held and (first := min(self.held, key=lambda one: one.due)).due <= self.now:
            self.held.remove(first)
            before, self._then = self._then, first.due
            try:
                self._catch_up(first.due)
                first.answer = first.act()
            finally:
                self._then = before
        self._catch_up(self.now)

    def _catch_up(self, now: int) -> None:
        for service, _, thing in self.things():
            if service != "codearts" and thing.pending:
                thing.catch_up(now)
        for pipeline in self.codearts_pipelines():
            pipeline.catch_up(now)

    def interfere(self, service: str, id: str, status: str) -> bool:
        """
        Change a thing as somebody else would; tell whether there is one of that id.

        The status of a CodeArts pipeline is ``enabled`` or ``disabled``; any other changes its latest run.
        """
        for owner, _, thing in self.things():
            if owner == service and thing.id == id:
                self._change(thing, status)
                return True
        for pipeline in self.codearts_pipelines() if service == "codearts" else ():
            latest = pipeline.latest()
            if pipeline.id != id:
                continue
            if status in ("enabled", "disabled"):
                pipeline.fields["enabled"] = status == "enabled"
            elif latest is not None:
                self._change(latest, status)
            else:
                return False
            return True
        return False

    def _change(self, thing: Thing, status: str) -> None:
        thing.pending = []
        thing.change(status, self.now)
        thing.pending = thing.usual_course(self.now)
        self.settle()

    def next_queue_id(self) -> int:
        """Return a queue id that no waiting run has."""
        used = (entry["id"] for pipeline in self.codearts_pipelines() for entry in pipeline.queue)
        return int(max(used, default=0)) + 1

    @property
    def org_id(self) -> str:
        """The organisation that the ready file names."""
        return next(iter(self.organisations), credentials.ENOS_ORG)

    @property
    def codearts_project_id(self) -> str:
        """The CodeArts project that the ready file names."""
        return next(iter(self.codearts_projects), credentials.CODEARTS_PROJECT)

    @property
    def iam_projects(self) -> dict[str, str]:
        """Name to id of the IAM projects: the region itself and its sub-projects."""
        ids = list(self.dli_projects) or [credentials.IAM_PROJECT]
        names = [credentials.REGION, *(f"{credentials.REGION}_sub{number}" for number in range(1, len(ids)))]
        return dict(zip(names, ids, strict=True))

    def dump(self) -> Fields:
        """Return the state, which is a seed."""
        now = self.now
        return {
            "enos": {"orgs": {id: one.dump(now) for id, one in self.organisations.items()}},
            "codearts": {"projects": {id: one.dump(now) for id, one in self.codearts_projects.items()}},
            "dli": {"projects": {id: one.dump(now) for id, one in self.dli_projects.items()}},
            "iam": {"agencies": {name: dict(one) for name, one in self.agencies.items()}},
        }


def _agencies(given: Mapping[str, Any]) -> dict[str, Fields]:
    """Return what a seed says of agencies: the account that has each of them."""
    own = {"account": credentials.IAM_ACCOUNT, "account_id": credentials.IAM_ACCOUNT_ID}
    return {name: {**own, **checked(name, one, own, {})} for name, one in given.items()}
