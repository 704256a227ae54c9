from __future__ import annotations

import time

import pytest

from tests.emulator.clients import Enos
from tests.emulator.running import start_emulator


@pytest.fixture
def wind(emulator):
    return emulator.find("enos", "wind-1")


def code(answer):
    return answer.json().get("code", answer.json().get("status"))


class TestTokens:
    def test_the_same_token_is_given_until_it_expires(self, enos):
        first, second = enos.token().json(), enos.token().json()
        assert first["status"] == 0
        assert first["msg"] == "SUCCESS"
        assert first["business"] == "apim-token-service"
        assert first["data"]["accessToken"] == second["data"]["accessToken"]
        assert second["data"]["expire"] <= 7200

    def test_expire_is_what_is_left(self, enos, emulator):
        enos.token()
        token = emulator.world.enos_gateway.current[enos.key]
        token.expires = time.time() + 100.5
        assert enos.token().json()["data"]["expire"] in (99, 100)

    def test_a_new_token_is_given_after_the_old_one_expired(self, enos, emulator):
        first = enos.token().json()["data"]["accessToken"]
        emulator.world.enos_gateway.expire_all()
        second = enos.token().json()["data"]
        assert second["accessToken"] != first
        assert second["expire"] > 7000

    @pytest.mark.parametrize(
        ("members", "expected"),
        [
            ({"appKey": ...}, 1202),
            ({"appKey": ""}, 1202),
            ({"encryption": None}, 1202),
            ({"timestamp": ...}, 1202),
            ({"timestamp": "1700000000000"}, 1004),
            ({"timestamp": True}, 1004),
            ({"appKey": 5}, 1004),
            ({"appKey": "nobody"}, 1002),
            ({"encryption": "0" * 64}, 1003),
            ({"encryption": "ü"}, 1003),
        ],
    )
    def test_a_wrong_request_is_told_what_is_wrong(self, enos, emulator, members, expected):
        answer = enos.token(**members)
        assert (answer.status_code, answer.json()["status"]) == (200, expected)
        (call,) = emulator.journal(operation="get_token")
        assert (call["auth"], call["code"], call["status"]) == ("refused", expected, 200)

    def test_an_encryption_serves_once(self, enos):
        body = enos.token_body()
        assert enos.token(**body).json()["status"] == 0
        assert enos.token(**body).json()["status"] == 1001

    def test_a_refresh_replaces_the_token(self, enos, emulator, wind):
        old = enos.token().json()["data"]["accessToken"]
        enos.signed("", "")
        fresh = enos.token("refresh", accessToken=old).json()["data"]["accessToken"]
        assert fresh != old
        assert enos.list()["code"] == 1203
        assert enos.token("refresh", accessToken=old).json()["status"] == 1204
        assert enos.token("refresh").json()["status"] == 1202
        enos._token = fresh
        assert enos.list()["code"] == 0

    def test_a_refresh_may_leave_the_old_token_alive(self, enos, emulator):
        emulator.settings(enos_refresh_kills_old=False)
        old = enos.token().json()["data"]["accessToken"]
        enos.signed("", "")
        enos.token("refresh", accessToken=old)
        assert enos.list()["code"] == 0

    def test_an_expired_token_is_refused_with_1203(self, enos, emulator):
        enos.list()
        emulator.world.enos_gateway.expire_all()
        assert enos.list()["code"] == 1203
        assert emulator.journal()[-1]["auth"] == "refused"


