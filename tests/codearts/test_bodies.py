"""What a run is asked for with: made strictly, refused with the name of the argument."""

import json
from types import MappingProxyType

import pytest

from airflow_provider_pipelines.codearts.api.bodies import filters, run_body
from airflow_provider_pipelines.errors import ArgumentError
from tests.codearts.driving import sample


@pytest.mark.parametrize("name", ["run_pipeline", "run_pipeline_minimal"])
def test_the_vendors_examples_pass_unchanged(name):
    body = sample(name)["request"]["body"]
    assert run_body(**body) == body


def test_structures_may_come_as_json_text():
    body = sample("run_pipeline")["request"]["body"]
    texts = {name: value if name == "description" else json.dumps(value) for name, value in body.items()}
    assert run_body(**texts) == body


@pytest.mark.parametrize(
    "variables",
    [
        {"day": "1", "n": 3, "x": 0.5, "dry": True, "off": False, "empty": ""},
        MappingProxyType({"day": "1", "n": 3, "x": 0.5, "dry": True, "off": False, "empty": ""}),
        [
            {"name": name, "value": value}
            for name, value in [("day", "1"), ("n", "3"), ("x", 0.5), ("dry", True), ("off", "false"), ("empty", "")]
        ],
    ],
    ids=["dict", "mapping", "list"],
)
def test_variables_become_text(variables):
    made = run_body(variables=variables)["variables"]
    assert {entry["name"]: entry["value"] for entry in made} == {
        "day": "1", "n": "3", "x": "0.5", "dry": "true", "off": "false", "empty": "",
    }  # fmt: skip


def test_a_value_may_have_8192_characters():
    assert run_body(variables={"v": "x" * 8192})["variables"][0]["value"] == "x" * 8192


def test_the_room_for_the_marker_is_kept_free():
    assert run_body(description="x" * 1000, room=24)["description"] == "x" * 1000
    with pytest.raises(ArgumentError, match=r"has 1001 characters; 1000 are possible .24 of 1024 are needed"):
        run_body(description="x" * 1001, room=24)
    with pytest.raises(ArgumentError, match=r"has 1025 characters; 1024 are possible\.$"):
        run_body(description="x" * 1025)


@pytest.mark.parametrize("params", [None, {}, {"build_params": None}, {"build_params": {}}, {"codehub_id": "1"}])
def test_what_the_vendor_lets_out_may_be_left_out(params):
    sources = [{"type": "code", "params": params}]
    assert run_body(sources=sources) == {"sources": sources}


def test_rare_fields_are_checked_too():
    assert run_body(sub_hook="true", execution_plan_id="a1") == {"sub_hook": True, "execution_plan_id": "a1"}


SOURCE = {"type": "code", "params": {"git_type": "codehub", "build_params": {"build_type": "branch"}}}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"variables": "no json"}, "variables: 'no json' is no JSON"),
        ({"variables": "3"}, "variables: is of type int"),
        ({"variables": [{"name": "a"}]}, "variables: each entry of a list needs both"),
        ({"variables": [{"name": "a", "value": "1", "extra": 1}]}, "variables: has unknown keys extra"),
        (
            {"variables": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]},
            "variables: names a more than once",
        ),
        ({"variables": {"a": None}}, "variables: a has no value"),
        ({"variables": {"a": {"b": 1}}}, "variables: a has a value of type dict"),
        ({"variables": {"a": float("nan")}}, "variables: a has a value of type float"),
        ({"variables": {"a": "x" * 8193}}, "variables: a has 8193 characters"),
        ({"variables": {"": "x"}}, "variables: '' is not possible"),
        ({"variables": {1: "x"}}, "variables: is of type dict"),
        ({"sources": {}}, "sources: is of type dict. Give a list"),
        ({"sources": []}, "sources: is an empty list"),
        ({"sources": ["x"]}, "sources: 'x' is no JSON object"),
        ({"sources": [{}]}, "sources: each entry needs a type"),
        ({"sources": [{"type": "svn"}]}, "sources.type: 'svn' is not possible. Possible are code, artifact"),
        ({"sources": [{"type": "code", "params": {"git_type": "x"}}]}, "sources.params.git_type: .*codehub"),
        ({"sources": [{"type": "code", "params": {"build_params": {"build_type": "x"}}}]}, "build_type: .*branch, tag"),
        ({"sources": [{"type": "code", "params": {"build_params": {"event_type": "x"}}}]}, "event_type: .*Manual"),
        ({"choose_jobs": "JOB"}, "choose_jobs: 'JOB' is no JSON"),
        ({"choose_jobs": []}, "choose_jobs: is an empty list"),
        ({"choose_stages": [""]}, "choose_stages: '' is not possible"),
        ({"choose_stages": [1]}, "choose_stages: 1 is not possible"),
        ({"description": ""}, "description: '' is not possible"),
        ({"description": 7}, "description: 7 is not possible"),
        ({"sub_hook": "perhaps"}, "sub_hook"),
        ({"execution_plan_id": "a/b"}, "execution_plan_id"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, named):
    with pytest.raises(ArgumentError, match=named):
        run_body(**{"sources": [SOURCE], **arguments})


def test_filters_leave_out_what_is_not_given():
    assert filters(name=None, status=["RUNNING"], is_banned="false") == {"status": ["RUNNING"], "is_banned": False}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"status": ["PENDING"]}, "status: 'PENDING' is not possible. Possible are COMPLETED, RUNNING"),
        ({"status": "RUNNING"}, "status: 'RUNNING' is no JSON"),
        ({"sort_dir": "up"}, "sort_dir: .*asc, desc"),
        ({"executor_ids": ["a b"]}, "executor_ids"),
        ({"component_id": ""}, "component_id: is empty"),
    ],
)
def test_a_bad_filter_is_refused_by_name(arguments, named):
    with pytest.raises(ArgumentError, match=named):
        filters(**arguments)
