"""What is public says what it takes, of which type, whether that is templated, what it raises, and where to read on."""

import inspect

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.hook.faces import operation
from scripts.reference import ROOMS, arguments, classes, told
from tests.test_properties_operations import HOOKS

TASKS = [kind for vendor in ROOMS.values() for kind in classes(vendor)]
METHODS = [
    pytest.param(member._make, id=f"{vendor}-{name}")
    for vendor, (hook, _) in HOOKS.items()
    for kind in type(hook).__mro__
    for name, member in sorted(vars(kind).items())
    if isinstance(member, operation)
]


def raised(text):
    """Give what a docstring says is raised."""
    return [line.split()[1].rstrip(":") for line in text.splitlines() if line.strip().startswith(":raises ")]


@pytest.mark.parametrize("make", METHODS)
def test_a_hook_method_says_what_it_takes_and_raises_and_names_the_vendors_page(make):
    text, signature = inspect.getdoc(make), inspect.signature(make)
    named = list(signature.parameters.values())[1:]
    assert [one.name for one in named if f":param {one.name}:" not in text] == []
    assert [one.name for one in named if one.annotation is one.empty] == []
    assert signature.return_annotation is not signature.empty
    assert "https://" in text
    assert raised(text)
    assert [name for name in raised(text) if not hasattr(errors, name)] == []


@pytest.mark.parametrize("kind", TASKS)
def test_a_task_says_what_it_takes_and_raises_and_names_the_vendors_page(kind):
    ours = [base for base in kind.__mro__ if base.__module__.startswith("airflow_provider_pipelines.")]
    texts, text = told(kind), "\n".join(inspect.getdoc(base) or "" for base in ours if base.__doc__)
    taken = arguments(kind)
    assert [name for name in taken if not texts.get(name)] == []
    assert [name for name, parameter in taken.items() if parameter.annotation is parameter.empty] == []
    # DLI's, kept under other names, since the attributes are Airflow's
    templated = {*kind.template_fields, *(name.removeprefix("dli_") for name in kind.template_fields)} & taken.keys()
    assert {name for name in taken if "templated" in texts[name]} == templated
    assert "https://" in text
    assert raised(text)


@pytest.mark.parametrize("kind", TASKS)
def test_a_number_says_its_unit_or_counts_something(kind):
    texts = told(kind)
    for name in ("poll_interval", "timeout", "defer_after", "resource_wait"):
        assert name not in texts or "second" in texts[name]
