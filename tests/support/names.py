"""Leads made-up names of services to an emulator, since records hold addresses and a free port is another each time."""

from __future__ import annotations

import json
import socket

ENOS, IAM, CODEARTS, DLI = "enos.example", "iam.example", "codearts.example", "dli.example"

_look_up = socket.getaddrinfo


def led_to(port):
    """Make a look-up of names that leads those of the services to a port of this machine."""

    def look_up(host, *rest, **more):
        name = host.decode() if isinstance(host, bytes) else host
        if name in (ENOS, IAM, CODEARTS, DLI):
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]
        return _look_up(host, *rest, **more)

    return look_up


def connections(env):
    """Give an emulator's connections with the services' names for its address."""
    found = {name: json.loads(text) for name, text in env.items()}
    enos, huawei = found["AIRFLOW_CONN_ENOS_DEFAULT"], found["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"]
    enos["host"] = f"http://{ENOS}"
    for service, host in (("iam", IAM), ("codearts", CODEARTS), ("dli", DLI)):
        huawei["extra"][f"{service}_endpoint"] = f"http://{host}"
    for one in (enos, huawei):
        one["extra"]["proxy"] = "direct"
    return {name: json.dumps(one) for name, one in found.items()}
