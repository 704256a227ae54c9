"""The connection form, on every Airflow; and the Test button behind it."""

import json
import re
import sys
from types import SimpleNamespace

import jsonschema
import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.hook import form
from airflow_provider_pipelines.hook.base import hook_named
from airflow_provider_pipelines.hook.connection import Fields
from airflow_provider_pipelines.provider import CONNECTIONS, get_provider_info
from tests.support.airflow import since

HOOKS = (EnosHook, CodeArtsHook, DliHook)
FIELDS = [(kind, name) for kind, entry in CONNECTIONS.items() for name in entry["fields"]]
STANDARD = {"host", "schema", "login", "password", "port", "extra"}
TOLD = {one["connection-type"]: one for one in get_provider_info()["connection-types"]}
MADE_UP = "kwzjqhvb"


def entry_of(kind, name):
    return TOLD[kind]["conn-fields"][name]


# what Airflow 3.2 and later read


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_field_is_written_as_the_form_reads_it(kind, name):
    entry = entry_of(kind, name)
    schema = entry["schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "null" in schema["type"], "the form would ask for it, and put an asterisk behind it"
    assert entry["label"][0].isupper()
    assert ("description" in entry) is not ("description_md" in schema), "Markdown shows only without the plain one"
    shown = entry.get("description") or schema["description_md"]
    assert shown.startswith(CONNECTIONS[kind]["fields"][name]["description"])
    assert all(link.startswith("https://") for link in re.findall(r"\]\((.*?)\)", shown))
    for value in (*schema.get("examples", ()), *schema.get("enum", ()), schema.get("default")):
        jsonschema.validate(value, schema if value is not None else {})
    assert list(schema.get("values_display", {})) == schema.get("enum", [])


@pytest.mark.parametrize("kind", CONNECTIONS)
def test_what_nearly_everybody_needs_is_in_the_first_fold_and_the_rest_in_folds_of_one_piece(kind):
    folds = [entry["schema"].get("section") for entry in TOLD[kind]["conn-fields"].values()]
    assert folds[0] is None, "a form whose fields all have a section shows none of them"
    pieces = [fold for n, fold in enumerate(folds) if n == 0 or folds[n - 1] != fold]
    assert len(pieces) == len(set(pieces))
    needed = {"enos": ["org_id"], "huaweicloud": ["cloud", "region", "project_id", "codearts_project_id"]}
    assert [name for name, entry in TOLD[kind]["conn-fields"].items() if "section" not in entry["schema"]] == needed[
        kind
    ]


@pytest.mark.parametrize("kind", CONNECTIONS)
def test_names_of_the_forms_behaviour_are_names_of_fields(kind):
    entry = CONNECTIONS[kind]
    assert {*entry["hidden"], *entry["relabeling"]} <= STANDARD
    assert entry["placeholders"].keys() <= STANDARD | entry["fields"].keys()
    assert not set(entry["hidden"]) & {*entry["relabeling"], *entry["placeholders"], "port"}
    assert {name for service in entry["services"].values() for name in service["wanted by"]} <= entry["fields"].keys()


@since("3.2", "the form is made of the metadata since then")
@pytest.mark.parametrize("kind", CONNECTIONS)
def test_airflow_shows_every_field(kind):
    pytest.importorskip("airflow.api_fastapi")
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (meta,) = [one for one in HookMetaService.hook_meta_data() if one.connection_type == kind]
    assert meta.hook_name == CONNECTIONS[kind]["name"]
    assert list(meta.extra_fields) == list(CONNECTIONS[kind]["fields"])
    assert not meta.standard_fields.port.hidden
    assert meta.standard_fields.url_schema.hidden


# what Airflow before 3.2 reads


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("method", ["get_connection_form_widgets", "get_ui_field_behaviour"])
def test_both_methods_stand_on_the_class_itself(hook, method):
    assert isinstance(vars(hook)[method], classmethod)
    assert getattr(hook, method).__qualname__ == f"{hook.__name__}.{method}"


def test_they_stand_on_a_users_subclass_too():
    subclass = type("Mine", (EnosHook,), {})
    assert "get_connection_form_widgets" in vars(subclass)
    assert subclass.get_ui_field_behaviour() == EnosHook.get_ui_field_behaviour()
    assert subclass("x").vendor == "enos"


class Field:
    """A field of wtforms, as its class is called by the form."""

    def __init__(self, label, description, widget=None, default=None, validators=()):
        self.label, self.description, self.widget = label, description, widget
        self.default, self.validators = default, validators


@pytest.fixture
def wtforms(monkeypatch):
    """The two packages that not every Airflow brings along."""
    kinds = {name: type(name, (Field,), {}) for name in ("BooleanField", "PasswordField", "StringField")}
    checks = {"Optional": lambda: "may be empty", "any_of": list}
    modules = {
        "wtforms": SimpleNamespace(**kinds),
        "wtforms.validators": SimpleNamespace(**checks),
        "flask_appbuilder": SimpleNamespace(),
        "flask_appbuilder.fieldwidgets": SimpleNamespace(
            BS3PasswordFieldWidget=lambda: "dots", BS3TextFieldWidget=lambda: "text"
        ),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_old_form_has_the_same_fields(hook, wtforms):
    table = CONNECTIONS[hook.conn_type]["fields"]
    widgets = hook.get_connection_form_widgets()
    assert list(widgets) == list(table)
    for name, widget in widgets.items():
        assert widget.label == table[name]["label"]
        assert widget.description.startswith(table[name]["description"])
        kind = {"boolean": "BooleanField", "password": "PasswordField"}
        schema = table[name]["schema"]
        wanted = kind.get(schema["type"][0]) or kind.get(schema.get("format")) or "StringField"
        assert type(widget).__name__ == wanted
        if values := list(table[name].get("choices", ())):
            # one form is for the connections of all types: what does not belong to the chosen one is empty
            assert widget.validators == ["may be empty", values]
            assert widget.default in values
            assert ", ".join(values) in widget.description


def test_the_old_form_of_airflow_itself_takes_them():
    """Only 2.11, and 3 with FAB, have the packages."""
    pytest.importorskip("wtforms")
    pytest.importorskip("flask_appbuilder.fieldwidgets")
    from wtforms import Form

    if not isinstance(Form, type):
        pytest.skip("Airflow puts a stand-in in the place of the package, to read widgets without it")
    for hook in HOOKS:
        made = type("Whole", (Form,), hook.get_connection_form_widgets())
        empty = made()
        assert empty.validate(), empty.errors
        for name in (name for name, field in CONNECTIONS[hook.conn_type]["fields"].items() if "choices" in field):
            from werkzeug.datastructures import MultiDict

            assert not made(MultiDict({name: "nonsense"})).validate()


# what is stored, and what a message calls it


def connection(conn_type="enos", **fields):
    shape = dict.fromkeys(("host", "port", "login", "password"))
    return SimpleNamespace(conn_type=conn_type, **{**shape, **fields})


@pytest.mark.parametrize(("kind", "name"), [*FIELDS, ("enos", "host"), ("huaweicloud", "login")])
def test_a_problem_names_the_field_as_the_form_does_and_as_the_json_does(kind, name):
    problem = str(Fields("c1", kind).problem(name, f"is odd. See {{{name}}} and {{nothing}}."))
    label = CONNECTIONS[kind]["relabeling"].get(name) or entry_of(kind, name)["label"]
    assert problem == f"connection 'c1', field {label} ({name}): is odd. See {label} ({name}) and {{nothing}}."


@pytest.mark.parametrize("port", [0, None, ""])
def test_a_port_that_is_empty_is_none_as_the_page_sends_it(port):
    fields = Fields.read("c1", "enos", connection(host="https://x.example.com", port=port), {})
    assert fields.port is None
    assert fields.address("host", fields.host) == "https://x.example.com"


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in CONNECTIONS for name in ("password", *form.secrets(kind))]
)
def test_what_stands_for_a_secret_is_never_taken_for_one(kind, name):
    given = connection(kind, password="***" if name == "password" else "s")
    with pytest.raises(errors.ConfigurationError, match=rf"\({name}\): is \*\*\*.*Fill in the secret"):
        Fields.read("c1", kind, given, {name: "***"} if name != "password" else {})


