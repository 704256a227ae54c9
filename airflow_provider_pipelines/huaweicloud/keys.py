"""
Access keys that are kept outside of Airflow: in environment variables, or in the profile file of the vendor's clients.

Read only where a connection says so: a key that happens to lie around on a worker must not be taken for the one meant.

https://github.com/huaweicloud/huaweicloud-sdk-python-v3 (huaweicloudsdkcore/auth/provider.py)
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping

_VARIABLES = {
    "ak": "HUAWEICLOUD_SDK_AK",
    "sk": "HUAWEICLOUD_SDK_SK",
    "security_token": "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    "project_id": "HUAWEICLOUD_SDK_PROJECT_ID",
}
_FILE = "~/.huaweicloud/credentials"
#: the section with the keys for regional services
_SECTION = "basic"


class KeysMissing(Exception):
    """The keys are not where they should be; the text says what to do, and shows nothing of what was read."""


def keys_from_environment() -> Mapping[str, str]:
    """
    Read the keys from the environment.

    :returns: ``ak`` and ``sk``, and ``security_token`` and ``project_id`` where they are set
    :raises KeysMissing: a variable is empty
    """
    read = {name: os.environ.get(variable, "").strip() for name, variable in _VARIABLES.items()}
    for name in ("ak", "sk"):
        if not read[name]:
            raise KeysMissing(
                f"the environment variable {_VARIABLES[name]} is empty on this machine. Set it for workers and "
                "triggerers, or name another source."
            )
    return {name: value for name, value in read.items() if value}


def keys_from_file(path: str | None) -> Mapping[str, str]:
    """
    Read the keys from a profile file: INI, section ``basic``.

    :param path: the file, or None for ``~/.huaweicloud/credentials``
    :returns: the same as :func:`keys_from_environment`, and ``iam_endpoint`` where it is there
    :raises KeysMissing: the file cannot be read, or something is not in it
    """
    path = os.path.expanduser(path or _FILE)
    # a secret key may have a per cent sign
    profiles = configparser.ConfigParser(interpolation=None)
    try:
        with open(path, encoding="utf-8") as file:
            profiles.read_file(file)
        section = profiles[_SECTION]
    except OSError as error:
        raise KeysMissing(f"{path!r} cannot be read on this machine ({error.strerror}).") from None
    except KeyError:
        raise KeysMissing(f"{path!r} has no section [{_SECTION}].") from None
    except (configparser.Error, UnicodeDecodeError):
        # the parser's own text shows the line
        raise KeysMissing(f"{path!r} is no INI file.") from None
    read = {name: section.get(name, "").strip() for name in (*_VARIABLES, "iam_endpoint")}
    for name in ("ak", "sk"):
        if not read[name]:
            raise KeysMissing(f"{path!r} has no {name} in section [{_SECTION}].")
    return {name: value for name, value in read.items() if value}
