"""The operations of EnOS by hand: what they ask for, and how its answers read."""

import json
from pathlib import Path

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http.calls import Acquire, MaskSecret, Reply, Request, SignedRequest, Sleep
from airflow_provider_pipelines.core.http.identity import Identity
from airflow_provider_pipelines.core.http.paging import TRIES
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.enos.api.access import EnosScheme, Keys
from airflow_provider_pipelines.enos.api.pipelines import EnosApi, start_body
from airflow_provider_pipelines.enos.flows.pipelines import look_pipelines

SAMPLES = Path(__file__).parents[1] / "samples" / "enos"
NOW = 1_700_000_000.0


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


def scheme():
    return EnosScheme(Keys("https://gateway.example.com", "key", "secret"), Identity())


def reply(body, status=200, **headers):
    return Reply(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def read(body, operation="pause_pipeline", status=200, **headers):
    return scheme().read(Request(operation, "POST", "/p"), reply(body, status, **headers), NOW)


def run(call, answers):
    """Run a call; each request takes the next answer, already read."""
    asked = []
    try:
        effect = next(call)
        while True:
            if isinstance(effect, Sleep):
                effect = next(call)
                continue
            asked.append(effect)
            came = answers.pop(0)
            effect = call.throw(came) if isinstance(came, Exception) else call.send(came)
    except StopIteration as end:
        return asked, end.value


@pytest.mark.parametrize(
    "name", ["start_pipeline", "pause_pipeline", "stop_pipeline", "release_pipeline", "reset_pipeline_offset"]
)
def test_the_documented_answer_of_an_action_is_a_success(name):
    assert read(sample(f"{name}.response"), name) is None


@pytest.mark.parametrize(
    "envelope", [{"code": 0}, {"code": "0", "msg": " OK"}, {"status": 0, "data": 1}, {"code": 0, "data": ""}]
)
def test_zero_is_success_whatever_the_text_says(envelope):
    assert read(envelope) == envelope.get("data")


@pytest.mark.parametrize(
    ("envelope", "kind", "code"),
    [
        (sample("error.61108.response.constructed"), errors.NotFound, "61108"),
        (sample("error.61121.response.constructed"), errors.Conflict, "61121"),
        (sample("error.61152.response.constructed"), errors.Conflict, "61152"),
        (sample("error.61165.response.constructed"), errors.Conflict, "61165"),
        ({"code": "61108"}, errors.NotFound, "61108"),
        ({"code": 61126}, errors.QuotaExceeded, "61126"),
        ({"code": 61128}, errors.PermissionDenied, "61128"),
        ({"code": 61100}, errors.InvalidRequest, "61100"),
        ({"code": 99000}, errors.ServerError, "99000"),
        ({"code": 61122}, errors.ServerError, "61122"),
        ({"code": 4242, "msg": None}, errors.InvalidRequest, "4242"),
        ({"code": 1203}, errors.AuthenticationError, "1203"),
        ({"apim_status": 4011, "code": 0}, errors.AuthenticationError, "4011"),
        ({"apim_status": 4012}, errors.AuthenticationError, "4012"),
        ({"status": 1003}, errors.AuthenticationError, "1003"),
        ({"code": 1001}, errors.Throttled, "1001"),
        ({"code": None}, errors.MalformedReply, None),
        ({"code": True}, errors.MalformedReply, None),
        ({"code": "OK"}, errors.MalformedReply, None),
        ({"code": 0.0}, errors.MalformedReply, None),
        ({}, errors.MalformedReply, None),
        ([], errors.MalformedReply, None),
        (None, errors.MalformedReply, None),
        (b"", errors.MalformedReply, None),
        (b"<html>", errors.MalformedReply, None),
        (b'{"code": 0', errors.MalformedReply, None),
    ],
)
def test_an_error_in_an_answer_is_never_a_success(envelope, kind, code):
    with pytest.raises(kind) as caught:
        read(envelope)
    assert caught.value.code == code
    assert caught.value.operation == "pause_pipeline"


@pytest.mark.parametrize(
    ("status", "kind", "renewable"),
    [
        (301, errors.MalformedReply, False), (400, errors.InvalidRequest, False), (401, errors.AuthenticationError, True),
        (403, errors.PermissionDenied, True), (404, errors.PlaceNotFound, False), (408, errors.ServerError, False),
        (429, errors.Throttled, False), (500, errors.ServerError, False), (503, errors.ServerError, False),
    ],
)  # fmt: skip
def test_the_http_status_counts_before_the_body(status, kind, renewable):
    with pytest.raises(kind) as caught:
        read({"code": 0}, status=status)
    assert caught.value.renewable is renewable


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header, seconds):
    with pytest.raises(errors.Throttled) as caught:
        read({}, status=429, **{"retry-after": header})
    assert caught.value.retry_after == seconds


