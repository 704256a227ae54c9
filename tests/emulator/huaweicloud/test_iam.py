from __future__ import annotations

import time

import pytest

from airflow_provider_pipelines.emulator import credentials
from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator


def password_body(scope=None, **user):
    user = {
        "name": credentials.IAM_USER,
        "password": credentials.IAM_PASSWORD,
        "domain": {"name": credentials.IAM_ACCOUNT},
        **user,
    }
    identity = {"methods": ["password"], "password": {"user": user}}
    return {"auth": {"identity": identity, **({"scope": scope} if scope else {})}}


def ask(huawei, body, **query):
    huawei.token = huawei.token or "none"
    return huawei.call("POST", "/v3/auth/tokens", body, **query)


REGION = {"project": {"name": credentials.REGION}}


class TestTokens:
    def test_a_password_gives_a_token_in_a_header(self, huawei, emulator):
        answer = ask(huawei, password_body(REGION))
        token = answer.json()["token"]
        assert answer.status_code == 201
        assert answer.headers["X-Subject-Token"].startswith("MII")
        assert token["project"]["id"] == huawei.project
        assert token["expires_at"][-1] == token["issued_at"][-1] == "Z"
        assert token["catalog"]
        huawei.token = answer.headers["X-Subject-Token"]
        assert huawei.dli("GET")["is_success"] == "true"
        assert huawei.codearts("POST", "/list", {})["total"]
        assert huawei.call("GET", "/v3/projects").ok

    def test_the_catalogue_can_be_left_out(self, huawei):
        answer = ask(huawei, password_body({"project": {"id": huawei.project}}), nocatalog="true")
        assert "catalog" not in answer.json()["token"]

    def test_a_token_of_the_account_does_not_open_a_region(self, huawei):
        for scope in ({"domain": {"name": credentials.IAM_ACCOUNT}}, None):
            huawei.token = ask(huawei, password_body(scope)).headers["X-Subject-Token"]
            answer = huawei.call("GET", f"/v1.0/{huawei.project}/streaming/jobs")
            assert (answer.status_code, answer.json()["error_code"]) == (403, "APIG.0302")
            assert huawei.call("GET", "/v3/auth/domains").ok

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (password_body(REGION, password="wrong"), 401),
            (password_body(REGION, name="nobody"), 401),
            (password_body(REGION, domain="text"), 401),
            (password_body({"project": {"name": "nowhere"}}), 401),
            (password_body({"domain": {"name": "nobody"}}), 401),
            ({"auth": {"identity": {"methods": ["totp"]}}}, 400),
            ({}, 400),
            ([], 400),
        ],
    )
    def test_a_wrong_request_is_refused_in_the_shape_of_keystone(self, huawei, emulator, body, status):
        answer = ask(huawei, body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, status)
        assert emulator.journal()[-1]["auth"] == "refused"

    def test_too_many_wrong_passwords_lock_the_user(self, huawei, emulator):
        for _ in range(6):
            ask(huawei, password_body(REGION, password="wrong"))
        answer = ask(huawei, password_body(REGION))
        assert answer.status_code == 401
        assert "locked" in answer.json()["error"]["message"]
        emulator.reset()
        assert ask(huawei, password_body(REGION)).status_code == 201

    def test_an_expired_token_is_told_so(self, huawei, emulator):
        huawei.token = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        emulator.world.huawei_gateway.tokens[huawei.token].expires = time.time() - 1
        answer = huawei.call("GET", "/v3/projects")
        assert (answer.status_code, answer.json()["error_code"]) == (401, "APIG.0301")
        assert "token expires, expires_at: " in answer.json()["error_msg"]