class TestSignatures:
    def test_body_query_and_time_are_signed(self, enos, wind):
        headers = enos.signed("orgId=o&pageSize=1", "")
        url = f"{enos.url}/streaming/v2.0/streaming/pipelines"
        get = lambda query, **more: enos.session.get(f"{url}?{query}", headers={**headers, **more}, timeout=5).json()  # noqa: E731
        assert get("orgId=o&pageSize=1")["code"] == 0
        assert get("pageSize=1&orgId=o")["code"] == 0
        assert get("orgId=o&pageSize=2")["code"] == 1003
        assert get("orgId=o&pageSize=1", **{"apim-timestamp": "1700000000000"})["code"] == 1003
        assert get("orgId=o&pageSize=1", **{"apim-timestamp": "soon"})["code"] == 1004
        assert get("orgId=o&pageSize=1", **{"apim-signature": ""})["code"] == 1202
        assert get("orgId=o&pageSize=1", **{"apim-accesstoken": "made-up"})["code"] == 1203
        answer = enos.session.get(f"{url}?orgId=o&pageSize=1", headers=headers, data=b"{}", timeout=5)
        assert answer.json()["code"] == 1003

    def test_where_and_how_a_refusal_shows_can_be_switched(self, enos, emulator):
        emulator.settings(enos_gateway_member="status", enos_signature_code=1004, enos_failure_status=400)
        url = f"{enos.url}/streaming/v2.0/streaming/pipelines?orgId=x"
        answer = enos.session.get(url, headers=enos.signed("", ""), timeout=5)
        assert (answer.status_code, answer.json()["status"]) == (400, 1004)

    def test_skew_is_checked_when_it_is_switched_on(self, enos, emulator):
        old = str(int((time.time() - 400) * 1000))
        url = f"{enos.url}/streaming/v2.0/streaming/pipelines"
        ask = lambda: enos.session.get(f"{url}?orgId=o", headers=enos.signed("orgId=o", "", old), timeout=5).json()  # noqa: E731
        assert ask()["code"] == 0
        emulator.settings(enos_skew_seconds=300)
        assert ask()["code"] == 1003


class TestList:
    def test_the_default_page_has_ten_of_the_designed_ones(self, enos, emulator):
        answer = enos.call("GET", "pipelines").json()
        assert [one["pipelineName"] for one in answer["data"]["pipelines"]] == ["design-only"]
        assert "status" not in answer["data"]["pipelines"][0]
        released = enos.call("GET", "pipelines", ifReleased="True").json()["data"]
        assert len(released["pipelines"]) == 10
        assert released["count"] > 10

    def test_pages_hold_everything_once(self, enos):
        everything = list(enos.statuses())
        pages = [list(enos.statuses(pageSize=4, pageNo=number)) for number in range(1, 6)]
        assert [id for page in pages for id in page] == everything

    def test_system_pipelines_are_a_view_of_their_own(self, enos, emulator):
        system = {one["pipelineName"] for one in enos.list(isSystem="TRUE")["data"]["pipelines"]}
        assert system == {"data-reader", "data-writer"}
        emulator.settings(enos_system_view="all")
        assert len(enos.statuses(isSystem="true")) == 15

    @pytest.mark.parametrize("query", [{"pageSize": 0}, {"pageNo": 0}, {"pageSize": -1}, {"pageNo": "x"}])
    def test_pages_must_be_positive(self, enos, query):
        assert enos.list(**query)["code"] == 61176

    def test_count_and_page_limit_can_be_switched(self, enos, emulator):
        emulator.settings(enos_count="page", enos_max_page_size=5)
        data = enos.list()["data"]
        assert (data["count"], len(data["pipelines"])) == (5, 5)

    @pytest.mark.parametrize(("switch", "expected"), [("null", None), ("PUBLISHED", "PUBLISHED")])
    def test_a_design_copy_may_carry_a_status(self, enos, emulator, switch, expected):
        emulator.settings(enos_design_status=switch)
        (one,) = enos.list(ifReleased="false")["data"]["pipelines"]
        assert one["status"] == expected

    def test_an_organisation_must_be_named(self, enos):
        assert code(enos.call("GET", "pipelines", org="")) == 61102

    def test_another_organisation_has_nothing(self, enos, wind):
        assert enos.call("GET", "pipelines", org="o2").json()["data"] == {"count": 0, "pipelines": []}
        assert code(enos.call("GET", f"pipeline/{wind}", org="o2")) == 61108


