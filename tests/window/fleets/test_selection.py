"""What a target names, and what is said of a target that names nothing that is there."""

import pytest

from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.errors import ArgumentError, ConfigurationError
from airflow_provider_pipelines.window.fleets.base import Fleet, Found, fleet_class, fleet_for
from airflow_provider_pipelines.window.fleets.selection import choose, ids_of

WIND = [Found(f"w{n}", f"wind-{n}", "RUNNING") for n in (1, 2, 3)]
SYSTEM = Found("s1", "wind-system", "RUNNING", system=True)
ALL = [*WIND, SYSTEM, Found("x1", "Wind-9", "STOPPED")]


def refused(act, said):
    with pytest.raises(ArgumentError) as caught:
        act()
    assert str(caught.value) == said


# lists of ids


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        (None, None),
        ([], []),
        (["b", "a"], ["b", "a"]),
        (("a",), ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ([{"pipeline_id": "a", "name": "x"}, "b"], ["a", "b"]),
        ({"a"}, ["a"]),
    ],
)
def test_ids_are_a_list_or_json_of_one_or_rows(value, ids):
    assert ids_of(value, "pipeline_ids", text_id) == ids


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a", "'a' is no list. Give a list of ids; as a template, with '| tojson'."),
        ("x" * 70, f"'{'x' * 60}' is no list. Give a list of ids; as a template, with '| tojson'."),
        ('{"a": 1}', "'{\"a\": 1}' is no list. Give a list of ids; as a template, with '| tojson'."),
        (7, "is no list. Give a list of ids."),
        ({"pipeline_id": "a"}, "is no list. Give a list of ids."),
        (["b", "a", "b", "a", "c"], "names a, b more than once. Name each once."),
        ([{"name": "a"}], "is empty. Give the id; if it is a template, what it refers to had no value."),
        ([7], "is of type int, not text. Give the id as a string."),
    ],
)
def test_what_is_no_list_of_ids_is_refused(value, said):
    refused(lambda: ids_of(value, "pipeline_ids", text_id), f"pipeline_ids: {said}")


# what is chosen


def chosen(ids=None, **target):
    return [one.id for one in choose(ALL, target, ids, "pipeline_ids")]


@pytest.mark.parametrize(
    ("ids", "target", "expected"),
    [
        (["w2", "w1"], {}, ["w2", "w1"]),
        (None, {"name_pattern": "wind-*"}, ["w1", "w2", "w3"]),
        (None, {"name_pattern": "wind-[13]"}, ["w1", "w3"]),
        (None, {"name_pattern": "?ind-9"}, ["x1"]),
        (["w3"], {"name_pattern": "wind-[13]"}, ["w3", "w1"]),
        (["s1"], {"name_pattern": "wind-1"}, ["s1", "w1"]),
        (["w1", "w2"], {"exclude": ["w1"]}, ["w2"]),
        (None, {"name_pattern": "wind-*", "exclude": "wind-[12]"}, ["w3"]),
        (None, {"name_pattern": "wind-*", "exclude": " wind-1 "}, ["w2", "w3"]),
        (None, {"name_pattern": "wind-*", "exclude": '["wind-1", "w3"]'}, ["w2"]),
        (None, {"name_pattern": "wind-*", "exclude": ("", "wind-3")}, ["w1", "w2"]),
        (None, {"name_pattern": "wind-*", "exclude": ""}, ["w1", "w2", "w3"]),
        (None, {"name_pattern": "wind-*", "exclude": "[12]"}, ["w1", "w2", "w3"]),
        (None, {"name_pattern": "*ind-[19]", "exclude": "[wx]1"}, ["w1", "x1"]),
        (["gone", "w1"], {"exclude": ["gone"]}, ["w1"]),
        (["gone", "w1"], {"allow_empty": True}, ["w1"]),
        (["gone"], {"allow_empty": "true"}, []),
        (None, {"name_pattern": "none-*", "allow_empty": True}, []),
        (["w1"], {"exclude": ["w1"], "allow_empty": True}, []),
        (["w1"], {"allow_empty": None}, ["w1"]),
    ],
)
def test_a_target_names_ids_and_a_pattern_without_what_is_excluded(ids, target, expected):
    assert chosen(ids, **target) == expected


def test_an_id_in_the_exclusion_is_an_id_and_a_pattern_is_of_names():
    found = [Found("1", "2", "RUNNING"), Found("2", "1", "RUNNING")]
    assert choose(found, {"name_pattern": "*", "exclude": [1], "allow_empty": True}, None, "job_ids") == []
    found = [Found("1", "a", "RUNNING"), Found("2", "b", "RUNNING")]
    assert choose(found, {"name_pattern": "*", "exclude": [1]}, None, "job_ids") == [found[1]]


