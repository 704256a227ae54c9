"""Huawei Cloud's gateway and IAM as the emulator plays them."""