class TestAgencies:
    def identity(self, **role):
        role = {"agency_name": credentials.IAM_AGENCY, "domain_name": credentials.IAM_ACCOUNT, **role}
        return {"methods": ["assume_role"], "assume_role": role}

    def test_an_agency_gives_a_token_to_who_is_known(self, huawei):
        body = {"auth": {"identity": self.identity(), "scope": REGION}}
        assert ask(huawei, body).json()["error_code"] == "APIG.0301"
        huawei.token = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        answer = ask(huawei, body)
        assert answer.status_code == 201
        assert answer.json()["token"]["assumed_by"]["user"]["name"] == credentials.IAM_USER

    def test_open_telekom_cloud_has_another_word_for_it(self, huawei, emulator):
        emulator.settings(profile="otc")
        body = {"auth": {"identity": self.identity()}}
        assert huawei.call("POST", "/v3/auth/tokens", body).status_code == 404
        body["auth"]["identity"]["assume_role"]["xrole_name"] = credentials.IAM_AGENCY
        assert huawei.call("POST", "/v3/auth/tokens", body).status_code == 201

    @pytest.mark.parametrize("role", [{"agency_name": "none"}, {"domain_name": "none"}])
    def test_an_unknown_agency_is_not_found(self, huawei, role):
        body = {"auth": {"identity": self.identity(**role)}}
        assert huawei.call("POST", "/v3/auth/tokens", body).status_code == 404


class TestTemporaryKeys:
    PATH = "/v3.0/OS-CREDENTIAL/securitytokens"

    def use(self, huawei, credential):
        huawei.token = None
        huawei.key, huawei.secret = credential["access"], credential["secret"]
        huawei.security_token = credential["securitytoken"]

    def test_a_token_gives_a_key_that_must_bring_its_security_token(self, huawei, emulator):
        token = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        huawei.token = None
        body = {"auth": {"identity": {"methods": ["token"], "token": {"id": token, "duration_seconds": 900}}}}
        answer = huawei.session.post(huawei.url + self.PATH, json=body, timeout=5)
        assert answer.status_code == 201
        self.use(huawei, answer.json()["credential"])
        assert huawei.dli("GET")["is_success"] == "true"
        huawei.security_token = None
        assert huawei.dli("GET")["error_code"] == "APIG.0301"

    def test_a_key_of_an_agency_ends(self, huawei, emulator):
        identity = TestAgencies().identity()
        answer = huawei.call("POST", self.PATH, {"auth": {"identity": identity}})
        self.use(huawei, answer.json()["credential"])
        assert huawei.dli("GET")["is_success"] == "true"
        emulator.world.huawei_gateway.keys[huawei.key].expires = time.time() - 1
        assert "signature expired" in huawei.dli("GET")["error_msg"]

    @pytest.mark.parametrize(
        ("identity", "code"),
        [
            ({"methods": ["password"]}, "IAM.0011"),
            ({"methods": ["token"], "token": {"duration_seconds": 100}}, "IAM.0007"),
            ({"methods": ["token"], "token": {"duration_seconds": "x"}}, "IAM.0007"),
        ],
    )
    def test_a_wrong_request_is_refused(self, huawei, identity, code):
        huawei.token = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        answer = huawei.call("POST", self.PATH, {"auth": {"identity": identity}})
        assert (answer.status_code, answer.json()["error_code"]) == (400, code)

    def test_a_key_lasts_as_long_as_the_setting_says(self, huawei, emulator):
        emulator.settings(iam_key_seconds=0)
        answer = huawei.call("POST", self.PATH, {"auth": {"identity": TestAgencies().identity(duration_seconds=900)}})
        self.use(huawei, answer.json()["credential"])
        assert "signature expired" in huawei.dli("GET")["error_msg"]

    @pytest.mark.parametrize("identity", [{"methods": ["token"]}, {"methods": ["password"]}, {}])
    def test_nobody_gets_a_key_without_proof(self, huawei, identity):
        answer = huawei.session.post(huawei.url + self.PATH, json={"auth": {"identity": identity}}, timeout=5)
        assert (answer.status_code, answer.json()["error_code"]) == (401, "APIG.0301")

    def test_the_token_of_the_header_wins(self, huawei):
        huawei.token = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        body = {"auth": {"identity": {"methods": ["token"], "token": {"id": "MII"}}}}
        assert huawei.call("POST", self.PATH, body).status_code == 201

    @pytest.mark.parametrize(("seconds", "status"), [(899, 400), (900, 201), (86400, 201), (86401, 400), (True, 400)])
    def test_a_key_lasts_from_a_quarter_of_an_hour_to_a_day(self, huawei, seconds, status):
        identity = TestAgencies().identity(duration_seconds=seconds)
        assert huawei.call("POST", self.PATH, {"auth": {"identity": identity}}).status_code == status


