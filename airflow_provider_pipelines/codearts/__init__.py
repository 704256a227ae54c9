"""Huawei Cloud CodeArts pipelines."""
