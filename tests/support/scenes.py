"""Sets the scene for tests of a window: other worlds, things that misbehave or are gone, and what came of them."""

from __future__ import annotations

from tests.support.playing import CODEARTS, ORG, PROJECT


def begin(fleet, seed):
    """Give the emulator another world, and begin a new page of the journal."""
    fleet.server.world.reload(seed)
    fleet.mark()


def _things(fleet, service):
    world = fleet.server.world
    return {
        "enos": lambda: world.organisations[ORG].pipelines,
        "dli": lambda: world.dli_projects[PROJECT].jobs,
        "codearts": lambda: world.codearts_projects[CODEARTS].pipelines,
    }[service]()


def thing(fleet, service, id):
    """Give what the emulator knows of a thing: fields as in a seed, which may be changed."""
    return _things(fleet, service)[str(id)].fields


def change(fleet, service, id, **fields):
    """Let a thing behave otherwise from now on."""
    thing(fleet, service, id).update(fields)


def remove(fleet, service, id):
    """Delete a thing, as somebody else would."""
    del _things(fleet, service)[str(id)]


def sent(fleet, *operations):
    """Give the writes that arrived, by operation: the ids of each call."""
    found = {}
    for call in fleet.calls(writes=True):
        found.setdefault(call["operation"], []).append(call["ids"])
    return {name: found.get(name, []) for name in operations} if operations else found


def accepted(fleet, operation):
    """Give the ids for which a write was accepted, one entry a call."""
    return [call["ids"] for call in fleet.calls(writes=True) if call["operation"] == operation and _taken(call)]


def _taken(call):
    return call["status"] == 200 and str(call["code"]) in {"None", "0"}


def told(report, id):
    """Give what a report says of a thing."""
    (found,) = [entry for entry in report["things"] if str(entry["id"]) == str(id)]
    return found