def test_a_refused_state_is_read_from_the_text():
    with pytest.raises(errors.Conflict) as caught:
        read(sample("error.61152.response.constructed"))
    assert caught.value.state == "STOPPED"
    with pytest.raises(errors.Conflict) as caught:
        read({"code": 61152, "msg": "no state in here"})
    assert caught.value.state is None


def test_a_wrong_key_tells_of_a_clock_that_is_off():
    with pytest.raises(errors.AuthenticationError, match=r"clock is \+600 s off"):
        read({"status": 1003}, "get_token", date="Tue, 14 Nov 2023 22:23:20 GMT")
    with pytest.raises(errors.AuthenticationError) as caught:
        read({"status": 1003}, "get_token", date="Tue, 14 Nov 2023 22:13:20 GMT")
    assert "clock" not in str(caught.value)
    assert not caught.value.renewable


def tokens(given, times=(NOW,)):
    """Run the signing of one request against scripted answers of the token service."""
    moments = list(times)
    call = scheme().sign(Request("pause_pipeline", "POST", "/p", (("orgId", "o1"),)), lambda: moments[0])
    effect, sent = next(call), []
    try:
        while True:
            sent.append(effect)
            if isinstance(effect, SignedRequest):
                came = given.pop(0)
                effect = call.throw(came) if isinstance(came, Exception) else call.send(reply(came))
            else:
                if isinstance(effect, Acquire):
                    effect.gate.enter(lambda: None)
                effect = call.send(None)
    except StopIteration as end:
        return sent, end.value


def test_a_token_is_fetched_told_to_the_masker_and_used():
    sent, wire = tokens([sample("token_get.response")])
    assert [type(effect) for effect in sent] == [Acquire, SignedRequest, MaskSecret]
    assert wire.headers["apim-accesstoken"] == "Generated_Access_Token"
    assert wire.url == "https://gateway.example.com/p?orgId=o1"


def test_a_proof_that_was_used_already_is_made_anew():
    sent, wire = tokens([{"status": 1001}, {"status": 1005}, sample("token_get.response")])
    bodies = [json.loads(effect.body) for effect in sent if isinstance(effect, SignedRequest)]
    assert len({body["encryption"] for body in bodies}) == 3
    assert len({body["timestamp"] for body in bodies}) == 3
    assert any(isinstance(effect, Sleep) for effect in sent)
    assert wire.headers["apim-accesstoken"]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([{"status": 1001}] * 4, errors.Throttled),
        ([{"status": 1002}], errors.AuthenticationError),
        ([{"status": 0, "data": {}}], errors.MalformedReply),
        ([{"status": 0, "data": None}], errors.MalformedReply),
        ([{"status": 0, "data": {"accessToken": "", "expire": 1}}], errors.MalformedReply),
        ([{"status": 0, "data": {"accessToken": "t", "expire": True}}], errors.MalformedReply),
        ([{"status": 0, "data": {"accessToken": "t", "expire": "7200"}}], errors.MalformedReply),
        ([Undelivered("cut", sent=True)], errors.TransportError),
    ],
)
def test_a_token_service_that_gives_none_is_an_error(answers, kind):
    with pytest.raises(kind) as caught:
        tokens(list(answers))
    assert type(caught.value) is kind
    assert caught.value.operation == "get_token"


