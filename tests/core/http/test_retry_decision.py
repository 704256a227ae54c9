"""The decision whether a call is made again, row by row."""

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http.retry import (
    Again,
    GiveUp,
    Renew,
    RetryBudget,
    decide,
    possibly_done,
    transient,
)

ABOUT = {"service": "S", "operation": "o", "method": "POST", "path": "/p"}


def api(kind, status=500, **more):
    return kind("text", **ABOUT, status=status, **more)


def lost(kind=errors.TransportError):
    return kind("lost", **ABOUT)


def asked(error, *, repeatable=False, attempt=1, renewed=False, attempts=4):
    return decide(
        error,
        repeatable=repeatable,
        attempt=attempt,
        renewed=renewed,
        budget=RetryBudget(attempts=attempts, first_pause=1.0, longest_pause=20.0),
        spread=lambda: 1.0,
    )


@pytest.mark.parametrize(
    ("error", "repeatable", "decision"),
    [
        (lost(), False, Again(1.0)),
        (lost(), True, Again(1.0)),
        (lost(errors.OutcomeUnknown), False, GiveUp()),
        (lost(errors.OutcomeUnknown), True, Again(1.0)),
        (api(errors.ServerError), False, GiveUp()),
        (api(errors.ServerError), True, Again(1.0)),
        (api(errors.MalformedReply, 200), False, GiveUp()),
        (api(errors.MalformedReply, 200), True, Again(1.0)),
        (api(errors.Throttled, 429), False, Again(1.0)),
        (api(errors.Throttled, 429, retry_after=7.0), False, Again(8.0)),
        (api(errors.ServerError, 503, retry_after=7.0), True, Again(8.0)),
        (api(errors.ServerError, 503, retry_after=7.0), False, GiveUp()),
        (api(errors.Throttled, 429, retry_after=120.0), False, Again(121.0)),
        (api(errors.Throttled, 429, retry_after=120.5), False, GiveUp()),
        (api(errors.AuthenticationError, 401), True, GiveUp()),
        (api(errors.AuthenticationError, 401, renewable=True), False, Renew()),
        (api(errors.PermissionDenied, 403), True, GiveUp()),
        (api(errors.PermissionDenied, 403, renewable=True), True, Renew()),
        (api(errors.NotFound, 404), True, GiveUp()),
        (api(errors.InvalidRequest, 400), True, GiveUp()),
        (api(errors.Conflict, 409), True, GiveUp()),
        (api(errors.QuotaExceeded, 400), True, GiveUp()),
        (api(errors.NotSupported, 404), True, GiveUp()),
        (errors.ConfigurationError("x"), True, GiveUp()),
    ],
)
def test_an_attempt_is_followed_by_what_its_error_allows(error, repeatable, decision):
    assert asked(error, repeatable=repeatable) == decision


def test_a_write_whose_token_could_not_be_fetched_was_not_carried_out_and_goes_out_again():
    error = api(errors.ServerError)
    error.unsent = True
    assert not possibly_done(error)
    assert asked(error) == Again(1.0)


def test_a_token_is_renewed_once():
    assert asked(api(errors.AuthenticationError, 401, renewable=True), renewed=True) == GiveUp()


def test_pauses_double_up_to_the_longest_one():
    pauses = [asked(lost(), attempt=attempt, attempts=9).after for attempt in range(1, 8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]


def test_pauses_are_spread_over_their_upper_half():
    decision = decide(
        lost(), repeatable=True, attempt=1, renewed=False, budget=RetryBudget(first_pause=4.0), spread=lambda: 0.0
    )
    assert decision == Again(2.0)


@pytest.mark.parametrize(("attempt", "decision"), [(3, Again(4.0)), (4, GiveUp()), (5, GiveUp())])
def test_the_last_attempt_is_the_last(attempt, decision):
    assert asked(lost(), attempt=attempt) == decision


def test_only_errors_that_say_nothing_about_the_thing_are_transient():
    kinds = {type(e).__name__ for e in ALL if transient(e)}
    assert kinds == {
        "TransportError", "OutcomeUnknown", "Throttled", "ServerError", "MalformedReply", "ConnectionMissing",
    }  # fmt: skip


ALL = [
    errors.ConfigurationError("x"),
    errors.ArgumentError("a", "b"),
    errors.ConnectionMissing("x"),
    lost(),
    lost(errors.OutcomeUnknown),
    errors.WatchFailed("x"),
    errors.WatchTimeout("x"),
    *(
        api(kind)
        for kind in (
            errors.AuthenticationError, errors.PermissionDenied, errors.NotFound, errors.InvalidRequest, errors.Conflict,
            errors.QuotaExceeded, errors.Throttled, errors.NotSupported, errors.ServerError, errors.MalformedReply,
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_every_error_makes_the_way_through_an_event(error):
    import json

    back = errors.error_from_event(json.loads(json.dumps(errors.error_to_event(error))))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert errors.mendable(back) == errors.mendable(error)


@pytest.mark.parametrize("event", [None, {}, [], "x", {"error": "NoSuchKind"}, {"error": "NotFound"}, {"error": 3}])
def test_an_error_that_cannot_be_read_is_a_failure_all_the_same(event):
    assert isinstance(errors.error_from_event(event), errors.WatchFailed)


def test_what_a_retry_of_the_task_can_mend():
    mended = {type(error).__name__ for error in ALL if errors.mendable(error)}
    assert mended == {
        "ConnectionMissing", "TransportError", "OutcomeUnknown", "WatchFailed", "WatchTimeout", "Conflict",
        "QuotaExceeded", "Throttled", "ServerError", "MalformedReply",
    }  # fmt: skip


def test_a_locked_key_opens_again_and_a_bug_is_not_ours_to_judge():
    assert errors.mendable(api(errors.AuthenticationError, 401, locked=True))
    assert errors.mendable(ZeroDivisionError())


def test_no_error_is_an_airflow_exception():
    from tests.support.airflow import AirflowException

    assert not any(isinstance(error, AirflowException) for error in ALL)


def test_an_error_shows_where_it_came_from():
    error = errors.NotFound(
        "no such thing", **ABOUT, status=404, code="E.1", request_id="r-1", hint="Check the id.", retry_after=None
    )
    assert str(error) == ("S o failed (POST /p, HTTP 404, code E.1, request id r-1): no such thing. Check the id.")
