from __future__ import annotations

from types import SimpleNamespace

import pytest

from airflow_provider_pipelines.emulator.server.app import Vendors
from tests.emulator.clients import Enos, Huawei
from tests.emulator.running import start_emulator


@pytest.fixture(scope="session")
def shared_emulator():
    with start_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(shared_emulator):
    """The default world, with a clock that stands still."""
    shared_emulator.reset()
    return shared_emulator


@pytest.fixture
def enos(emulator):
    return Enos(emulator)


@pytest.fixture
def huawei(emulator):
    return Huawei(emulator)


@pytest.fixture(scope="session")
def sdk(tmp_path_factory):
    """Load the clients; they write a file in the home directory when they are imported."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("sdk-home")))
        from huaweicloudsdkcodeartspipeline import v2 as codearts
        from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
        from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
        from huaweicloudsdkcore.region.region import Region
        from huaweicloudsdkdli import v1 as dli
        from huaweicloudsdkiam import v3 as iam

        yield SimpleNamespace(
            codearts=codearts,
            dli=dli,
            iam=iam,
            Basic=BasicCredentials,
            Global=GlobalCredentials,
            Region=Region,
            Refused=ClientRequestException,
        )


@pytest.fixture
def recorded(monkeypatch):
    """The calls as they came off the wire."""
    calls, answer = [], Vendors.answer

    def record(self, call):
        calls.append(call)
        return answer(self, call)

    monkeypatch.setattr(Vendors, "answer", record)
    return calls
