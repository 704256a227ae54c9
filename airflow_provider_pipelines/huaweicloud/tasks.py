"""What every task on Huawei Cloud takes: a project, a region, a connection. Loaded with DAG files."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from airflow_provider_pipelines.compat import BaseOperator


class HuaweiCloudTask(BaseOperator):
    """
    A task that acts in a project of Huawei Cloud or Open Telekom Cloud; stands before what the task does.

    :param project_id: the project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    #: the room whose hook is used
    vendor: ClassVar[str]

    def __init__(
        self,
        *,
        project_id: str | None = None,
        region: str | None = None,
        huaweicloud_conn_id: str = "huaweicloud_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.project_id = project_id
        self.region = region
        self.huaweicloud_conn_id = huaweicloud_conn_id

    @cached_property
    def hook(self) -> Any:
        """The hook."""
        from airflow_provider_pipelines.hook.base import hook_named

        hook: Any = hook_named(self.vendor)
        return hook(self.huaweicloud_conn_id, self.project_id, self.region)
