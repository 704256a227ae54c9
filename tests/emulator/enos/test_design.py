"""EnOS: saving, resources, the memory of stages, and what the sheets leave open."""

from __future__ import annotations

import base64

import pytest

from tests.emulator.clients import Enos
from tests.emulator.running import start_emulator

BODY = {"name": "made", "desc": "d", "version": "0.2.0", "templateType": 1, "pipelineJson": {"points": [{"a": 1}]}}


def detail(enos, id, released="false"):
    return enos.call("GET", f"pipeline/{id}", ifReleased=released).json().get("data")


class TestSave:
    def test_a_pipeline_is_created_released_and_started(self, enos, emulator):
        id = enos.act("save", "null", BODY)["data"]
        assert id not in enos.statuses()
        assert id in enos.statuses(ifReleased="false")
        assert detail(enos, id, "true") is None
        assert enos.act("start", id)["code"] == 61108
        assert enos.act("release", id)["code"] == 0
        assert enos.statuses()[id] == "PUBLISHED"
        assert enos.act("start", id)["code"] == 0

    def test_what_is_saved_is_released_later(self, enos, emulator):
        id = emulator.find("enos", "solar-stopped")
        assert enos.act("save", id, {**BODY, "templateName": "T"}) == {"code": 0, "msg": "OK", "data": id}
        assert (detail(enos, id, "true")["pipelineName"], detail(enos, id)["pipelineName"]) == ("solar-stopped", "made")
        assert enos.act("save", id, {"desc": "again"})["code"] == 0
        state = emulator.state()
        with start_emulator(state) as other:
            assert other.state() == state
        enos.act("release", id)
        shown = detail(enos, id, "true")
        assert (shown["pipelineName"], shown["desc"], shown["pipelineJson"]) == ("made", "again", BODY["pipelineJson"])
        assert shown["templateName"] == {"en_us": "T", "zh_cn": "T"}

    def test_what_was_never_released_is_changed_at_once(self, enos, emulator):
        id = emulator.find("enos", "design-only")
        enos.act("save", id, BODY)
        assert detail(enos, id)["pipelineName"] == "made"

    @pytest.mark.parametrize(("switch", "name"), [("both", "made"), ("name", "made"), ("pipelineName", "other")])
    def test_which_member_names_it_can_be_switched(self, enos, emulator, switch, name):
        emulator.settings(enos_save_name=switch)
        id = enos.act("save", "null", {**BODY, "pipelineName": "other"})["data"]
        assert detail(enos, id)["pipelineName"] == name

    @pytest.mark.parametrize(
        "body",
        [[], {"name": 1}, {"templateType": "x"}, {"messageChannel": []}, {"pipelineJson": "x"}, {"templateName": 1}],
    )
    def test_a_body_must_be_as_documented(self, enos, emulator, body):
        assert enos.act("save", emulator.find("enos", "solar-stopped"), body)["code"] == 61100

    def test_an_unknown_pipeline_or_organisation_is_refused(self, enos):
        assert enos.act("save", "nobody", BODY)["code"] == 61108
        assert enos.call("POST", "pipeline/null", BODY, org="other", action="save").json()["code"] == 61112

    def test_a_seed_lets_a_save_fail(self):
        seed = {"enos": {"orgs": {"o": {"pipelines": {"p": {"name": "p", "refuses_save": 1}}}}}}
        with start_emulator(seed) as emulator:
            enos = Enos(emulator)
            assert [enos.act("save", "p", BODY)["code"] for _ in range(2)] == [61112, 0]

    @pytest.mark.parametrize(("switch", "listed"), [("unreleased", False), ("all", True)])
    def test_whether_design_copies_of_what_was_released_are_listed_can_be_switched(
        self, enos, emulator, switch, listed
    ):
        emulator.settings(enos_design_view=switch)
        rows = enos.statuses(ifReleased="false")
        id = emulator.find("enos", "solar-stopped")
        assert (id in rows) is listed
        assert rows.get(id) is None