def test_a_refresh_names_the_token_it_replaces():
    call = scheme().refresh_token(lambda: NOW, "old")
    wire = next(call)
    assert wire.url.endswith("/apim-token-service/v2.0/token/refresh")
    assert json.loads(wire.body)["accessToken"] == "old"
    with pytest.raises(StopIteration) as end:
        call.send(reply(sample("token_refresh.response")))
    assert end.value.value == ("Refreshed_Access_Token", 7200.0)


def page(*ids, count=None):
    return {
        "count": len(ids) if count is None else count,
        "pipelines": [{"pipelineId": id, "status": "RUNNING"} for id in ids],
    }


def test_the_documented_list_is_read():
    data = sample("list_pipelines.response.constructed")["data"]
    asked, found = run(EnosApi("o1").list_pipelines(), [data])
    assert [(entry.pipelineName, entry.status, entry.executionMode) for entry in found] == [("Demo", "RUNNING", 0)]
    assert dict(asked[0].query) == {
        "orgId": "o1", "ifReleased": "true", "isSystem": "false", "pageNo": "1", "pageSize": "100",
    }  # fmt: skip


def test_the_first_part_of_a_list_without_end_is_not_taken_for_the_whole(monkeypatch):
    monkeypatch.setattr("airflow_provider_pipelines.core.http.paging.MOST_PAGES", 2)
    with pytest.raises(errors.MalformedReply, match="the list goes on behind page 2"):
        run(EnosApi("o1").list_pipelines(), [page("a", count=3), page("b", count=3)])


def test_all_pages_are_read_also_where_the_service_makes_them_shorter():
    full = [str(n) for n in range(100)]
    asked, found = run(
        EnosApi("o1").list_pipelines(), [page(*full, count=102), page("a", "b", count=102), page(*full, count=102)]
    )
    assert (len(asked), len(found)) == (3, 102)
    asked, found = run(EnosApi("o1").list_pipelines(), [page(id, count=3) for id in "abcba"])
    assert [entry.pipelineId for entry in found] == ["a", "b", "c"]


def test_a_count_may_be_about_the_page():
    full = [str(n) for n in range(100)]
    asked, found = run(EnosApi("o1").list_pipelines(), [page(*full), page("a", "b"), page(*full)])
    assert (len(asked), len(found)) == (3, 102)


def test_paging_ends_where_nothing_new_comes_whatever_the_count_says():
    with pytest.raises(errors.ListChanged):
        run(EnosApi("o1").list_pipelines(), [page("a", count=99)] * 2 * TRIES)
    _, found = run(EnosApi("o1").list_pipelines(False, True), [[page()]])
    assert found == []


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"pipelines": None},
        {"pipelines": [{}]},
        {"pipelines": ["a"]},
        {"pipelines": [{"pipelineId": None}]},
    ],
)
def test_a_list_of_another_shape_is_no_empty_list(data):
    with pytest.raises(errors.MalformedReply):
        run(EnosApi("o1").list_pipelines(), [data])


def test_unknown_fields_and_words_are_kept():
    data = {"pipelines": [{"pipelineId": 7, "status": "DREAMING", "new": {"a": 1}}], "count": "many"}
    # a count that cannot be read does not tell that there is no more
    _, (entry,) = run(EnosApi("o1").list_pipelines(), [data, {"pipelines": []}, data])
    assert (entry.pipelineId, entry.status, entry.new) == ("7", "DREAMING", {"a": 1})


def test_a_status_is_looked_for_among_user_and_system_pipelines():
    asked, status = run(EnosApi("o1").get_status("x"), [page("a"), page("x")])
    assert status == "RUNNING"
    assert [dict(request.query)["isSystem"] for request in asked] == ["false", "true"]


