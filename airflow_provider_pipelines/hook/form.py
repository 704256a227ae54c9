"""A connection's form as people meet it: what its fields are called, and the form of Airflow before 3.2."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_pipelines.provider import CONNECTIONS


def shown(kind: str, name: str) -> str:
    """
    Give a field as the form calls it, and behind it as the connection's JSON does.

    :param kind: the connection type
    """
    label = CONNECTIONS[kind]["relabeling"].get(name) or CONNECTIONS[kind]["fields"].get(name, {}).get("label", name)
    return f"{label} ({name})"


def with_labels(kind: str, text: str) -> str:
    """Put the fields' names for ``{name}`` in a text, and leave all other braces as they are."""
    known = {*CONNECTIONS[kind]["relabeling"], *CONNECTIONS[kind]["fields"]}
    return re.sub(r"\{(\w+)\}", lambda found: shown(kind, found[1]) if found[1] in known else found[0], text)


def choices(kind: str, name: str) -> list[str]:
    """Give the values that a field may have, or nothing if it is free."""
    return list(CONNECTIONS[kind]["fields"][name].get("choices", ()))


def secrets(kind: str) -> list[str]:
    """Name the extra fields that are shown as a password is."""
    return [name for name, field in CONNECTIONS[kind]["fields"].items() if field["schema"].get("format") == "password"]


def behaviour(kind: str) -> dict[str, Any]:
    """Give what Airflow before 3.2 asks ``get_ui_field_behaviour`` for."""
    entry = CONNECTIONS[kind]
    return {
        "hidden_fields": list(entry["hidden"]),
        "relabeling": dict(entry["relabeling"]),
        "placeholders": dict(entry["placeholders"]),
    }


def widgets(kind: str) -> dict[str, Any]:
    """Give what Airflow before 3.2 asks ``get_connection_form_widgets`` for."""
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget  # type: ignore[import-not-found]  # not with every Airflow
    from wtforms import BooleanField, PasswordField, StringField  # type: ignore[import-untyped]  # has no types
    from wtforms.validators import Optional, any_of  # type: ignore[import-untyped]  # has no types

    made = {}
    for name, field in CONNECTIONS[kind]["fields"].items():
        about = {"label": field["label"], "description": field["description"]}
        schema = field["schema"]
        if "boolean" in schema["type"]:
            made[name] = BooleanField(default=schema["default"], **about)
        elif schema.get("format") == "password":
            made[name] = PasswordField(widget=BS3PasswordFieldWidget(), **about)
        elif values := choices(kind, name):
            # 3.0 and 3.1 make a list of it; the one form of 2.11 is for all types, so it may be empty
            checks = [Optional(), any_of(values)]
            about["description"] += f" One of: {', '.join(values)}."
            made[name] = StringField(widget=BS3TextFieldWidget(), validators=checks, default=schema["default"], **about)
        else:
            made[name] = StringField(widget=BS3TextFieldWidget(), **about)
    return made


def give_to(hook: type, kind: str) -> None:
    """Put both methods of the form into a hook class: Airflow before 3.2 looks into ``__dict__`` of the class alone."""

    def get_ui_field_behaviour(cls: type) -> dict[str, Any]:
        """Give the form's behaviour to Airflow before 3.2."""
        return behaviour(kind)

    def get_connection_form_widgets(cls: type) -> dict[str, Any]:
        """Give the form's fields to Airflow before 3.2."""
        return widgets(kind)

    for method in (get_ui_field_behaviour, get_connection_form_widgets):
        method.__qualname__ = f"{hook.__qualname__}.{method.__name__}"
        setattr(hook, method.__name__, classmethod(method))
