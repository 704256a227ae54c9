"""The operator for DLI Spark batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.dli.operators.sql_jobs import DliOnceOperator
from airflow_provider_pipelines.dli.states import CREATE, DEAD

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.once import Source


class DliSparkBatchOperator(DliOnceOperator):
    """
    Creates a Spark batch in DLI and waits until it is ``success``.

    The batch is asked for once. Its name ends in a marker, by which it is found again where the answer is lost; if that
    stays unclear the task fails and says so. A later attempt takes over the batch of an earlier one, if it was asked
    for with the same arguments and goes on, or ended well unnoticed; after a batch that is ``dead`` it creates a new
    one. A batch that was cancelled is ``dead`` too.

    The outcome has ``batch_id`` (XCom ``batch_id`` has it before the wait) and ``app_id``. When the batch fails, the
    error has the last lines of its log.

    Airflow has a ``queue`` and ``resources`` of its own, which say where the task runs. Here they are DLI's, and are
    kept as ``dli_queue`` and ``dli_resources``: in ``.partial()`` and ``.expand()`` use these names, since Airflow
    takes the other two for its own there. To choose the task's worker, set the attribute: ``task.queue = "workers"``.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/creating_a_batch_processing_job.html

    :param file: the program: a package that was uploaded to DLI, or an OBS path (templated)
    :param class_name: its main class (templated)
    :param queue: DLI's queue (templated)
    :param args: the arguments of the main class (templated)
    :param conf: Spark's settings (templated)
    :param name: what the batch's name says before the marker (templated)
    :param cluster_name: an older word for the queue (templated)
    :param sc_type: the size of its resources: ``A``, ``B`` or ``C`` (templated)
    :param jars: further packages (templated)
    :param py_files: Python packages (templated)
    :param files: other files (templated)
    :param modules: DLI's own modules for other data sources (templated)
    :param resources: packages as ``{"name", "type"}`` (templated)
    :param dli_queue: the same as ``queue`` (templated)
    :param dli_resources: the same as ``resources`` (templated)
    :param groups: groups of packages as ``{"name", "resources"}`` (templated)
    :param driver_memory: with its unit, for instance ``2G`` (templated)
    :param driver_cores: how many (templated)
    :param executor_memory: with its unit (templated)
    :param executor_cores: how many, of each executor (templated)
    :param num_executors: how many (templated)
    :param obs_bucket: where the batch is kept (templated)
    :param auto_recovery: let DLI start it again when it fails (templated)
    :param max_retry_times: how often, 0 to 100 (templated)
    :param execution_agency_urn: the agency whose rights it has (Spark 3.3.1) (templated)
    :param catalog_name: ``dli`` to reach the metadata (templated)
    :param feature: ``basic``, ``ai`` or ``custom`` (Huawei Cloud) (templated)
    :param spark_version: the version of Spark (Huawei Cloud) (templated)
    :param image: the image of ``custom`` (Huawei Cloud) (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :param timeout: seconds for each attempt, deferrals included; 24 hours if not given
    :param cancel_on_kill: cancel the batch when the task is killed or its time is up
    :raises WatchFailed: the batch is dead
    """

    kind = "spark_batch"
    template_fields: Sequence[str] = (
        "file", "class_name", "dli_queue", "args", "conf", "name", "cluster_name", "sc_type", "jars", "py_files",
        "files", "modules", "dli_resources", "groups", "driver_memory", "driver_cores", "executor_memory",
        "executor_cores", "num_executors", "obs_bucket", "auto_recovery", "max_retry_times", "execution_agency_urn",
        "catalog_name", "feature", "spark_version", "image", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    template_fields_renderers: ClassVar[dict[str, str]] = dict.fromkeys(
        ("args", "conf", "jars", "py_files", "files", "modules", "dli_resources", "groups"), "json"
    )
    does = CREATE
    store_key = "dli_spark_batch"
    id_name = "batch_id"
    cancelled = frozenset({DEAD})

    def __init__(
        self,
        *,
        file: str,
        class_name: str,
        queue: str | None = None,
        args: Sequence[str] | None = None,
        conf: Mapping[str, Any] | None = None,
        name: str | None = None,
        cluster_name: str | None = None,
        sc_type: str | None = None,
        jars: Sequence[str] | None = None,
        py_files: Sequence[str] | None = None,
        files: Sequence[str] | None = None,
        modules: Sequence[str] | None = None,
        resources: Sequence[Mapping[str, Any]] | None = None,
        groups: Sequence[Mapping[str, Any]] | None = None,
        driver_memory: str | None = None,
        driver_cores: int | None = None,
        executor_memory: str | None = None,
        executor_cores: int | None = None,
        num_executors: int | None = None,
        obs_bucket: str | None = None,
        auto_recovery: bool | None = None,
        max_retry_times: int | None = None,
        execution_agency_urn: str | None = None,
        catalog_name: str | None = None,
        feature: str | None = None,
        spark_version: str | None = None,
        image: str | None = None,
        dli_queue: str | None = None,
        dli_resources: Sequence[Mapping[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.file = file
        self.class_name = class_name
        # `self.queue` would send the task to a worker queue of that name, `self.resources` breaks serialization
        self.dli_queue = queue if dli_queue is None else dli_queue
        self.dli_resources = resources if dli_resources is None else dli_resources
        self.args = args
        self.conf = conf
        self.name = name
        self.cluster_name = cluster_name
        self.sc_type = sc_type
        self.jars = jars
        self.py_files = py_files
        self.files = files
        self.modules = modules
        self.groups = groups
        self.driver_memory = driver_memory
        self.driver_cores = driver_cores
        self.executor_memory = executor_memory
        self.executor_cores = executor_cores
        self.num_executors = num_executors
        self.obs_bucket = obs_bucket
        self.auto_recovery = auto_recovery
        self.max_retry_times = max_retry_times
        self.execution_agency_urn = execution_agency_urn
        self.catalog_name = catalog_name
        self.feature = feature
        self.spark_version = spark_version
        self.image = image

    def body(self) -> dict[str, Any]:
        """Give the arguments of ``create_spark_batch``."""
        from airflow_provider_pipelines.dli.api.spark.bodies import FIELDS, create_body
        from airflow_provider_pipelines.dli.flows.spark_batches import ROOM

        kept = {"queue": "dli_queue", "resources": "dli_resources"}
        given = {argument: getattr(self, kept.get(argument, argument)) for argument in FIELDS}
        create_body(ROOM, **given)
        return {argument: value for argument, value in given.items() if value is not None}

    def source(self, api: Any, body: dict[str, Any]) -> Source:
        """Give what creates and finds batches."""
        from airflow_provider_pipelines.dli.flows.spark_batches import SparkSource

        return SparkSource(api, body)
