"""How the crews of a task are brought together: hooks by what they lead to, waits together, one line a minute."""

import itertools
from types import SimpleNamespace

import pytest

from airflow_provider_pipelines.errors import (
    AuthenticationError,
    ConfigurationError,
    ServerError,
    WatchFailed,
)
from airflow_provider_pipelines.window.coordination.coordinator import Muster, Places, hooks_of
from airflow_provider_pipelines.window.coordination.participant import Terms
from airflow_provider_pipelines.window.record.intents import Ledger
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.playing import ORG, PROJECT
from tests.support.short_wire import FOR_EVER, quick, shorten


def opened(window, hooks=None):
    places = Places(window.shelf.plan(), window.clock, hooks or window.hooks)
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
    assert places.plan == window.shelf.plan()
    assert all(fleet.hook.clock is window.clock for fleet in places.fleets.values())
    assert places.fleets[0].options == {"how": "pause"}
    assert places.fleets[1].options == {"on_missing_savepoint": "fail", "trigger_savepoint": False}
    assert places.fleets[2].options == {"running": "wait"}


def test_a_connection_that_leads_elsewhere_now_is_not_used():
    window = ready(enos=1, dli=1, codearts=0)
    identity = window.shelf.plan().places[0].identity

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
    assert PROJECT in window.shelf.plan().places[1].identity


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


# the muster


def mustered(window, done="stopped", things=None, **terms):
    places = opened(window)
    terms = Terms(lambda: None, window.clock.now + 1000, 30.0, window.lines.append, **terms)
    ledger = Ledger({}, lambda marks: None)
    return Muster(places, things or window.shelf.plan().things, ledger, terms, window.clock, done)


def test_each_crew_has_the_things_of_its_place():
    window = ready(enos=2, dli=2, codearts=1)
    muster = mustered(window)
    assert {name: [thing.id for thing in crew.things] for name, crew in muster.crews.items()} == {
        "0": ["w1", "w2"], "1": ["101", "102"], "2": ["c1"],
    }  # fmt: skip
    assert [crew.identity for crew in muster.crews.values()] == [one.identity for one in window.shelf.plan().places]
    assert muster.waiting == []
    assert muster.errors == {}
    assert muster.look({name: [thing.id for thing in crew.things] for name, crew in muster.crews.items()})["0"][
        "w1"
    ].status == ("RUNNING")


def test_a_look_that_fails_is_raised():
    window = ready(enos=1, dli=1, codearts=0)
    muster = mustered(window)
    window.rooms.fail("list_pipelines", status=500, answer={}, times=FOR_EVER)
    with pytest.raises(ServerError):
        muster.look({"0": ["w1"], "1": ["101"]})


def test_all_crews_work_and_the_errors_of_some_are_kept():
    window = ready(enos=1, dli=1, codearts=0)
    muster = mustered(window)
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    assert muster.run(lambda crew: crew.bring_down()) is True
    assert set(muster.errors) == {"0"}
    assert "forbids" in str(muster.errors["0"])
    assert window.rooms.statuses()["dli", "101"] == "job_cancel_success"


def test_what_waits_for_most_is_watched_first():
    window = ready(enos=1, dli=3, codearts=0, things={"takes": 500})
    muster = mustered(window, defer_after=20.0)
    begun = window.clock.now
    assert muster.run(lambda crew: crew.bring_down()) is False
    assert window.clock.now == begun + 20
    assert [crew.fleet.service for crew in muster.waiting] == ["dli", "enos"]


def test_a_crew_that_is_done_is_not_waited_for():
    window = ready(enos=1, dli=1, codearts=0)
    window.rooms.dli["101"]["takes"] = 500
    muster = mustered(window, defer_after=20.0)
    assert muster.run(lambda crew: crew.bring_down()) is False
    assert [crew.fleet.service for crew in muster.waiting] == ["dli"]


def test_a_line_a_minute_says_how_far_things_are_unless_another_one_was_said():
    window = ready(enos=2, dli=1, codearts=0)
    window.rooms.enos["w1"]["takes"] = 100
    window.rooms.enos["w2"]["takes"] = 350
    told = []
    window.lines = SimpleNamespace(append=lambda line: told.append((window.clock.now, line)))
    muster = mustered(window, "gone to sleep")
    begun = window.clock.now
    muster.run(lambda crew: crew.bring_down())
    said = [(at - begun, line) for at, line in told]
    progress = [at for at, line in said if "gone to sleep" in line]
    both = "1/3 gone to sleep, 2 waiting: wind-1 (w1), wind-2 (w2)"
    assert [line for _, line in said if line == both] == [both]
    one = "2/3 gone to sleep, 1 waiting: wind-2 (w2)"
    assert said.count(next(entry for entry in said if entry[1] == one)) == 1
    times = [0.0, *(at for at, _ in said)]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert max(gaps) <= 60.1
    assert progress
    for at in progress:
        before = max(other for other, _ in [(0.0, ""), *said] if other < at)
        assert at - before == pytest.approx(60, abs=0.1)


def test_a_long_list_of_what_is_waited_for_is_cut():
    window = ready(enos=6, dli=1, codearts=0, things={"takes": 70})
    mustered(window).run(lambda crew: crew.bring_down())
    assert window.lines[0] == (
        "0/7 stopped, 7 waiting: wind-1 (w1), wind-2 (w2), wind-3 (w3), wind-4 (w4), wind-5 (w5) and 2 more"
    )
    window = ready(enos=6, dli=0, codearts=0, things={"takes": 70})
    mustered(window).run(lambda crew: crew.bring_down())
    assert window.lines[0].endswith("wind-5 (w5) and 1 more")
    window = ready(enos=5, dli=0, codearts=0, things={"takes": 70})
    mustered(window).run(lambda crew: crew.bring_down())
    assert window.lines[0] == (
        "0/5 stopped, 5 waiting: wind-1 (w1), wind-2 (w2), wind-3 (w3), wind-4 (w4), wind-5 (w5)"
    )


def test_refused_credentials_are_kept_among_the_reasons():
    window = ready(enos=1, dli=0, codearts=0)
    refusal = AuthenticationError("no", service="s", operation="o", method="GET", path="/", status=401)
    _, places = broken(window, refusal)
    assert places.reasons == [refusal]
    assert places.errors[0] is refusal
