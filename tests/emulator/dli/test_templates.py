"""Templates and global variables of DLI."""

from __future__ import annotations

import pytest


def templates(huawei, method, id="", body=None, **query):
    return huawei.call(method, f"/v1.0/{huawei.project}/streaming/job-templates{id}", body, **query)


def variables(huawei, method, name="", body=None, **query):
    return huawei.call(method, f"/v1.0/{huawei.project}/variables{name}", body, **query)


def refused(answer, code, status=400):
    return (answer.status_code, answer.json().get("error_code")) == (status, code)


class TestTemplates:
    def test_a_template_is_created_listed_changed_and_deleted(self, huawei, emulator):
        made = templates(huawei, "POST", body={"name": "n", "desc": "d", "sql_body": "s"}).json()
        assert made["is_success"] is True
        assert (made["template"]["template_id"], made["template"]["name"]) == (3, "n")
        now = emulator.advance(1)
        assert templates(huawei, "PUT", "/3", {"sql_body": "t"}).ok
        rows = templates(huawei, "GET").json()["template_list"]
        assert [one["template_id"] for one in rows["templates"]] == [3, 2, 1]
        first = rows["templates"][0]
        assert (first["sql_body"], first["desc"], first["update_time"]) == ("t", "d", now)
        assert templates(huawei, "DELETE", "/3").json()["template"] == {"template_id": 3}
        assert refused(templates(huawei, "DELETE", "/3"), "DLI.0002")
        assert refused(templates(huawei, "PUT", "/3", {"desc": "d"}), "DLI.0002")
        assert emulator.journal(operation="update_job_template")[0]["ids"] == ["3"]

    def test_ids_are_not_used_again(self, huawei):
        templates(huawei, "POST", body={"name": "n"})
        templates(huawei, "DELETE", "/3")
        assert templates(huawei, "POST", body={"name": "n"}).json()["template"]["template_id"] == 4

    def test_templates_come_in_pages(self, huawei):
        templates(huawei, "POST", body={"name": "n", "tags": [{"key": "a", "value": "1"}]})
        for query, ids in (
            ({"limit": 1, "order": "asc"}, [1]),
            ({"offset": 2}, [1]),
            ({"name": "cop"}, [1]),
            ({"tags": "a=1"}, [3]),
        ):
            listed = templates(huawei, "GET", **query).json()["template_list"]["templates"]
            assert [one["template_id"] for one in listed] == ids

    @pytest.mark.parametrize(
        "body", [{}, {"name": ""}, {"name": "n" * 65}, {"desc": "d" * 513}, {"sql_body": "s" * 10_001}, {"name": 5}]
    )
    def test_a_template_must_be_as_documented(self, huawei, body):
        given = {"name": "n", **body} if body else {}
        assert refused(templates(huawei, "POST", body=given), "DLI.0001")

    def test_names_are_given_once(self, huawei):
        assert refused(templates(huawei, "POST", body={"name": "copy"}), "DLI.0006")

    @pytest.mark.parametrize("query", [{"limit": 101}, {"offset": -1}, {"limit": "x"}])
    def test_a_page_has_bounds(self, huawei, query):
        assert refused(templates(huawei, "GET", **query), "DLI.0001")


class TestVariables:
    def test_a_variable_is_created_listed_changed_and_deleted(self, huawei, emulator):
        assert variables(huawei, "POST", body={"var_name": "v", "var_value": "1"}).json()["is_success"] is True
        now = emulator.advance(1)
        assert variables(huawei, "PUT", "/v", {"var_value": "2"}).ok
        listed = variables(huawei, "GET").json()
        row = listed["global_vars"][-1]
        assert (listed["count"], row["id"], row["var_name"], row["var_value"]) == (3, 3, "v", "2")
        assert (row["is_sensitive"], row["update_time"]) == (False, now)
        assert variables(huawei, "DELETE", "/v").ok
        assert refused(variables(huawei, "DELETE", "/v"), "DLI.12004")
        assert refused(variables(huawei, "PUT", "/v", {"var_value": "2"}), "DLI.12004")

    def test_a_sensitive_value_is_not_shown(self, huawei):
        shown = {one["var_name"]: one["var_value"] for one in variables(huawei, "GET").json()["global_vars"]}
        assert shown == {"topic": "turbines", "password": "******"}

    def test_one_that_exists_is_a_failure_of_the_server(self, huawei):
        body = {"var_name": "topic", "var_value": "2"}
        assert refused(variables(huawei, "POST", body=body), "DLI.0999")

    def test_variables_come_in_pages(self, huawei):
        listed = variables(huawei, "GET", limit=1, offset=1).json()
        assert ([one["var_name"] for one in listed["global_vars"]], listed["count"]) == (["password"], 2)

    @pytest.mark.parametrize("name", ["", "_v", "5", "a-b", "ä", "v" * 129])
    def test_a_name_must_be_as_documented(self, huawei, name):
        assert refused(variables(huawei, "POST", body={"var_name": name, "var_value": "1"}), "DLI.0001")

    @pytest.mark.parametrize("body", [{}, {"var_value": 5}, {"var_value": ""}])
    def test_a_value_is_text(self, huawei, body):
        assert refused(variables(huawei, "PUT", "/topic", body), "DLI.0001")
