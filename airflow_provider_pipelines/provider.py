"""
What Airflow learns of this provider at start: imports nothing, since every Airflow process imports it.

``CONNECTIONS`` is the one table of connection fields: the metadata form (3.2 and later), the hooks' two form
methods (before 3.2), the check of what is filled in and the names of the fields in messages are all made from it.
An entry of ``fields`` has a ``label``, a ``description``, a ``schema``, and may have

* ``fold``: the part of the form that it is in, closed at first (none: the first fold, for what nearly everybody needs);
* ``choices``: the possible values and what a reader sees for them;
* ``link``: a text and the vendor's page that tells where the value is found.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_NUMBER = {"type": ["number", "null"]}
_TEXT = {"type": ["string", "null"]}
_SECRET = {"type": ["string", "null"], "format": "password"}

_NETWORK = "Network"
_SIGNING_IN = "Signing in"
_ACTING = "Acting for another account"
_ENDPOINTS = "Own endpoints"

_TRANSPORT = {
    "verify": {
        "label": "Verify TLS",
        "description": "Check the service's certificate. Switching this off lets anybody on the way read the traffic.",
        "fold": _NETWORK,
        # with "null" the form does not ask for what has a default
        "schema": {"type": ["boolean", "null"], "default": True},
    },
    "ca_bundle": {
        "label": "CA bundle",
        "description": "Path of a PEM file with the certificate authorities to trust.",
        "fold": _NETWORK,
        "schema": {**_TEXT, "examples": ["/etc/ssl/certs/ca-certificates.crt"]},
    },
    "proxy": {
        "label": "Proxy",
        "description": "http://[user:password@]host:port, instead of the environment's; 'direct' for none.",
        "fold": _NETWORK,
        "schema": _SECRET,
    },
    "timeout": {
        "label": "Time-out (s)",
        "description": "Seconds, for connecting and for each read. Default 15.",
        "fold": _NETWORK,
        "schema": {**_NUMBER, "minimum": 0.1, "maximum": 600},
    },
    "max_requests_per_second": {
        "label": "Requests a second",
        "description": "The most requests a second that one process sends through this connection.",
        "fold": _NETWORK,
        "schema": {**_NUMBER, "minimum": 0.01, "maximum": 1000},
    },
}

_MY_CREDENTIALS = "https://support.huaweicloud.com/intl/en-us/usermanual-ca/ca_01_0001.html"
_ACCESS_KEYS = "https://support.huaweicloud.com/intl/en-us/usermanual-ca/ca_01_0003.html"
_ENOS_KEYS = "https://support.enos-iot.com/docs/api/en/3.0.0/authen_overview.html"

CONNECTIONS: "dict[str, dict[str, Any]]" = {
    "enos": {
        "hook": "airflow_provider_pipelines.enos.hook.EnosHook",
        "name": "EnOS",
        "services": {"enos": {"label": "EnOS", "wanted by": []}},
        "hidden": ["schema", "extra"],
        "relabeling": {"host": "API gateway", "login": "AccessKey", "password": "SecretKey", "port": "Port"},
        "placeholders": {
            "host": "https://apim-example.envisioniot.com",
            # of the last field in sight: what else everybody needs is in the fold below it
            "port": "443 (the organization id is below, in Extra Fields)",
            "org_id": "o15517683199241",
        },
        "fields": {
            "org_id": {
                "label": "Organization id",
                "description": "orgId of EnOS, from IAM > Organization Profile.",
                "link": ("Where AccessKey and SecretKey are found", _ENOS_KEYS),
                "schema": {**_TEXT, "examples": ["o15517683199241"]},
            },
            **_TRANSPORT,
        },
    },
    "huaweicloud": {
        "hook": "airflow_provider_pipelines.dli.hook.DliHook",
        "name": "Huawei Cloud / Open Telekom Cloud (DLI, CodeArts)",
        "services": {
            "dli": {"label": "DLI", "wanted by": ["region", "project_id", "dli_endpoint"]},
            "codearts": {"label": "CodeArts", "wanted by": ["codearts_project_id"]},
        },
        "hidden": ["schema", "host", "extra"],
        "relabeling": {
            "login": "Access key (AK) or IAM user",
            "password": "Secret key (SK) or its password",
            "port": "Port (for the Test button only)",
        },
        "placeholders": {
            "port": "443 (cloud and region are below, in Extra Fields)",
            "region": "eu-de",
            "project_id": "found by region if empty",
        },
        "fields": {
            "cloud": {
                "label": "Cloud",
                "description": "Which cloud the region is in.",
                "choices": {
                    "huaweicloud": "Huawei Cloud",
                    "huaweicloud-eu": "Huawei Cloud Europe (myhuaweicloud.eu)",
                    "otc": "Open Telekom Cloud",
                },
                "schema": {**_TEXT, "default": "huaweicloud"},
            },
            "region": {
                "label": "Region",
                "description": "For instance cn-north-4 or eu-de. Services and the IAM project are found by it.",
                "schema": {**_TEXT, "examples": ["cn-north-4", "ap-southeast-3", "eu-west-101", "eu-de", "eu-nl"]},
            },
            "project_id": {
                "label": "IAM project id",
                "description": "The region's project. Found by the region's name if empty.",
                "link": ("Where it is found", _MY_CREDENTIALS),
                "schema": _TEXT,
            },
            "codearts_project_id": {
                "label": "CodeArts project id",
                "description": "The CodeArts project that owns the pipelines; not the IAM project.",
                "schema": _TEXT,
            },
            "auth": {
                "label": "Authentication",
                "description": "How calls are signed: with an access key, or with the token of an IAM user.",
                "link": ("Where access keys are made", _ACCESS_KEYS),
                "fold": _SIGNING_IN,
                "choices": {
                    "aksk": "Access key and secret key (AK, SK)",
                    "password": "IAM user and its password",
                },
                "schema": {**_TEXT, "default": "aksk"},
            },
            "account": {
                "label": "Account",
                "description": "The account (domain) of the IAM user; without one, leave it empty.",
                "fold": _SIGNING_IN,
                "schema": _TEXT,
            },
            "security_token": {
                "label": "Security token",
                "description": "Belongs to temporary keys.",
                "fold": _SIGNING_IN,
                "schema": _SECRET,
            },
            "credentials_source": {
                "label": "Source of the keys",
                "description": "Where access key and secret key are read.",
                "fold": _SIGNING_IN,
                "choices": {
                    "connection": "This connection",
                    "environment": "Environment variables (HUAWEICLOUD_SDK_AK, ...)",
                    "file": "A profile file",
                },
                "schema": {**_TEXT, "default": "connection"},
            },
            "credentials_file": {
                "label": "Profile file",
                "description": "If the keys are in a profile file: its path, instead of ~/.huaweicloud/credentials.",
                "fold": _SIGNING_IN,
                "schema": _TEXT,
            },
            "agency_name": {
                "label": "Agency",
                "description": "An agency to act for.",
                "fold": _ACTING,
                "schema": _TEXT,
            },
            "agency_account": {
                "label": "Agency's account",
                "description": "The account that made the agency.",
                "fold": _ACTING,
                "schema": _TEXT,
            },
            "iam_endpoint": {
                "label": "IAM endpoint",
                "description": "Instead of cloud and region.",
                "fold": _ENDPOINTS,
                "schema": {**_TEXT, "examples": ["https://iam.eu-de.otc.t-systems.com"]},
            },
            "codearts_endpoint": {
                "label": "CodeArts endpoint",
                "description": "Instead of cloud and region.",
                "fold": _ENDPOINTS,
                "schema": _TEXT,
            },
            "dli_endpoint": {
                "label": "DLI endpoint",
                "description": "Instead of cloud and region.",
                "fold": _ENDPOINTS,
                "schema": {**_TEXT, "examples": ["https://dli.eu-de.otc.t-systems.com"]},
            },
            **_TRANSPORT,
        },
    },
}

_ROOMS = {
    "EnOS": ("enos", "https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/overview.html"),
    "Huawei Cloud CodeArts Pipeline": ("codearts", "https://support.huaweicloud.com/intl/en-us/api-pipeline/"),
    "Data Lake Insight": ("dli", "https://docs.otc.t-systems.com/data-lake-insight/"),
}


def _modules(name: str) -> list[dict[str, object]]:
    return [
        {"integration-name": label, "python-modules": [f"airflow_provider_pipelines.{room}.{name}"]}
        for label, (room, _) in _ROOMS.items()
    ]


def _conn_field(field: "dict[str, Any]") -> "dict[str, Any]":
    """Write a field as the form of Airflow 3.2 and later reads it."""
    schema = dict(field["schema"])
    if "fold" in field:
        schema["section"] = field["fold"]
    if "choices" in field:
        schema["enum"] = list(field["choices"])
        schema["values_display"] = field["choices"]
    if "link" not in field:
        return {"label": field["label"], "description": field["description"], "schema": schema}
    # the form shows Markdown where there is no plain description
    text, page = field["link"]
    schema["description_md"] = f"{field['description']} [{text}]({page})"
    return {"label": field["label"], "schema": schema}


def get_provider_info() -> dict[str, object]:
    """Give the provider's metadata."""
    return {
        "package-name": "airflow-provider-pipelines",
        "name": "Pipelines: EnOS, CodeArts, DLI",
        "description": "EnOS stream pipelines, Huawei Cloud CodeArts pipelines and DLI Flink jobs.",
        "integrations": [
            {"integration-name": label, "external-doc-url": url, "tags": ["service"]}
            for label, (_, url) in _ROOMS.items()
        ],
        "hooks": _modules("hook"),
        "operators": _modules("operators"),
        "sensors": _modules("sensors"),
        "triggers": [
            {"integration-name": label, "python-modules": ["airflow_provider_pipelines.trigger"]} for label in _ROOMS
        ],
        "cli": ["airflow_provider_pipelines.cli.get_commands"],
        "connection-types": [
            {
                "connection-type": kind,
                "hook-class-name": entry["hook"],
                "hook-name": entry["name"],
                "ui-field-behaviour": {
                    "hidden-fields": entry["hidden"],
                    "relabeling": entry["relabeling"],
                    "placeholders": entry["placeholders"],
                },
                "conn-fields": {name: _conn_field(field) for name, field in entry["fields"].items()},
            }
            for kind, entry in CONNECTIONS.items()
        ],
    }