class TestHeldTokens:
    @pytest.fixture
    def held(self, huawei):
        huawei.token = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        return huawei.token

    def tokens(self, huawei, method, subject, **query):
        headers = {"X-Auth-Token": huawei.token, "X-Subject-Token": subject}
        url = f"{huawei.url}/v3/auth/tokens"
        return huawei.session.request(method, url, headers=headers, params=query, timeout=5)

    def test_a_token_tells_what_it_is_good_for(self, huawei, held):
        shown = self.tokens(huawei, "GET", held, nocatalog="1").json()["token"]
        assert (shown["methods"], shown["project"]["id"], "catalog" in shown) == (["password"], huawei.project, False)
        checked = self.tokens(huawei, "HEAD", held)
        assert (checked.status_code, checked.content) == (200, b"")

    def test_a_token_can_be_ended(self, huawei, held):
        other = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        assert self.tokens(huawei, "DELETE", other).status_code == 204
        assert self.tokens(huawei, "GET", other).status_code == 404
        assert huawei.call("GET", "/v3/projects").ok

    def test_the_life_time_can_be_set(self, huawei, emulator, held):
        emulator.settings(iam_token_seconds=0)
        short = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        assert self.tokens(huawei, "GET", short).status_code == 404
        huawei.token = short
        assert "token expires" in huawei.dli("GET")["error_msg"]


class TestOtherProofs:
    def test_a_second_factor_is_checked(self, huawei):
        body = password_body(REGION)
        body["auth"]["identity"]["methods"].append("totp")
        for passcode, status in ((credentials.IAM_PASSCODE, 201), ("111111", 401)):
            user = {"id": credentials.IAM_USER_ID, "passcode": passcode}
            body["auth"]["identity"]["totp"] = {"user": user}
            assert ask(huawei, body).status_code == status

    @pytest.mark.parametrize(
        ("idp", "token", "status"),
        [
            (credentials.IDENTITY_PROVIDER, credentials.ID_TOKEN, 201),
            (credentials.IDENTITY_PROVIDER, "x", 401),
            ("x", credentials.ID_TOKEN, 404),
        ],
    )
    def test_the_token_of_an_identity_provider_gives_one(self, huawei, idp, token, status):
        answer = huawei.session.post(
            f"{huawei.url}/v3.0/OS-AUTH/id-token/tokens",
            json={"auth": {"id_token": {"id": token}}},
            headers={"X-Idp-Id": idp},
            timeout=5,
        )
        assert answer.status_code == status
        assert ("X-Subject-Token" in answer.headers) is (status == 201)

    def test_a_signature_beside_a_password_must_hold(self, huawei):
        body = password_body(REGION)
        assert huawei.call("POST", "/v3/auth/tokens", body).status_code == 201
        huawei.secret = "wrong"
        assert huawei.call("POST", "/v3/auth/tokens", body).status_code == 401


class TestSwitches:
    def test_a_wrong_password_may_have_a_code_of_iam(self, huawei, emulator):
        emulator.settings(iam_error_shape="iam", lockout_failures=0)
        answer = ask(huawei, password_body(REGION, password="wrong"))
        assert (answer.status_code, answer.json()["error_code"]) == (401, "IAM.0062")
        assert ask(huawei, password_body(REGION)).json()["error_code"] == "IAM.0061"

    @pytest.mark.parametrize(("word", "status"), [("own", 404), ("both", 201)])
    def test_the_word_for_an_agency_may_be_either(self, huawei, emulator, word, status):
        emulator.settings(iam_agency_word=word, profile="otc")
        body = {"auth": {"identity": TestAgencies().identity()}}
        assert huawei.call("POST", "/v3/auth/tokens", body).status_code == status

    def test_iam_may_refuse_by_itself(self, huawei, emulator):
        emulator.settings(iam_refusal="iam")

        def told():
            answer = huawei.call("GET", "/v3/projects")
            return answer.status_code, answer.json()["error_code"]

        key, secret = huawei.key, huawei.secret
        huawei.secret = "wrong"
        assert told() == (401, "IAM.0001")
        huawei.key = "NOBODY"
        assert told() == (400, "IAM.1106")
        huawei.token = "MII"
        assert told() == (401, "IAM.0067")
        emulator.settings(iam_token_seconds=0)
        huawei.token = ask(huawei, password_body(REGION)).headers["X-Subject-Token"]
        assert told() == (401, "IAM.0066")
        assert huawei.dli("GET")["error_code"] == "APIG.0301"
        emulator.settings(iam_key_seconds=0)
        huawei.token, huawei.key, huawei.secret = None, key, secret
        answer = huawei.call("POST", TestTemporaryKeys.PATH, {"auth": {"identity": TestAgencies().identity()}})
        TestTemporaryKeys().use(huawei, answer.json()["credential"])
        assert told() == (400, "IAM.1108")

    def test_a_seed_names_agencies(self):
        seed = {"iam": {"agencies": {"theirs": {"account": "them", "account_id": "t1"}}}}
        with start_emulator(seed) as emulator:
            huawei = Huawei(emulator)
            for account, status in (("them", 201), (credentials.IAM_ACCOUNT, 404)):
                identity = TestAgencies().identity(agency_name="theirs", domain_name=account)
                assert huawei.call("POST", "/v3/auth/tokens", {"auth": {"identity": identity}}).status_code == status
            state = emulator.state()
            assert state["iam"]["agencies"] == seed["iam"]["agencies"]