class TestDetails:
    def test_details_have_no_status(self, enos, wind):
        data = enos.call("GET", f"pipeline/{wind}", ifReleased="true").json()["data"]
        assert data["pipelineName"] == "wind-1"
        assert "status" not in data

    def test_what_was_not_released_is_found_in_its_design_copy_only(self, enos, emulator):
        id = emulator.find("enos", "design-only")
        assert code(enos.call("GET", f"pipeline/{id}")) == 0
        assert code(enos.call("GET", f"pipeline/{id}", ifReleased="true")) == 61108
        assert code(enos.call("GET", "pipeline/nothing")) == 61108


class TestTransitions:
    @pytest.mark.parametrize(
        ("name", "action", "way", "goal", "seconds"),
        [
            ("wind-1", "pause", "PAUSING", "PAUSED", 10),
            ("wind-1", "stop", "STOPPING", "STOPPED", 10),
            ("solar-paused", "stop", "STOPPING", "STOPPED", 10),
            ("solar-paused", "start", "STARTING", "RUNNING", 20),
            ("solar-stopped", "start", "STARTING", "RUNNING", 20),
            ("solar-published", "start", "STARTING", "RUNNING", 20),
        ],
    )
    def test_a_change_goes_through_its_middle_state(self, enos, emulator, name, action, way, goal, seconds):
        id = emulator.find("enos", name)
        assert enos.act(action, id) == {"code": 0, "msg": "OK"}
        assert enos.statuses()[id] == way
        emulator.advance(seconds - 0.5)
        assert enos.statuses()[id] == way
        emulator.advance(0.5)
        assert enos.statuses()[id] == goal

    def test_the_middle_state_can_be_switched_off(self, enos, emulator, wind):
        emulator.settings(enos_transitional=False, enos_action_data="empty")
        assert enos.act("stop", wind) == {"code": 0, "msg": "OK", "data": ""}
        assert enos.statuses()[wind] == "RUNNING"
        emulator.advance(10)
        assert enos.statuses()[wind] == "STOPPED"

    def test_a_change_may_take_no_time(self, enos, emulator, wind):
        emulator.settings(enos_stop_seconds=0)
        enos.act("stop", wind)
        assert enos.statuses()[wind] == "STOPPED"

    @pytest.mark.parametrize(
        ("name", "action", "expected", "text"),
        [
            ("wind-1", "start", 61165, "[RUNNING]"),
            ("wind-1", "release", 61169, ""),
            ("solar-paused", "pause", 61152, "from [PAUSED] to Paused"),
            ("solar-stopped", "stop", 61152, "from [STOPPED] to Stopped"),
            ("solar-published", "stop", 61152, "from [PUBLISHED] to Stopped"),
            ("design-only", "start", 61108, ""),
            ("design-only", "pause", 61152, "[UNRELEASED]"),
        ],
    )
    def test_what_a_state_forbids_is_refused(self, enos, emulator, name, action, expected, text):
        answer = enos.act(action, emulator.find("enos", name))
        assert answer["code"] == expected
        assert text in answer["msg"]

    def test_a_transition_is_not_interrupted(self, enos, emulator, wind):
        enos.act("stop", wind)
        assert "[STOPPING]" in enos.act("start", wind)["msg"]
        assert "[STOPPING]" in enos.act("pause", wind)["msg"]

    def test_one_start_locks_out_the_others_of_the_organisation(self, enos, emulator):
        first, second = (emulator.find("enos", name) for name in ("solar-stopped", "solar-published"))
        enos.act("start", first)
        assert enos.act("start", second)["code"] == 61121
        emulator.advance(20)
        assert enos.act("start", second)["code"] == 0

    def test_the_lock_may_be_shorter_than_the_start(self, enos, emulator):
        emulator.settings(enos_start_lock_seconds=5)
        first, second = (emulator.find("enos", name) for name in ("solar-stopped", "solar-published"))
        enos.act("start", first)
        emulator.advance(5)
        assert enos.act("start", second)["code"] == 0
        assert enos.statuses()[first] == "STARTING"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            {"executionMode": 0},
            {"executionMode": 2, "kafkaRate": 1},
            {"executionMode": True, "kafkaRate": 1},
            {"executionMode": 0, "kafkaRate": "x"},
            {"executionMode": 0, "kafkaRate": 1, "resourceConfig": 2},
        ],
    )
    def test_a_start_needs_its_settings(self, enos, emulator, body):
        id = emulator.find("enos", "solar-stopped")
        answer = enos.call("POST", f"pipeline/{id}", body, action="start")
        assert code(answer) == 61100

    def test_a_start_remembers_its_settings(self, enos, emulator):
        id = emulator.find("enos", "solar-stopped")
        enos.act("start", id, {"executionMode": "1", "kafkaRate": "500", "resourceConfig": {"server": "0.5"}})
        row = next(one for one in enos.list()["data"]["pipelines"] if one["pipelineId"] == id)
        assert (row["executionMode"], row["resourceConfig"]) == (1, '{"server": "0.5"}')

    @pytest.mark.parametrize(("name", "status"), [("solar-stopped", "PUBLISHED"), ("design-only", "PUBLISHED")])
    def test_a_release_publishes(self, enos, emulator, name, status):
        id = emulator.find("enos", name)
        assert enos.act("release", id)["code"] == 0
        assert enos.statuses()[id] == status

    def test_a_release_may_keep_the_status(self, enos, emulator):
        emulator.settings(enos_release_status="kept")
        id = emulator.find("enos", "solar-paused")
        enos.act("release", id)
        assert enos.statuses()[id] == "PAUSED"

    def test_an_unknown_action_is_no_route(self, enos, emulator, wind):
        assert enos.call("POST", f"pipeline/{wind}", action="resume").status_code == 404
        assert emulator.journal()[-1]["operation"] is None
        assert emulator.journal()[-1]["service"] == "enos"