class TestResources:
    @pytest.fixture
    def small(self):
        pipelines = {name: {"name": name, "status": "STOPPED", "start_seconds": 0} for name in ("a", "b")}
        pipelines["system"] = {"name": "system", "is_system": True, "status": "STOPPED", "start_seconds": 0}
        orgs = {"o": {"pipelines": pipelines, "modes": [0], "quota": {"0": 3}}}
        with start_emulator({"enos": {"orgs": orgs}}) as emulator:
            yield Enos(emulator), emulator

    def start(self, enos, id, mode=0, **more):
        return enos.act("start", id, {"executionMode": mode, "kafkaRate": 1, **more})["code"]

    def test_what_the_mode_has_not_got_is_refused(self, small):
        enos, emulator = small
        assert self.start(enos, "a", resourceConfig={"server": 2}) == 0
        assert self.start(enos, "b", resourceConfig={"server": "1.5"}) == 61126
        assert self.start(enos, "b", resourceConfig={"server": 1}) == 0
        enos.act("stop", "a")
        emulator.advance(10)
        enos.act("stop", "b")
        emulator.advance(10)
        assert self.start(enos, "b", resourceConfig={"server": 3}) == 0
        state = emulator.state()
        assert state["enos"]["orgs"]["o"]["quota"] == {"0": 3.0}
        with start_emulator(state) as other:
            assert other.state() == state

    def test_a_mode_that_was_not_requested_is_refused(self, small):
        enos, _ = small
        assert self.start(enos, "a", mode=1) == 61128

    @pytest.mark.parametrize(
        ("config", "code"),
        [
            ({"yarn": {"workerCount": 2, "master": 1, "slave": 1}}, 0),
            ({"yarn": {"workerCount": 2, "master": 1, "slave": 2}}, 61126),
            ({"yarn": {"workerCount": "x"}}, 61100),
            ({"server": True}, 61100),
            ({"advanced": []}, 0),
        ],
    )
    def test_a_cluster_needs_the_sum_of_its_parts(self, small, config, code):
        assert self.start(small[0], "a", resourceConfig=config) == code

    def test_system_pipelines_may_have_to_run_first(self, small):
        enos, emulator = small
        emulator.settings(enos_system_first=True)
        assert self.start(enos, "a") == 61165
        assert self.start(enos, "system") == 0
        assert self.start(enos, "a") == 0


class TestStageStates:
    @pytest.fixture
    def asked(self, emulator):
        return {
            "pipelineId": emulator.find("enos", "solar-paused"),
            "stageInstanceName": "LatePointTagger_01",
            "assetIds": "turbine-1,turbine-3",
            "pointIds": "power",
        }

    def test_what_is_asked_for_is_given_and_forgotten(self, enos, emulator, asked):
        items = enos.stage_state("get", asked)["data"]["items"]
        assert items == [{"assetId": "turbine-1", "pointId": "power", "time": 1735689600}]
        assert enos.stage_state("delete", asked) == {"code": 0, "msg": "OK", "data": True}
        assert enos.stage_state("delete", asked)["data"] is False
        assert enos.stage_state("get", asked)["data"]["items"] == []
        assert len(enos.stage_state("get", {**asked, "assetIds": "turbine-2"})["data"]["items"]) == 1
        assert emulator.journal()[-1]["ids"] == [asked["pipelineId"]]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"pipelineId": "nobody"}, 61106),
            ({"stageInstanceName": "Unknown_01"}, 61107),
            ({"assetIds": ""}, 61102),
            ({"pointIds": None}, 61102),
        ],
    )
    def test_a_question_must_be_as_documented(self, enos, asked, change, code):
        for call in ("get", "delete"):
            assert enos.stage_state(call, {**asked, **change})["code"] == code
        assert enos.stage_state("get", [])["code"] == 61102

    def test_a_stage_that_remembers_nothing_has_no_items(self, enos, asked):
        assert enos.stage_state("get", {**asked, "stageInstanceName": "RecordCapturer_01"})["data"]["items"] == []

    @pytest.mark.parametrize(("switch", "code"), [("product", 61105), ("points", 0)])
    def test_what_is_limited_can_be_switched(self, enos, emulator, asked, switch, code):
        emulator.settings(enos_state_limit=1, enos_state_limit_of=switch)
        assert enos.stage_state("get", asked)["code"] == code

    @pytest.mark.parametrize("code", [61199, 61152])
    def test_the_code_for_what_runs_can_be_switched(self, enos, emulator, asked, code):
        emulator.settings(enos_delete_state_code=code)
        running = {**asked, "pipelineId": emulator.find("enos", "wind-1")}
        assert enos.stage_state("delete", running)["code"] == code
        assert enos.stage_state("get", running)["code"] == 0

    @pytest.mark.parametrize(("switch", "code"), [(True, 0), (False, 61199)])
    def test_whether_a_stopped_pipeline_forgets_can_be_switched(self, enos, emulator, asked, switch, code):
        emulator.settings(enos_delete_state_stopped=switch)
        stopped = {**asked, "pipelineId": emulator.find("enos", "solar-stopped")}
        assert enos.stage_state("delete", stopped)["code"] == code

    def test_data_may_be_a_list(self, enos, emulator, asked):
        emulator.settings(enos_state_data="list")
        assert [one["assetId"] for one in enos.stage_state("get", asked)["data"]] == ["turbine-1"]


