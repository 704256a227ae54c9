"""The remote things of the demo: their state in a few words, what changed, what was to be expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

#: service and id of a thing
Key = tuple[str, str]
PHASES = ("before", "during", "after")


@dataclass(frozen=True)
class Thing:
    """
    One pipeline, run or job at one moment.

    :param kind: what it is, for the reader
    :param state: the vendor's word, or ``enabled`` and ``disabled`` for a CodeArts pipeline
    :param run_of: the name of the pipeline if it is a run
    """

    kind: str
    name: str
    state: str
    run_of: str = ""


World = Mapping[Key, Thing]


class Quiet(TypedDict):
    """When the fleet is quiet: as soon as all tasks ``after`` are successes, until one of those ``before`` starts."""

    after: Sequence[str]
    before: Sequence[str]


class Expected(TypedDict):
    """
    What is to be seen.

    ``things`` says it by service, id and phase; a phase that is left out is not looked at. ``new_runs`` names the
    CodeArts pipelines that are run meanwhile, each once, with the states that the new run may have in the end.
    ``clears`` says which tasks Airflow would clear with a task.
    """

    quiet: Quiet
    clears: Mapping[str, Sequence[str]]
    things: Mapping[str, Mapping[str, Mapping[str, str]]]
    new_runs: Mapping[str, Sequence[str]]


class Trouble(TypedDict):
    """
    What goes wrong in the demo.

    ``faults`` are those of the emulator. ``killed`` names the tasks that all wait in the triggerer when it is killed.
    """

    faults: Sequence[Mapping[str, Any]]
    killed: Mapping[str, Sequence[str]]


def read_world(state: Mapping[str, Any]) -> dict[Key, Thing]:
    """Return the things in a state of the emulator, in a steady order."""
    return dict([*_enos(state), *_codearts(state), *_dli(state)])


def _enos(state: Mapping[str, Any]) -> Iterator[tuple[Key, Thing]]:
    for organisation in state.get("enos", {}).get("orgs", {}).values():
        for id, one in organisation["pipelines"].items():
            yield ("enos", id), Thing("EnOS pipeline", one["name"], one["status"])


def _codearts(state: Mapping[str, Any]) -> Iterator[tuple[Key, Thing]]:
    for project in state.get("codearts", {}).get("projects", {}).values():
        for id, one in project["pipelines"].items():
            yield ("codearts", id), Thing("CodeArts pipeline", one["name"], "enabled" if one["enabled"] else "disabled")
            for run_id, run in one["runs"].items():
                name = f"{one['name']} {run_id[:4]}"
                yield ("codearts", run_id), Thing("CodeArts run", name, run["status"], one["name"])


def _dli(state: Mapping[str, Any]) -> Iterator[tuple[Key, Thing]]:
    for project in state.get("dli", {}).get("projects", {}).values():
        for id, one in project["jobs"].items():
            yield ("dli", id), Thing("DLI job", f"{one['name']} {id}", one["status"])


def changes(old: World, new: World) -> list[tuple[Thing, str]]:
    """Return what looks different: the thing as it is now, and its state before (empty if it is new)."""
    found = []
    for key, thing in new.items():
        state = old[key].state if key in old else ""
        if thing.state != state:
            found.append((thing, state))
    return found


def refusal(call: Mapping[str, Any], world: World) -> str:
    """Return a sentence about a write that a service refused, nothing about any other call of the journal."""
    code = "" if call["code"] in (None, 0, "0") else str(call["code"])
    if not call["write"] or not (code or (call["status"] or 0) >= 400):
        return ""
    names = [world[call["service"], id].name if (call["service"], id) in world else id for id in call["ids"]]
    return (
        f"{call['operation']} of {', '.join(names) or 'nothing named'} (HTTP {call['status']}, code {code or 'none'})"
    )


def surprises(worlds: Mapping[str, World], expected: Expected) -> list[str]:
    """
    Compare what was seen with what was to be expected.

    :param worlds: the things in each phase
    :returns: a sentence for each difference
    """
    found = []
    for service, things in expected["things"].items():
        for id, states in things.items():
            for phase, state in states.items():
                thing = worlds[phase].get((service, id))
                if thing is None:
                    found.append(f"{service} {id} does not exist {phase} the window, expected {state}")
                elif thing.state != state:
                    found.append(f"{thing.kind} {thing.name} is {thing.state} {phase} the window, expected {state}")
    return [*found, *_surprising_runs(worlds, expected["new_runs"])]


def _surprising_runs(worlds: Mapping[str, World], expected: Mapping[str, Sequence[str]]) -> Iterator[str]:
    new = [thing for key, thing in worlds["after"].items() if key not in worlds["before"]]
    for pipeline in expected:
        count = sum(thing.run_of == pipeline for thing in new)
        if count != 1:
            yield f"CodeArts pipeline {pipeline} was run {count} times, expected once"
    for thing in new:
        if thing.run_of not in expected:
            yield f"{thing.kind} {thing.name} is there after the window, nobody asked for it"
        elif thing.state not in expected[thing.run_of]:
            allowed = " or ".join(expected[thing.run_of])
            yield f"{thing.kind} {thing.name} is {thing.state} after the window, expected {allowed}"
