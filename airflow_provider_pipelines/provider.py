"""
What Airflow learns of this provider at start: imports nothing, since every Airflow process imports it.

``CONNECTIONS`` is the one table of connection fields: the metadata form (3.2 and later), the hooks' two form
methods (2.11 to 3.1) and the check of unknown fields are all made from it.
"""

_NUMBER = {"type": ["number", "null"]}
_TEXT = {"type": ["string", "null"]}

_TRANSPORT = {
    "verify": {
        "label": "Verify TLS",
        "description": "Check the service's certificate. Switching this off lets anybody on the way read the traffic.",
        "schema": {"type": "boolean", "default": True},
    },
    "ca_bundle": {
        "label": "CA bundle",
        "description": "Path of a PEM file with the certificate authorities to trust.",
        "schema": _TEXT,
    },
    "proxy": {
        "label": "Proxy",
        "description": "http://[user:password@]host:port, instead of the environment's; 'direct' for none.",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "timeout": {
        "label": "Time-out (s)",
        "description": "Seconds, for connecting and for each read. Default 15.",
        "schema": {**_NUMBER, "minimum": 0.1, "maximum": 600},
    },
    "max_requests_per_second": {
        "label": "Requests a second",
        "description": "The most requests a second that one process sends through this connection.",
        "schema": {**_NUMBER, "minimum": 0.01, "maximum": 1000},
    },
}

CONNECTIONS = {
    "enos": {
        "hook": "airflow_provider_pipelines.enos.hook.EnosHook",
        "name": "EnOS",
        "hidden": ["schema", "port", "extra"],
        "relabeling": {"host": "API gateway", "login": "AccessKey", "password": "SecretKey"},
        "placeholders": {"host": "https://apim-example.envisioniot.com", "org_id": "o15517683199241"},
        "fields": {
            "org_id": {
                "label": "Organization id",
                "description": "orgId of EnOS, from IAM > Organization Profile.",
                "schema": _TEXT,
            },
            **_TRANSPORT,
        },
    },
    "huaweicloud": {
        "hook": "airflow_provider_pipelines.dli.hook.DliHook",
        "name": "Huawei Cloud / Open Telekom Cloud",
        "hidden": ["schema", "port", "host", "extra"],
        "relabeling": {"login": "Access key (AK) or IAM user", "password": "Secret key (SK) or its password"},
        "placeholders": {"region": "eu-de", "project_id": "found by region if empty"},
        "fields": {
            "auth": {
                "label": "Authentication",
                "description": "aksk: access key and secret key. password: IAM user and its password.",
                "schema": {"type": ["string", "null"], "enum": ["aksk", "password"], "default": "aksk"},
            },
            "credentials_source": {
                "label": "Source of the keys",
                "description": "connection: login and password. environment: HUAWEICLOUD_SDK_AK, ... file: below.",
                "schema": {
                    "type": ["string", "null"],
                    "enum": ["connection", "environment", "file"],
                    "default": "connection",
                },
            },
            "credentials_file": {
                "label": "Profile file",
                "description": "Where source is file: the path, instead of ~/.huaweicloud/credentials.",
                "schema": _TEXT,
            },
            "security_token": {
                "label": "Security token",
                "description": "Belongs to temporary keys.",
                "schema": {"type": ["string", "null"], "format": "password"},
            },
            "account": {
                "label": "Account",
                "description": "The account (domain) of the IAM user, with password.",
                "schema": _TEXT,
            },
            "cloud": {
                "label": "Cloud",
                "description": "Which cloud the region is in.",
                "schema": {
                    "type": ["string", "null"],
                    "enum": ["huaweicloud", "huaweicloud-eu", "otc"],
                    "default": "huaweicloud",
                },
            },
            "region": {"label": "Region", "description": "For instance cn-north-4 or eu-de.", "schema": _TEXT},
            "project_id": {
                "label": "Project id (IAM)",
                "description": "The region's project. Found by the region's name if empty.",
                "schema": _TEXT,
            },
            "codearts_project_id": {
                "label": "CodeArts project id",
                "description": "The CodeArts project that owns the pipelines; not the IAM project.",
                "schema": _TEXT,
            },
            "agency_name": {"label": "Agency", "description": "An agency to act for.", "schema": _TEXT},
            "agency_account": {
                "label": "Agency's account",
                "description": "The account that made the agency.",
                "schema": _TEXT,
            },
            "iam_endpoint": {"label": "IAM endpoint", "description": "Instead of cloud and region.", "schema": _TEXT},
            "codearts_endpoint": {
                "label": "CodeArts endpoint",
                "description": "Instead of cloud and region.",
                "schema": _TEXT,
            },
            "dli_endpoint": {"label": "DLI endpoint", "description": "Instead of cloud and region.", "schema": _TEXT},
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
                "conn-fields": entry["fields"],
            }
            for kind, entry in CONNECTIONS.items()
        ],
    }