NOTHING = (
    "nothing that is there and not excluded, so that work would run on a live fleet. Check it, or set allow_empty=True."
)


@pytest.mark.parametrize(
    ("ids", "target", "said"),
    [
        (
            ["w1", "no", "nor"],
            {},
            "pipeline_ids: there is no no, nor. Check the ids, or set allow_empty=True to go on without them.",
        ),
        (
            ["no", "nor"],
            {"exclude": ["nor"], "allow_empty": "False"},
            "pipeline_ids: there is no no. Check the ids, or set allow_empty=True to go on without them.",
        ),
        (["w1"], {"exclude": "wind-*"}, f"pipeline_ids: names {NOTHING}"),
        ([], {}, f"pipeline_ids: names {NOTHING}"),
        (None, {"name_pattern": "none-*"}, f"name_pattern: 'none-*' matches {NOTHING}"),
        (["w1"], {"name_pattern": "w1", "exclude": "w1"}, f"name_pattern: 'w1' matches {NOTHING}"),
        (None, {"name_pattern": "wind-system"}, f"name_pattern: 'wind-system' matches {NOTHING}"),
        (None, {"name_pattern": ""}, "name_pattern: is no text. Leave it out, or give for instance 'wind-*'."),
        (None, {"name_pattern": "None"}, "name_pattern: is no text. Leave it out, or give for instance 'wind-*'."),
        (None, {"name_pattern": 7}, "name_pattern: is no text. Leave it out, or give for instance 'wind-*'."),
        (["w1"], {"allow_empty": "no"}, "allow_empty: 'no' is no boolean. Give True or False."),
        (["w1"], {"exclude": None}, "exclude: is no list. Give a list of ids and patterns."),
        (["w1"], {"exclude": 7}, "exclude: is no list. Give a list of ids and patterns."),
        (["w1"], {"exclude": {"a": 1}}, "exclude: is no list. Give a list of ids and patterns."),
        (
            ["w1"],
            {"exclude": " ['a', 'b'] "},
            "exclude: \"['a', 'b']\" is a list as Python writes it. Add '| tojson' to the template.",
        ),
        (
            ["w1"],
            {"exclude": f"['{'a' * 80}']"},
            f"exclude: \"['{'a' * 58}\" is a list as Python writes it. Add '| tojson' to the template.",
        ),
    ],
)
def test_a_target_that_names_nothing_or_what_is_not_there_is_refused(ids, target, said):
    refused(lambda: chosen(ids, **target), said)


@pytest.mark.parametrize("exclude", ["['a", "'a']", "[a]", '["a\'"]'])
def test_a_pattern_may_look_a_little_like_a_list(exclude):
    assert chosen(["w1"], exclude=exclude) == ["w1"]


# fleets


def test_the_fleet_of_a_service_is_found_by_its_name():
    assert [fleet_class(name).service for name in ("enos", "dli", "codearts")] == ["enos", "dli", "codearts"]
    with pytest.raises(ConfigurationError) as caught:
        fleet_class("other")
    assert str(caught.value) == "'other' is no service of this package."


def test_a_fleet_knows_its_hook_and_its_options():
    hook = fleet_class("enos").hook_for({"enos_conn_id": "enos_2", "org_id": "o2"})
    assert type(hook).__name__ == "EnosHook"
    assert hook.arguments["enos_conn_id"] == "enos_2"
    assert hook.arguments["org_id"] == "o2"
    options = {"how": "stop"}
    fleet = fleet_for("enos", hook, options)
    assert type(fleet) is fleet_class("enos")
    assert fleet.hook is hook
    assert fleet.options == options


class Plain(Fleet):
    """A service without anything of its own."""


def drained(call):
    """Give what a call returns that needs no request."""
    with pytest.raises(StopIteration) as done:
        next(call)
    return done.value.value


def test_a_service_without_rules_of_its_own_has_none():
    fleet = Plain(None, {})
    assert fleet.settings(WIND[0], {}) is None
    assert drained(fleet.preflight(None, WIND)) == {}
    assert drained(fleet.after_down(None, [])) == []
    assert fleet.outcome_id("7") == "7"


@pytest.mark.parametrize(
    "act",
    [
        lambda fleet: fleet.identity(None),
        lambda fleet: fleet.inventory(None, {}),
        lambda fleet: fleet.meaning("RUNNING"),
        lambda fleet: fleet.left("PAUSED"),
        lambda fleet: fleet.back("RUNNING"),
        lambda fleet: fleet.down([]),
        lambda fleet: fleet.up([], {}),
    ],
)
def test_what_every_service_has_to_say_is_not_made_up(act):
    with pytest.raises(NotImplementedError):
        act(Plain(None, {}))