def test_a_pipeline_is_absent_once_both_views_are_whole():
    with pytest.raises(errors.NotFound, match="user and system ones searched"):
        run(EnosApi("o1").get_status("x"), [page("a"), page()])
    cut = page(*[str(n) for n in range(100)], count=150)
    moved = page(*[str(n) for n in range(101, 150)], count=150)
    whole = [page(*[str(n) for n in range(100)], count=101), page("x", count=101)]
    _, status = run(EnosApi("o1").get_status("x"), [cut, moved, page(count=150), *whole])
    assert status == "RUNNING"


def test_a_look_ends_with_the_page_that_has_what_is_wanted():
    full = [str(n) for n in range(100)]
    asked, seen = run(look_pipelines(EnosApi("o1"), ["5"]), [page(*full, count=500)])
    assert len(asked) == 1
    assert seen["5"].status == "RUNNING"


def test_details_are_read_and_may_come_in_a_list():
    data = sample("get_pipeline_details.response.partial")["data"]
    id = data["pipelineId"]
    asked, details = run(EnosApi("o1").get_pipeline_details(id, False), [data])
    assert details.messageChannel == "0"
    assert dict(asked[0].query)["ifReleased"] == "false"
    _, again = run(EnosApi("o1").get_pipeline_details(id), [[data]])
    with pytest.raises(errors.MalformedReply, match="pipeline x was asked for"):
        run(EnosApi("o1").get_pipeline_details("x"), [data])
    assert again.pipelineName == "Demo"
    with pytest.raises(errors.MalformedReply):
        run(EnosApi("o1").get_pipeline_details("x"), [[]])


@pytest.mark.parametrize("name", ["standalone", "cluster"])
def test_the_documented_start_is_sent(name):
    body = sample(f"start_pipeline.{name}.request")
    asked, _ = run(
        EnosApi("o1").start_pipeline("x", body["executionMode"], body["kafkaRate"], body["resourceConfig"]), [None]
    )
    assert json.loads(asked[0].body) == body
    assert dict(asked[0].query) == {"action": "start", "orgId": "o1"}
    assert not asked[0].repeatable


def test_numbers_may_be_text_as_in_the_vendors_older_sample():
    body = sample("start_pipeline.standalone_strings.request")
    made = start_body(body["executionMode"], body["kafkaRate"], body["resourceConfig"])
    assert made == {"executionMode": 0, "kafkaRate": 500, "resourceConfig": {"server": "0.5"}}


@pytest.mark.parametrize("action", ["pause", "stop"])
def test_an_action_without_settings_has_no_body(action):
    asked, _ = run(getattr(EnosApi("o1"), f"{action}_pipeline")("x-1"), [None])
    assert asked[0].body is None
    assert asked[0].path == "/streaming/v2.0/streaming/pipeline/x-1"
    assert dict(asked[0].query) == {"action": action, "orgId": "o1"}


@pytest.mark.parametrize("name", ["save_pipeline.request.partial", "save_pipeline.official_python_sample.request"])
def test_the_documented_pipeline_is_saved(name):
    body = sample(name)
    asked, id = run(EnosApi("o1").save_pipeline(body=body), [sample("save_pipeline.response.constructed")["data"]])
    assert asked[0].path.endswith("/pipeline/null")
    assert dict(asked[0].query) == {"action": "save", "orgId": "o1"}
    assert json.loads(asked[0].body) == body
    assert id == "565c0114-9585-4372-86d1-50dde5ab8ce4"
    asked, _ = run(EnosApi("o1").save_pipeline("x-1", body=body), ["x-1"])
    assert asked[0].path.endswith("/pipeline/x-1")