class TestSwitches:
    def test_data_of_a_read_may_come_in_a_list(self, enos, emulator):
        emulator.settings(enos_data="list")
        (data,) = enos.list()["data"]
        assert data["count"]

    @pytest.mark.parametrize(("switch", "kind"), [("number", int), ("text", str)])
    def test_lag_and_offset_may_be_text(self, enos, emulator, switch, kind):
        emulator.settings(enos_lag_type=switch)
        id = emulator.find("enos", "wind-heavy")
        (entry,) = enos.call("GET", f"pipeline/{id}/offset-lag").json()["data"]["lagAndOffset"]
        assert (type(entry["lag"]), type(entry["offset"]), type(entry["ts"])) == (kind, kind, int)

    @pytest.mark.parametrize("code", [61152, 61168])
    def test_the_code_of_resetting_what_runs_can_be_switched(self, enos, emulator, code):
        emulator.settings(enos_reset_code=code)
        id = emulator.find("enos", "wind-1")
        assert enos.call("POST", f"pipeline/{id}/offset").json()["code"] == code

    @pytest.mark.parametrize("switch", ["left", "initial"])
    def test_what_a_token_says_of_its_life_time_can_be_switched(self, enos, emulator, switch):
        emulator.settings(enos_expire=switch)
        text = enos.token().json()["data"]["accessToken"]
        emulator.world.enos_gateway.given[text].expires -= 3000
        again = enos.token().json()["data"]
        assert again["accessToken"] == text
        assert (again["expire"] < 5000) is (switch == "left")

    @pytest.mark.parametrize(("allowed", "length", "code"), [(True, 256, 0), (True, 255, 1202), (False, 256, 1202)])
    def test_a_sealed_token_needs_no_signature_where_it_is_taken(self, enos, emulator, allowed, length, code):
        emulator.settings(enos_poseidon=allowed)
        url = f"{enos.url}/streaming/v2.0/streaming/pipelines?orgId={enos.org}"
        headers = {"apim-accesstoken": base64.b64encode(b"x" * length).decode()}
        assert enos.session.get(url, headers=headers, timeout=5).json()["code"] == code
        headers = {"apim-accesstoken": "*" * 344}
        assert enos.session.get(url, headers=headers, timeout=5).json()["code"] == 1202

    def test_a_sealed_token_may_expire(self, enos, emulator):
        emulator.settings(enos_poseidon=True)
        emulator.fault("enos", "list_pipelines", "expire_token")
        url = f"{enos.url}/streaming/v2.0/streaming/pipelines?orgId={enos.org}"
        headers = {"apim-accesstoken": base64.b64encode(b"x" * 256).decode()}
        assert enos.session.get(url, headers=headers, timeout=5).json()["code"] == 1203
