"""Huawei Cloud's gateway and IAM as the emulator plays them: who calls, and the operations that give proof of it."""