class TestOffsets:
    def test_lag_is_told_of_what_runs(self, enos, emulator):
        id = emulator.find("enos", "wind-heavy")
        data = enos.call("GET", f"pipeline/{id}/offset-lag").json()["data"]
        assert [one["lag"] for one in data["lagAndOffset"]] == [1200]

    @pytest.mark.parametrize(("switch", "expected"), [("empty", 0), ("error", 99000), ("last", 0)])
    def test_lag_of_what_does_not_run_can_be_switched(self, enos, emulator, switch, expected):
        emulator.settings(enos_lag_of_idle=switch)
        id = emulator.find("enos", "solar-stopped")
        answer = enos.call("GET", f"pipeline/{id}/offset-lag").json()
        assert answer["code"] == expected
        if not expected:
            assert len(answer["data"]["lagAndOffset"]) == (switch == "last")

    def test_an_offset_is_reset_only_while_nothing_runs(self, enos, emulator, wind):
        assert code(enos.call("POST", f"pipeline/{emulator.find('enos', 'solar-paused')}/offset")) == 0
        assert code(enos.call("POST", f"pipeline/{wind}/offset")) == 61152


def test_a_seed_lets_calls_be_refused_and_starts_fail():
    pipelines = {
        "p1": {"name": "a", "status": "STOPPED", "refuses_start": 1, "fails_start": 1, "start_seconds": 3},
        "p2": {"name": "b", "status": "RUNNING", "refuses_pause": 1, "refuses_stop": 1, "stop_seconds": 2},
        "p3": {"name": "c", "status": "STARTING"},
    }
    with start_emulator({"enos": {"orgs": {"o1": {"pipelines": pipelines, "start_lock": 1}}}}) as emulator:
        enos = Enos(emulator)
        assert enos.org == "o1"
        assert enos.act("start", "p1")["code"] == 61121
        emulator.advance(1)
        assert enos.act("start", "p1")["code"] == 61126
        assert enos.act("start", "p1")["code"] == 0
        assert enos.act("pause", "p2")["code"] == 61152
        assert enos.act("stop", "p2")["code"] == 61122
        assert enos.act("stop", "p2")["code"] == 0
        emulator.advance(2)
        assert enos.statuses() == {"p1": "STARTING", "p2": "STOPPED", "p3": "STARTING"}
        emulator.advance(1)
        assert enos.act("start", "p1")["code"] == 0
        emulator.advance(20)
        assert enos.statuses() == {"p1": "RUNNING", "p2": "STOPPED", "p3": "RUNNING"}
