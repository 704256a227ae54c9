"""Data Lake Insight: Flink jobs on Huawei Cloud and Open Telekom Cloud."""
