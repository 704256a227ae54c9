"""Who may call: fixed and made up, so that examples can be pasted."""

from __future__ import annotations

ENOS_ACCESS_KEY = "e0500000-fa4e-4000-8000-00000000acce"
ENOS_SECRET_KEY = "e0500000-fa4e-4000-8000-0000005ec4e7"  # noqa: S105 -- made up, opens nothing

HUAWEI_ACCESS_KEY = "FAKEEMULATORACCESSKY"
HUAWEI_SECRET_KEY = "FakeEmulatorSecretKeyThatOpensNothing000"  # noqa: S105 -- made up, opens nothing

IAM_ACCOUNT = "emulator-account"
IAM_ACCOUNT_ID = "acc00000000000000000000000000fa4"
IAM_USER = "emulator-user"
IAM_USER_ID = "00000000000000000000000000e3c000"
IAM_PASSWORD = "Fake-Emulator-Password-0"  # noqa: S105 -- made up, opens nothing
IAM_PASSCODE = "000000"  # the second factor of the user
IAM_AGENCY = "emulator-agency"

IDENTITY_PROVIDER = "emulator-idp"
ID_TOKEN = "fake.id.token"  # noqa: S105 -- made up, opens nothing

REGION = "eu-test-1"

ENOS_ORG = "o10000000000001"
CODEARTS_PROJECT = "c0dea27500000000000000000000fa4e"
IAM_PROJECT = "1a300000000000000000000000000fa4"