# the Test button


@pytest.fixture
def asked(emulator, monkeypatch):
    """Give the emulator's connection, with changes, under an id that Airflow made up."""

    def make(kind, fields=None, extra=None):
        known = json.loads(emulator.env[f"AIRFLOW_CONN_{kind.upper()}_DEFAULT"])
        merged = {**known["extra"], **(extra or {})}
        merged = {name: value for name, value in merged.items() if value is not None}
        monkeypatch.setenv(f"AIRFLOW_CONN_{MADE_UP.upper()}", json.dumps({**known, **(fields or {}), "extra": merged}))
        return {"enos": EnosHook, "huaweicloud": DliHook}[kind](MADE_UP).test_connection()

    return make


NO_DLI = {"region": None, "project_id": None, "dli_endpoint": None}


@pytest.mark.parametrize(
    ("extra", "good", "parts", "looks"),
    [
        ({}, True, ["DLI accepts the credentials", "CodeArts accepts the access key"], ["list_flink_jobs", "list_pipelines"]),
        ({"codearts_project_id": None}, True, ["DLI accepts", "CodeArts was not tested: fill in CodeArts project id"], ["list_flink_jobs"]),
        (NO_DLI, True, ["CodeArts accepts", "DLI was not tested: fill in Region (region) or IAM project id"], ["list_pipelines"]),
        ({**NO_DLI, "codearts_project_id": None}, False, ["DLI was not tested", "CodeArts was not tested"], []),
        ({"dli_endpoint": "http://127.0.0.1:1"}, False, ["no connection could be made", "CodeArts accepts"], ["list_pipelines"]),
        ({"codearts_project_id": "f" * 32}, True, ["DLI accepts", "shows 0 pipelines", "check its id"], ["list_flink_jobs", "list_pipelines"]),
    ],
)  # fmt: skip
def test_every_service_is_tested_that_the_connection_is_filled_in_for(asked, emulator, extra, good, parts, looks):
    fine, said = asked("huaweicloud", extra=extra)
    assert fine is good
    assert [part for part in parts if part not in said] == []
    assert [call["operation"] for call in emulator.calls()] == looks