class TestNames:
    def test_the_region_names_the_project(self, huawei):
        (project,) = huawei.call("GET", "/v3/projects", name=credentials.REGION).json()["projects"]
        assert project["id"] == huawei.project

    def test_another_region_has_none(self, huawei):
        assert huawei.call("GET", "/v3/projects", name="elsewhere").json()["projects"] == []

    def test_there_is_one_account(self, huawei):
        (domain,) = huawei.call("GET", "/v3/auth/domains").json()["domains"]
        assert domain["name"] == credentials.IAM_ACCOUNT


class TestGateway:
    def jobs(self, huawei, headers):
        answer = huawei.session.get(f"{huawei.url}/v1.0/{huawei.project}/streaming/jobs", headers=headers, timeout=5)
        assert answer.headers["X-Request-Id"] == answer.json()["request_id"]
        return answer.status_code, answer.json()["error_code"], answer.json()["error_msg"].partition(": ")[2]

    def test_nothing_to_authenticate_with_is_refused(self, huawei):
        assert self.jobs(huawei, {}) == (401, "APIG.0301", "x-auth-token not found")

    def test_a_made_up_token_is_refused(self, huawei):
        assert self.jobs(huawei, {"X-Auth-Token": "MII"}) == (401, "APIG.0301", "decrypt token fail")

    def test_an_old_signature_is_refused(self, huawei):
        path = f"/v1.0/{huawei.project}/streaming/jobs"
        old = huawei.signed("GET", path, "", b"", time.time() - 1000)
        assert self.jobs(huawei, old)[2] == "calc ak sk signature fail:signature expired"

    def test_an_unknown_key_is_refused(self, huawei):
        huawei.key = "NOBODY"
        headers = huawei.signed("GET", "/x", "", b"")
        assert self.jobs(huawei, headers)[2] == "Get secretKey failed,ak:******,err:ak not exist"

    def test_too_many_failures_lock_the_key_for_everybody(self, huawei, emulator):
        wrong = {**huawei.signed("GET", "/x", "", b"")}
        for _ in range(6):
            assert self.jobs(huawei, wrong)[2] == "verify aksk signature fail"
        assert huawei.dli("GET")["error_msg"].endswith("AK access failed to reach the limit,forbidden.")
        lock = emulator.world.huawei_gateway.locks[huawei.key]
        assert 295 < lock.until - time.time() <= 300
        lock.until = time.time() - 1
        assert huawei.dli("GET")["is_success"] == "true"

    def test_a_success_forgives_failures(self, huawei):
        wrong = huawei.signed("GET", "/x", "", b"")
        for _ in range(3):
            for _ in range(5):
                self.jobs(huawei, wrong)
            assert huawei.dli("GET")["is_success"] == "true"

    @pytest.mark.parametrize(("method", "path"), [("GET", "/v1.0/p/nothing"), ("PATCH", "/v3/projects"), ("GET", "/x")])
    def test_what_is_not_published_is_not_found(self, huawei, emulator, method, path):
        answer = huawei.call(method, path)
        assert (answer.status_code, answer.json()["error_code"]) == (404, "APIG.0101")
        assert emulator.journal()[-1]["operation"] is None
