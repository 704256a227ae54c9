"""How the hooks of a window are found by what they lead to, and what becomes of those that lead nowhere."""

import pytest

from airflow_provider_pipelines.errors import AuthenticationError, ConfigurationError, WatchFailed
from airflow_provider_pipelines.window.coordination.places import Places, hooks_of
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.playing import ORG, PROJECT
from tests.support.short_wire import quick, shorten


def opened(window, hooks=None):
    places = Places(window.records.plan(), window.clock, hooks or window.hooks)
    places.open()
    return places


def ready(**more):
    window = quick(**more)
    window.snapshot()
    return window


# hooks


def test_hooks_are_made_for_each_place_once():
    targets = [
        EnosPipelines(name_pattern="a", org_id="o1"), EnosPipelines(name_pattern="b", org_id="o1", how="stop"),
        EnosPipelines(name_pattern="a", org_id="o2"), EnosPipelines(name_pattern="a", enos_conn_id="other", org_id="o1"),
        DliJobs(job_ids=[1], region="eu-de"), CodeArtsPipelines(pipeline_ids=["c"], region="eu-de"),
    ]  # fmt: skip
    wanted = [
        ("enos", {"enos_conn_id": "enos_default", "org_id": "o1"}),
        ("enos", {"enos_conn_id": "enos_default", "org_id": "o2"}),
        ("enos", {"enos_conn_id": "other", "org_id": "o1"}),
        ("dli", {"huaweicloud_conn_id": "huaweicloud_default", "project_id": None, "region": "eu-de"}),
        ("codearts", {"huaweicloud_conn_id": "huaweicloud_default", "project_id": None, "region": "eu-de"}),
    ]
    for values in ([target.place() for target in targets], [target.to_json() for target in targets]):
        assert [(service, hook.arguments) for service, hook in hooks_of(values)(None)] == wanted
    assert [type(hook).__name__ for _, hook in hooks_of([target.place() for target in targets])(None)] == [
        "EnosHook", "EnosHook", "EnosHook", "DliHook", "CodeArtsHook",
    ]  # fmt: skip


# places


def test_places_are_found_by_where_a_hook_really_leads():
    window = ready()
    places = opened(window)
    assert {at: fleet.service for at, fleet in places.fleets.items()} == {0: "enos", 1: "dli", 2: "codearts"}
    assert places.errors == {}
    assert places.reasons == []
    assert places.plan == window.records.plan()
    assert all(fleet.hook.clock is window.clock for fleet in places.fleets.values())
    assert places.fleets[0].options == {"how": "pause"}
    assert places.fleets[1].options == {"on_missing_savepoint": "fail", "trigger_savepoint": False}
    assert places.fleets[2].options == {"running": "wait"}


def test_a_connection_that_leads_elsewhere_now_is_not_used():
    window = ready(enos=1, dli=1, codearts=0)
    identity = window.records.plan().places[0].identity

    def elsewhere(plan):
        found = hooks_of(window.places)(plan)
        for _, hook in found:
            shorten(window.rooms, hook, **({"org_id": "o2"} if hook.conn_type == "enos" else {}))
        return found

    places = opened(window, elsewhere)
    assert set(places.fleets) == {1}
    assert isinstance(places.errors[0], ConfigurationError)
    assert str(places.errors[0]) == (
        f"no target of the window leads to {identity} any more. Give the target back, or bring its things back with "
        "'airflow-pipelines restore'."
    )
    assert ORG in identity
    assert PROJECT in window.records.plan().places[1].identity


def broken(window, *reasons):
    """Hooks that cannot be used, each for its reason, and none that can."""

    class Broken:
        def __init__(self, reason):
            self.reason, self.closed = reason, False

        def __repr__(self):
            return f"Broken({type(self.reason).__name__})"

        def get_conn(self):
            raise self.reason

        def close(self):
            self.closed = True

    hooks = [("enos", Broken(reason)) for reason in reasons]
    return hooks, opened(window, lambda plan: hooks)


def test_the_one_reason_why_a_hook_cannot_be_used_is_told_as_it_is():
    window = ready(enos=1, dli=1, codearts=0)
    reason = ConfigurationError("mend it")
    hooks, places = broken(window, reason)
    assert places.fleets == {}
    assert places.errors == {0: reason, 1: reason}
    assert places.reasons == [reason]
    places.close()
    assert hooks[0][1].closed


@pytest.mark.parametrize(
    ("other", "kind"),
    [(ConfigurationError("no key"), ConfigurationError), (WatchFailed("away"), WatchFailed)],
)
def test_several_reasons_are_told_together_and_count_as_what_a_retry_may_mend(other, kind):
    window = ready(enos=1, dli=0, codearts=0)
    reason = ConfigurationError("mend it")
    _, places = broken(window, reason, other)
    assert type(places.errors[0]) is kind
    assert str(places.errors[0]) == f"Broken(ConfigurationError): mend it; Broken({type(other).__name__}): {other}"
    assert places.reasons == [reason, other]


def test_a_hook_that_cannot_be_used_does_not_hide_one_that_can():
    window = ready(enos=1, dli=1, codearts=0)
    usual = window.hooks(None)

    class Broken:
        def get_conn(self):
            raise WatchFailed("away")

    places = opened(window, lambda plan: [("enos", Broken()), *usual[1:]])
    assert set(places.fleets) == {1}
    assert str(places.errors[0]) == "away"


def test_the_slowest_connection_counts():
    window = ready(enos=1, dli=1, codearts=0)

    def hooks(plan):
        found = hooks_of(window.places)(plan)
        for (_, hook), timeout in zip(found, (7, 44), strict=True):
            shorten(window.rooms, hook, timeout=timeout)
        return found

    assert opened(window, hooks).slowest() == 44
    assert opened(window, lambda plan: []).slowest() == 15.0


def test_refused_credentials_are_kept_among_the_reasons():
    window = ready(enos=1, dli=0, codearts=0)
    refusal = AuthenticationError("no", service="s", operation="o", method="GET", path="/", status=401)
    _, places = broken(window, refusal)
    assert places.reasons == [refusal]
    assert places.errors[0] is refusal