def test_a_key_that_was_refused_is_not_tried_on_the_next_service(asked, emulator):
    fine, said = asked("huaweicloud", {"password": "wrong"})
    assert not fine
    assert said.count("secret key") == 1
    assert said.endswith(" CodeArts was not tested.")
    assert [call["auth"] for call in emulator.calls()] == ["refused"]


def test_a_hook_that_the_form_does_not_name_tests_its_own_service(emulator):
    fine, said = CodeArtsHook().test_connection()
    assert fine
    assert "DLI" not in said
    assert [call["operation"] for call in emulator.calls()] == ["list_pipelines"]


def test_a_wrong_organization_is_hinted_at_where_the_list_is_empty(asked):
    fine, said = asked("enos", extra={"org_id": "o10000000000099"})
    assert fine
    assert "shows 0 released pipelines. If there should be some, check the organization id." in said


@pytest.mark.parametrize("kind", CONNECTIONS)
@pytest.mark.parametrize(
    ("fields", "extra"),
    [
        ({"login": None}, {}),
        ({"password": "***"}, {}),
        ({}, {"timeout": "soon"}),
        ({}, {"nonsense": "1"}),
        ({}, {"verify": "perhaps"}),
        ({}, {"org_id": 7, "region": 7}),
        ({}, {"org_id": ["o1"], "codearts_project_id": ["p"]}),
        ({}, {"org_id": None, "region": None, "codearts_project_id": "a/b", "iam_endpoint": "ftp://x"}),
    ],
)
def test_no_sentence_has_an_id_that_airflow_made_up(asked, kind, fields, extra):
    known = CONNECTIONS[kind]["fields"]
    extra = {name: value for name, value in extra.items() if name in known or value == "1"}
    fine, said = asked(kind, fields, extra)
    assert not fine
    assert MADE_UP not in said
    assert said[0].isupper()


def test_a_connection_that_is_not_there_is_named():
    fine, said = hook_named("enos")("nowhere").test_connection()
    assert not fine
    assert "connection 'nowhere' was not found" in said
