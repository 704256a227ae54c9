"""Every operation on Flink jobs that DLI documents: through the hook, its async twin and the emulator."""

import inspect

import pytest

from airflow_provider_pipelines.dli.api.access import NOT_EVERYWHERE
from airflow_provider_pipelines.dli.api.client import DliApi
from airflow_provider_pipelines.dli.hook import DliAio, DliHook, DliOperations
from airflow_provider_pipelines.errors import NotSupported, PlaceNotFound
from airflow_provider_pipelines.hook.faces import operation
from tests.support.odd404 import ODD

RUNNING, DRAFT, STOPPED, FINISHED, JAR = 128, 142, 146, 149, 137
SQL = "create table a (x int) with ('connector' = 'datagen'); insert into b select * from a"
GRAPH = {"sql_body": SQL, "parallel_number": 2, "static_estimator": False, "graph_type": "job_graph"}


def nothing(hook):
    return []


def template(hook):
    return [("create_job_template", ["made-before"], {})]


def variable(hook):
    return [("create_global_variable", ["made_before", "x"], {})]


def archive(hook):
    return [("export_flink_jobs", ["emulated-bucket/out", True, [DRAFT]], {})]


# number in the vendor's catalogue, method, what has to be done first, arguments, what has to be true of the result
OPERATIONS = [
    (1, "create_flink_sql_job", nothing, [{"name": "new", "sql_body": SQL}], lambda job: job.status == "job_init"),
    (2, "update_flink_sql_job", nothing, [DRAFT, {"desc": "changed"}], lambda answer: answer.update_time > 0),
    (3, "create_flink_jar_job", nothing, [{"name": "new", "main_class": "A"}], lambda job: job.job_id > 0),
    (4, "update_flink_jar_job", nothing, ["the Jar job", {"desc": "changed"}], lambda answer: answer.update_time > 0),
    (5, "batch_run_flink_jobs", nothing, [[DRAFT]], lambda answers: answers[0].is_success is True),
    (6, "batch_stop_flink_jobs", nothing, [[RUNNING], True], lambda answers: answers[0].is_success is True),
    (7, "delete_flink_job", nothing, [DRAFT], lambda answer: answer is None),
    (8, "batch_delete_flink_jobs", nothing, [[DRAFT, STOPPED]], lambda answers: answers[0].is_success is True),
    (9, "list_flink_jobs", nothing, [], lambda jobs: {RUNNING, DRAFT} < {job.job_id for job in jobs}),
    (10, "show_flink_job", nothing, [RUNNING], lambda job: job.status == "job_running"),
    (11, "show_flink_job_execution_graph", nothing, [RUNNING], lambda graph: graph.state == "RUNNING"),
    (12, "show_flink_metric", nothing, [[RUNNING]], lambda rows: rows[0].metrics.total_read_rate > 0),
    (13, "execute_flink_job_savepoint", nothing, [RUNNING, "obs://b/s/"], lambda answer: answer is None),
    (14, "import_flink_job_savepoint", nothing, [STOPPED, "obs://b/s/"], lambda answer: answer is None),
    (15, "export_flink_jobs", nothing, ["emulated-bucket/out"], lambda files: files[0].endswith(".zip")),
    (16, "import_flink_jobs", archive, ["emulated-bucket/out", True], lambda rows: rows[0].old_job_id == DRAFT),
    (17, "register_bucket", nothing, [["emulated-bucket"]], lambda answer: answer is None),
    (18, "create_flink_sql_job_graph", nothing, [DRAFT, GRAPH], lambda graph: len(graph.operator_list) == 2),
    (19, "create_job_template", nothing, ["new"], lambda made: made.template_id > 0),
    (19, "list_job_templates", template, [], lambda found: "made-before" in [one.name for one in found]),
    (19, "update_job_template", template, ["the template", {"desc": "x"}], lambda answer: answer is None),
    (19, "delete_job_template", template, ["the template"], lambda answer: answer is None),
    (20, "create_global_variable", nothing, ["new", "x"], lambda answer: answer is None),
    (20, "list_global_variables", variable, [], lambda found: "made_before" in [one.var_name for one in found]),
    (20, "update_global_variable", variable, ["made_before", "y"], lambda answer: answer is None),
    (20, "delete_global_variable", variable, ["made_before"], lambda answer: answer is None),
]  # fmt: skip
# 21 (calls of edge devices) and 22 (tags) of the catalogue are not among those that the hook promises.
IDS = [f"{number}-{name}" for number, name, *_ in OPERATIONS]
KEYWORDS = {"create_flink_sql_job_graph", "update_job_template"}


def arranged(emulator, name, first, arguments):
    """Prepare the world and give the arguments, ids filled in."""
    with DliHook() as hook:
        made = None
        for method, args, kwargs in first(hook):
            made = getattr(hook, method)(*args, **kwargs)
        if "the Jar job" in arguments:
            made = hook.create_flink_jar_job({"name": "jar", "main_class": "A"})
            arguments = [made.job_id, *arguments[1:]]
        if "the template" in arguments:
            arguments = [made.template_id, *arguments[1:]]
    emulator.mark()
    keywords = arguments[-1] if name in KEYWORDS else {}
    return (arguments[:-1] if keywords else arguments), keywords


@pytest.mark.parametrize(("number", "name", "first", "arguments", "holds"), OPERATIONS, ids=IDS)
def test_an_operation_works_on_the_sync_face(emulator, number, name, first, arguments, holds):
    arguments, keywords = arranged(emulator, name, first, arguments)
    with DliHook() as hook:
        assert holds(getattr(hook, name)(*arguments, **keywords))
    assert {call["operation"] for call in emulator.calls(service="dli")} == {name}