@pytest.mark.parametrize("data", [None, "", 7, {}, []])
def test_a_saved_pipeline_without_an_id_is_no_success(data):
    with pytest.raises(errors.MalformedReply):
        run(EnosApi("o1").save_pipeline(body={"name": "a"}), [data])


@pytest.mark.parametrize("body", [None, {}, "x", 3, [1], {"a": float("inf")}])
def test_a_pipeline_that_is_none_is_not_saved(body):
    with pytest.raises(errors.ArgumentError, match="body"):
        run(EnosApi("o1").save_pipeline(body=body), [])


def test_the_documented_lag_is_read():
    data = sample("get_pipeline_offset_lag.response")["data"]
    asked, lag = run(EnosApi("o1").get_pipeline_offset_lag("x"), [data])
    assert [entry.lag for entry in lag.lagAndOffset] == [0, 0]
    assert lag.topicName.startswith("MEASURE_POINT")
    assert (asked[0].method, asked[0].repeatable) == ("GET", True)
    _, text = run(EnosApi("o1").get_pipeline_offset_lag("x"), [[{"lagAndOffset": [{"lag": "5", "offset": "9"}]}]])
    assert text.lagAndOffset[0].lag == 5
    for broken in (None, [], {}, {"lagAndOffset": None}, {"lagAndOffset": [{"lag": "many"}]}):
        with pytest.raises(errors.MalformedReply):
            run(EnosApi("o1").get_pipeline_offset_lag("x"), [broken])


@pytest.mark.parametrize("action", ["get", "delete"])
def test_the_documented_stage_state_is_asked_for(action):
    body = sample(f"{action}_stage_state.request")
    answer = sample("get_stage_state.response.partial" if action == "get" else "delete_stage_state.response")["data"]
    call = getattr(EnosApi("o1"), f"{action}_stage_state")
    asked, came = run(call("yourPipelineId", "yourStageInstanceName", "yourAssetIds", ["yourPointIds"]), [answer])
    assert json.loads(asked[0].body) == body
    assert dict(asked[0].query) == {"action": action, "orgId": "o1"}
    assert asked[0].repeatable is (action == "get")
    assert came is True if action == "delete" else came[0].modelId == "modelId"


def test_a_stage_state_of_another_shape_is_no_success():
    api = EnosApi("o1")
    _, items = run(api.get_stage_state("x", "S_01", "a, b", ["p"]), [[{"assetId": "a", "time": 1}]])
    assert items[0].assetId == "a"
    for broken in (None, {}, {"items": 3}, "x", [3]):
        with pytest.raises(errors.MalformedReply):
            run(api.get_stage_state("x", "S_01", "a", "p"), [broken])
    for broken in (None, "", "perhaps", 1, {}):
        with pytest.raises(errors.MalformedReply):
            run(api.delete_stage_state("x", "S_01", "a", "p"), [broken])
    assert run(api.delete_stage_state("x", "S_01", "a", "p"), ["false"])[1] is False


@pytest.mark.parametrize(
    ("assets", "points", "argument"),
    [
        ([], ["p"], "asset_ids"),
        ("a,,b", "p", "asset_ids"),
        (["a"], None, "point_ids"),
        (["a"], [1], "point_ids"),
        (["a,b"], "p", "asset_ids"),
        (["a"] * 400, ["p"] * 251, "point_ids"),
    ],
    ids=str,
)
def test_what_is_asked_of_a_stage_is_checked(assets, points, argument):
    with pytest.raises(errors.ArgumentError, match=argument):
        run(EnosApi("o1").get_stage_state("x", "S_01", assets, points), [])


def test_release_and_offset_have_no_body():
    asked, _ = run(EnosApi("o1").release_pipeline("x"), [None])
    assert (dict(asked[0].query)["action"], asked[0].body) == ("release", None)
    asked, _ = run(EnosApi("o1").reset_pipeline_offset("x"), [None])
    assert (dict(asked[0].query), asked[0].path.rpartition("/")[2]) == ({"orgId": "o1"}, "offset")
