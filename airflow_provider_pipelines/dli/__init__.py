"""Data Lake Insight on Huawei Cloud and Open Telekom Cloud: Flink jobs, SQL jobs, Spark batches."""