@pytest.mark.parametrize(("number", "name", "first", "arguments", "holds"), OPERATIONS, ids=IDS)
async def test_an_operation_works_on_the_async_face(emulator, number, name, first, arguments, holds):
    arguments, keywords = arranged(emulator, name, first, arguments)
    async with DliHook().aio as aio:
        assert holds(await getattr(aio, name)(*arguments, **keywords))
    assert {call["operation"] for call in emulator.calls(service="dli")} == {name}


@pytest.mark.parametrize(("number", "name", "first", "arguments", "holds"), OPERATIONS, ids=IDS)
def test_an_operation_copes_with_is_success_as_a_boolean(emulator, number, name, first, arguments, holds):
    emulator.settings(dli_is_success="boolean")
    arguments, keywords = arranged(emulator, name, first, arguments)
    with DliHook() as hook:
        assert holds(getattr(hook, name)(*arguments, **keywords))


def flink_methods():
    """Give the hook's operations on Flink jobs: those of the modules that are not about SQL or Spark."""
    return {
        name
        for name, shown in vars(DliOperations).items()
        if isinstance(shown, operation) and ".dli.api.flink." in shown._make.__module__
    }


def test_every_operation_of_the_catalogue_has_a_hook_method_and_every_hook_method_a_test():
    assert {name for _, name, *_ in OPERATIONS} == flink_methods()
    assert [number for number, *_ in OPERATIONS] == sorted(number for number, *_ in OPERATIONS)
    assert {number for number, *_ in OPERATIONS} == set(range(1, 21))


def test_the_emulator_calls_the_operations_by_the_same_names():
    from airflow_provider_pipelines.emulator.dli.routes import flink_definitions as definitions
    from airflow_provider_pipelines.emulator.dli.routes import flink_graphs as graphs
    from airflow_provider_pipelines.emulator.dli.routes import flink_jobs as jobs
    from airflow_provider_pipelines.emulator.dli.routes import flink_templates as templates

    routes = [route for room in (definitions, graphs, templates, jobs) for route in room.table]
    assert {route.name for route in routes} == flink_methods()


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(("number", "name", "first", "arguments", "holds"), OPERATIONS, ids=IDS)
def test_an_odd_404_says_nothing_about_the_thing(emulator, odd, number, name, first, arguments, holds):
    arguments, keywords = arranged(emulator, name, first, arguments)
    emulator.fault(name, service="dli", kind="reply", status=404, body=ODD[odd], times=99)
    with pytest.raises((PlaceNotFound, NotSupported)) as caught:
        getattr(DliHook(), name)(*arguments, **keywords)
    assert caught.value.hint
    lacking = name in NOT_EVERYWHERE and odd in {"APIG.0101", "APIGW.0101"}
    assert isinstance(caught.value, NotSupported) is lacking


@pytest.mark.parametrize("name", sorted({name for _, name, *_ in OPERATIONS}))
def test_an_operation_is_documented_on_both_faces(name):
    make = getattr(DliApi, name)
    text = inspect.getdoc(make)
    assert "https://" in text, "the vendor's page"
    for parameter in list(inspect.signature(make).parameters)[1:]:
        assert f":param {parameter}:" in text
    assert vars(DliOperations)[name].__doc__ == make.__doc__
    assert isinstance(getattr(DliAio, name), operation)


SAVEPOINTS = [
    ("execute_flink_job_savepoint", [RUNNING, "obs://b/s"]), ("import_flink_job_savepoint", [STOPPED, "obs://b/s"]),
]  # fmt: skip
DEPRECATED = [("show_flink_metric", [[RUNNING]]), ("register_bucket", [["emulated-bucket"]])]


def of_cloud(emulator, monkeypatch, cloud):
    import json

    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    connection["extra"]["cloud"] = cloud
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))


@pytest.mark.parametrize(("name", "arguments"), SAVEPOINTS)
def test_a_savepoint_call_is_not_supported_by_open_telekom_cloud_and_nothing_is_sent(
    emulator, monkeypatch, name, arguments
):
    of_cloud(emulator, monkeypatch, "otc")
    with pytest.raises(NotSupported, match=rf"{name} failed \(nothing was sent\): Open Telekom Cloud has no API call"):
        getattr(DliHook(), name)(*arguments)
    assert emulator.calls() == []


@pytest.mark.parametrize(("name", "arguments"), [*SAVEPOINTS, *DEPRECATED])
@pytest.mark.parametrize(("cloud", "edition"), [("huaweicloud", "Huawei Cloud"), ("huaweicloud-eu", "Europe")])
def test_a_route_that_the_gateway_does_not_know_is_not_supported(
    emulator, monkeypatch, cloud, edition, name, arguments
):
    of_cloud(emulator, monkeypatch, cloud)
    missing = {"error_code": "APIG.0101", "error_msg": "The API does not exist or has not been published."}
    emulator.fault(name, service="dli", kind="reply", status=404, body=missing)
    with pytest.raises(NotSupported, match=f"{edition}.* may not offer {name}") as caught:
        getattr(DliHook(), name)(*arguments)
    assert (caught.value.status, caught.value.code) == (404, "APIG.0101")
    assert len(emulator.calls()) == 1


@pytest.mark.parametrize(("name", "arguments"), [*SAVEPOINTS, *DEPRECATED])
def test_the_emulators_profile_of_open_telekom_cloud_lacks_these_routes(emulator, name, arguments):
    emulator.settings(profile="otc", dli_deprecated_routes="huaweicloud", dli_savepoint_routes="huaweicloud")
    with pytest.raises(NotSupported):
        getattr(DliHook(), name)(*arguments)
