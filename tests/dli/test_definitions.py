"""What jobs are made of: bodies, the operators that create and update, a lost answer of a create."""

import inspect
import json

import pytest

from airflow_provider_pipelines.dli import operators
from airflow_provider_pipelines.dli.api.flink.bodies import FIELDS, definition
from airflow_provider_pipelines.dli.flows.flink_creation import STORE_KEY, Creation
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.dli.operators import (
    DliCreateFlinkJarJobOperator,
    DliCreateFlinkSqlJobOperator,
    DliUpdateFlinkJarJobOperator,
    DliUpdateFlinkSqlJobOperator,
)
from airflow_provider_pipelines.errors import (
    ArgumentError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    OutcomeUnknown,
    ServerError,
    WatchFailed,
)
from scripts.reference import told
from tests.dli.conftest import Driver, answering, job, page, sample
from tests.dli.test_modes import BUSY, is_now
from tests.support.airflow import AirflowFailException
from tests.support.modes import OPERATOR_MODES, Store, TaskInstance, context_of, on, plain, seen

RUNNING, DRAFT = 128, 142
OPERATORS = {
    "create_flink_sql_job": DliCreateFlinkSqlJobOperator,
    "update_flink_sql_job": DliUpdateFlinkSqlJobOperator,
    "create_flink_jar_job": DliCreateFlinkJarJobOperator,
    "update_flink_jar_job": DliUpdateFlinkJarJobOperator,
}
SCOPE = {"job_id", "project_id", "region", "huaweicloud_conn_id"}
CREATED = {"is_success": "true", "message": "", "job": {"job_id": 148, "status_name": "job_init", "status_desc": ""}}

# bodies


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        ("create_flink_sql_job", "flink_sql_create.request.corrected"),
        ("create_flink_jar_job", "flink_jar_create.request"),
        ("update_flink_jar_job", "flink_jar_update.request"),
    ],
)
def test_a_documented_body_is_sent_as_it_is(operation, name):
    assert definition(operation, sample(name)) == sample(name)


@pytest.mark.parametrize("name", ["flink_sql_create.request", "flink_sql_update.request"])
def test_the_words_of_the_documented_samples_are_sent_as_the_documented_numbers(name):
    body = definition("_".join([name.split("_")[2].split(".")[0], "flink_sql_job"]), sample(name))
    assert body == {**sample(name), "checkpoint_mode": 1}


@pytest.mark.parametrize(
    ("given", "sent"),
    [(1, 1), (2, 2), ("1", 1), ("2", 2), ("exactly_once", 1), ("at_least_once", 2)],
)
def test_a_checkpoint_mode_may_be_a_number_or_a_word(given, sent):
    assert definition("update_flink_sql_job", {"checkpoint_mode": given}) == {"checkpoint_mode": sent}


@pytest.mark.parametrize(
    ("field", "given", "sent"),
    [
        ("runtime_config", {"a": True, "b": 1, "c": "x"}, [{"key": "a", "value": "true"}, {"key": "b", "value": "1"}, {"key": "c", "value": "x"}]),
        ("runtime_config", [{"key": "a", "value": "b"}], [{"key": "a", "value": "b"}]),
        ("operator_config", {"operator_list": [{"id": "0a", "parallelism": 1}]}, {"operator_list": [{"id": "0a", "parallelism": 1}]}),
        ("static_estimator_config", {"operator_list": []}, {"operator_list": []}),
        ("flink_log_config", {"root_logger_level": "WARN"}, {"root_logger_level": "WARN"}),
    ],
)  # fmt: skip
def test_a_field_that_is_json_in_a_string_takes_a_dictionary(field, given, sent):
    body = definition("update_flink_sql_job", {field: given})
    assert isinstance(body[field], str)
    assert json.loads(body[field]) == sent
    assert definition("update_flink_sql_job", {field: body[field]}) == body, "and JSON text as it is"
    assert definition("update_flink_sql_job", {field: ""}) == {field: ""}


@pytest.mark.parametrize(
    "given", [{"team": "wind"}, [{"key": "team", "value": "wind"}], '[{"key":"team","value":"wind"}]']
)
def test_labels_may_be_a_dictionary_or_the_vendors_list(given):
    body = definition("create_flink_sql_job", {"name": "x", "tags": given})
    assert body["tags"] == [{"key": "team", "value": "wind"}]


def test_what_a_template_renders_as_text_is_sent_as_what_it_is():
    given = {
        "cu_number": "4",
        "log_enabled": "True",
        "dependency_jars": '["a.jar"]',
        "resource_config": '{"max_slot": "2"}',
    }
    assert definition("update_flink_jar_job", given) == {
        "cu_number": 4, "log_enabled": True, "dependency_jars": ["a.jar"], "resource_config": {"max_slot": 2},
    }  # fmt: skip


def test_what_is_not_given_is_not_sent_and_what_is_not_known_is_passed_on():
    assert definition("update_flink_jar_job", {"desc": None, "auto_scaling_enable": True}) == {
        "auto_scaling_enable": True
    }


@pytest.mark.parametrize(
    ("operation", "given", "said"),
    [
        ("create_flink_sql_job", {}, "name: is empty. Give the job a name"),
        ("create_flink_sql_job", {"name": ""}, "name: is empty"),
        ("create_flink_sql_job", {"name": "None"}, "name: is empty"),
        ("create_flink_sql_job", {"name": "x" * 58}, "name: has 58 characters"),
        ("create_flink_sql_job", {"name": 7}, "name: is of type int"),
        ("create_flink_sql_job", {"name": "x", "run_mode": "shared_cluster", "job_type": "flink_opensource_sql_job"}, "run_mode: .*exclusive_cluster"),
        ("create_flink_sql_job", {"name": "x", "template_id": 0}, "template_id"),
        ("create_flink_sql_job", {"name": "x", "tags": 7}, "tags: is no list"),
        ("create_flink_sql_job", {"name": "x", "tags": [{"key": ""}]}, "tags: is empty"),
        ("create_flink_sql_job", {"name": "x", "tags": [{"key": "k" * 129, "value": ""}]}, "tags: has 129"),
        ("update_flink_sql_job", {}, "body: has no field"),
        ("update_flink_sql_job", {"desc": None}, "body: has no field"),
        ("update_flink_sql_job", "x", "body: 'x' is no JSON object"),
        ("update_flink_sql_job", {"sql_body": "x" * (1024 * 1024 + 1)}, "sql_body"),
        ("update_flink_sql_job", {"checkpoint_mode": 3}, "checkpoint_mode: '3' is not possible.*exactly_once"),
        ("update_flink_sql_job", {"checkpoint_mode": True}, "checkpoint_mode"),
        ("update_flink_sql_job", {"checkpoint_mode": "once"}, "checkpoint_mode"),
        ("update_flink_sql_job", {"cu_number": 1}, "cu_number: 1 is not possible. Give a whole number from 2 to 400"),
        ("update_flink_sql_job", {"parallel_number": True}, "parallel_number"),
        ("update_flink_sql_job", {"log_enabled": "yes"}, "log_enabled"),
        ("update_flink_sql_job", {"resume_max_num": 0}, "resume_max_num: 0"),
        ("update_flink_sql_job", {"run_mode": "fast"}, "run_mode: 'fast' is not possible"),
        ("update_flink_sql_job", {"runtime_config": "a=b"}, "runtime_config: is no JSON text"),
        ("update_flink_sql_job", {"runtime_config": 7}, "runtime_config: is of type int"),
        ("update_flink_sql_job", {"operator_config": {"a": {1}}}, "operator_config: cannot be written as JSON"),
        ("update_flink_sql_job", {"resource_config": {"cores": 1}}, "resource_config: has unknown keys cores"),
        ("update_flink_sql_job", {"resource_config": {"jobmanager_resource_spec": {"disk": 1}}}, "jobmanager_resource_spec"),
        ("update_flink_sql_job", {"resource_config_version": "v3"}, "resource_config_version"),
        ("update_flink_sql_job", {"flink_version": 1.12}, "flink_version: is of type float"),
        ("update_flink_jar_job", {"dependency_jars": "a.jar"}, "dependency_jars: is no list"),
        ("update_flink_jar_job", {"dependency_jars": [""]}, "dependency_jars"),
        ("update_flink_jar_job", {"job_type": "flink_sql_job"}, "job_type"),
    ],
)  # fmt: skip
def test_a_field_that_is_not_possible_is_named(operation, given, said):
    with pytest.raises(ArgumentError, match=said):
        definition(operation, given)


# answers


def test_a_created_job_is_typed(api):
    for name in ("flink_sql_create", "flink_jar_create"):
        made = answering(sample(f"{name}.response")).run(api.create_flink_sql_job({"name": "x"}))
        assert (type(made.job_id), made.status) == (int, "job_init")


def test_an_update_says_when_it_was(api):
    for name in ("flink_sql_update", "flink_jar_update"):
        answer = sample(f"{name}.response")
        assert (
            answering(answer).run(api.update_flink_jar_job(1, {"desc": ""})).update_time == answer["job"]["update_time"]
        )


def test_an_update_may_be_repeated_and_a_create_may_not(api):
    driver = answering(CREATED, {"is_success": "true", "message": "", "job": {}})
    driver.run(api.create_flink_sql_job({"name": "x"}))
    driver.run(api.update_flink_sql_job(1, {"desc": "d"}))
    assert [request.repeatable for request in driver.requests] == [False, True]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"is_success": "true", "message": ""}, MalformedReply),
        ({"is_success": "true", "message": "", "job": {"status_name": "job_init"}}, MalformedReply),
        ({"is_success": "false", "message": "no"}, InvalidRequest),
        ({"is_success": "maybe", "job": CREATED["job"]}, MalformedReply),
        ({"error_code": "DLI.0006", "error_msg": "exists"}, Conflict),
        ({"error_code": "DLI.0999", "error_msg": "odd"}, ServerError),
    ],
)
def test_what_is_no_clear_success_of_a_create_is_an_error(api, answer, kind):
    with pytest.raises(kind):
        answering(answer).run(api.create_flink_sql_job({"name": "x"}))


# the operators' arguments


@pytest.mark.parametrize("operation", FIELDS)
def test_an_operator_has_each_field_as_a_templated_argument_and_tells_what_it_is(operation):
    kind = OPERATORS[operation]
    assert set(kind.template_fields) - SCOPE == set(FIELDS[operation])
    assert set(kind.template_fields) <= told(kind).keys()
    assert "https://" in inspect.getdoc(kind)


@pytest.mark.parametrize("name", operators.__all__)
def test_every_operator_says_what_its_arguments_mean_and_which_are_templated(name):
    kind = getattr(operators, name)
    assert "https://" in inspect.getdoc(kind), "the vendor's page"
    texts = told(kind)
    for field in kind.template_fields:
        assert "(templated" in texts[field], field


# create, through the emulator


def create(kind=DliCreateFlinkSqlJobOperator, name="new-job", **fields):
    return lambda **mode: kind(task_id="task", name=name, **fields, **mode)


NAME = "create_flink_sql_job"


def creates(emulator):
    return [call["operation"] for call in emulator.calls(writes=True)]


@pytest.mark.parametrize("kind", [DliCreateFlinkSqlJobOperator, DliCreateFlinkJarJobOperator])
def test_a_job_is_created_alike_in_every_mode(emulator, clock, kind):
    ends = []
    for carry_out in OPERATOR_MODES.values():
        emulator.reset()
        ends.append(carry_out(create(kind, queue_name="q", checkpoint_mode="at_least_once"), clock))
        assert creates(emulator) == [kind.does.name]
    outcome = ends[0]["result"]
    assert ends[1:] == ends[:-1]
    assert type(outcome["id"]) is int
    assert (outcome["verb"], outcome["result"], outcome["after"]) == (kind.does.name, "done", "job_init")
    assert outcome["name"] == "new-job"
    with DliHook() as hook:
        made = hook.show_flink_job(outcome["id"])
    assert (made.name, made.queue_name, made.job_config.checkpoint_mode) == ("new-job", "q", "at_least_once")


def test_a_created_job_can_be_run(emulator, clock):
    made = plain(create(queue_name="q", sql_body="insert into b select * from a"), clock)["result"]["id"]
    run = lambda **mode: operators.DliBatchRunOperator(task_id="run", job_ids=[made], **mode)  # noqa: E731 -- made anew in each mode
    assert plain(run, clock)["result"][0]["after"] == "job_running"


def test_a_name_that_exists_is_told_with_the_job_that_has_it(emulator, clock):
    with DliHook() as hook:
        name = hook.show_flink_job(RUNNING).name
    kind, said = plain(create(name=name), clock)["error"]
    assert kind == "AirflowFailException", "no retry mends it"
    assert f"a job named {name!r} exists: {RUNNING} (job_running)" in said
    assert "DLI.0006" in said
    assert "Give another name" in said


def test_a_lost_answer_of_a_create_is_made_up_for(emulator, clock):
    emulator.fault(NAME, service="dli", kind="drop")
    outcome = plain(create(), clock)["result"]
    assert outcome["result"] == "done"
    with DliHook() as hook:
        assert [one.job_id for one in hook.list_flink_jobs(name="new-job")] == [outcome["id"]]
    assert creates(emulator) == [NAME]


def test_a_job_of_a_longer_name_is_not_taken_for_it(emulator, clock):
    plain(create(name="new-job-2"), clock)
    emulator.mark()
    emulator.fault(NAME, service="dli", kind="drop", executed=False)
    kind, said = plain(create(), clock)["error"]
    assert (kind, creates(emulator)) == ("OutcomeUnknown", [NAME])
    assert "got no answer" in said


def test_an_older_job_of_the_same_name_is_not_taken_for_the_lost_one(emulator, clock):
    emulator.settings(dli_same_name="accept")
    older = plain(create(), clock)["result"]["id"]
    emulator.fault(NAME, service="dli", kind="drop")
    assert plain(create(), clock)["result"]["id"] != older


@pytest.mark.parametrize("fault", [BUSY, {"kind": "truncate", "bytes": 5}], ids=["503", "cut"])
def test_an_unclear_answer_of_a_create_is_looked_after(emulator, clock, fault):
    emulator.fault(NAME, service="dli", **fault)
    end = plain(create(), clock)
    if fault is BUSY:
        assert end["error"][0] == "ServerError"
    else:
        assert end["result"]["result"] == "done"
    assert creates(emulator) == [NAME]


def test_a_refused_create_is_final_and_forgotten(emulator, clock):
    store = Store()
    emulator.fault(NAME, service="dli", kind="reply", status=400, body={"error_code": "DLI.0001", "error_msg": "odd"})
    kind, said = plain(create(), clock, store=store)["error"]
    assert kind == "AirflowFailException"
    assert "odd" in said
    assert store == {}


def test_a_later_attempt_takes_over_what_a_lost_one_made(emulator, clock):
    """The answer is lost, and the job shows only after the attempt has given up."""
    store = Store()
    emulator.fault(NAME, service="dli", kind="drop")
    emulator.fault("list_flink_jobs", service="dli", times=9, skip=1, **BUSY)
    assert plain(create(), clock, store=store)["error"] is not None
    assert store[STORE_KEY]["before"] == []
    emulator.clear_faults()
    emulator.mark()
    outcome = plain(create(), clock, ti=TaskInstance(2), store=store)["result"]
    assert outcome["result"] == "done"
    assert creates(emulator) == []
    assert store == {}, "what a later clear finds is not its own"
    assert plain(create(), clock, store=store)["error"][0] == "AirflowFailException"


def test_another_wish_takes_over_nothing(emulator, clock):
    store = Store()
    emulator.fault(NAME, service="dli", kind="drop")
    emulator.fault("list_flink_jobs", service="dli", times=9, skip=1, **BUSY)
    plain(create(), clock, store=store)
    emulator.clear_faults()
    assert "exists" in plain(create(desc="another"), clock, store=store)["error"][1]
    for odd in (7, {}, {"wish": store.get(STORE_KEY, {}).get("wish"), "before": None}):
        store[STORE_KEY] = odd
        assert "exists" in plain(create(), clock, store=store)["error"][1]


def test_a_record_that_cannot_be_read_counts_as_none(api):
    body = {"name": "x"}
    store = Store()
    creation = Creation(api, NAME, body, [], store, lambda _: None)
    store[STORE_KEY] = {"wish": creation._wish, "before": "odd"}
    driver = answering(page(), CREATED)
    assert driver.run(creation.obtain()).job_id == 148


def test_two_new_jobs_of_one_name_are_not_chosen_between(api):
    lost = OutcomeUnknown("lost", service="DLI", operation=NAME, method="POST", path="/")
    two = page(job(1, name="x"), job(2, name="x"))
    driver = Driver(lambda request: lost if request.method == "POST" else two if len(driver.requests) > 1 else page())
    lines = []
    with pytest.raises(OutcomeUnknown):
        driver.run(Creation(api, NAME, {"name": "x"}, [], None, lines.append).obtain())
    assert sum(driver.slept) == 30
    assert "Looking for a new job" in lines[0]


def test_a_name_that_exists_out_of_sight_is_told_too(api):
    taken = Conflict("taken.", service="DLI", operation=NAME, method="POST", path="/", status=400, code="DLI.0006")
    driver = answering(page(), taken, page())
    with pytest.raises(InvalidRequest, match=r"exists, not shown to this user \(taken\)"):
        driver.run(Creation(api, NAME, {"name": "x"}, [], None, lambda _: None).obtain())
    other = Conflict("busy", service="DLI", operation=NAME, method="POST", path="/", status=400)
    with pytest.raises(Conflict, match="busy"):
        answering(page(), other).run(Creation(api, NAME, {"name": "x"}, [], None, lambda _: None).obtain())


def test_bad_input_is_told_before_any_call(emulator, clock):
    kind, said = plain(create(cu_number=1), clock)["error"]
    assert (kind, emulator.calls()) == ("AirflowFailException", [])
    assert said.startswith("cu_number: ")


def test_a_task_that_was_killed_creates_nothing(emulator, clock):
    task = on(create()(deferrable=False), clock)
    task.on_kill()
    with pytest.raises(WatchFailed, match="killed before 'new-job' was created"):
        task.execute(context_of())
    assert emulator.calls() == []


# update, through the emulator


def update(id=DRAFT, kind=DliUpdateFlinkSqlJobOperator, **fields):
    return lambda **mode: kind(task_id="task", job_id=id, **(fields or {"desc": "changed"}), **mode)


UPDATE = "update_flink_sql_job"


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_job_is_changed_and_keeps_the_rest(emulator, clock, mode):
    with DliHook() as hook:
        before = hook.show_flink_job(DRAFT)
        outcome = OPERATOR_MODES[mode](update(str(DRAFT)), clock)["result"]
        after = hook.show_flink_job(DRAFT)
    assert (outcome["id"], outcome["verb"], outcome["result"]) == (DRAFT, UPDATE, "done")
    assert (outcome["before"], outcome["after"]) == ("job_init", "job_init")
    assert type(outcome["update_time"]) is int
    assert (after.desc, after.name) == ("changed", before.name)
    assert creates(emulator) == [UPDATE]


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_job_that_is_stopping_is_waited_for_before_it_is_changed(emulator, clock, mode):
    is_now(RUNNING, "job_canceling")(emulator, clock)
    outcome = OPERATOR_MODES[mode](update(RUNNING), clock)["result"]
    assert (outcome["result"], outcome["after"]) == ("done", "job_cancel_success")


def test_what_a_running_job_takes_is_for_dli_to_say(emulator, clock):
    assert plain(update(RUNNING, resume_max_num=5), clock)["result"]["result"] == "done"
    kind, said = plain(update(RUNNING, sql_body="select 2"), clock)["error"]
    assert kind == "AirflowFailException"
    assert "DLI.12002" in said


def test_a_jar_job_is_changed_by_its_own_call(emulator, clock):
    made = plain(create(DliCreateFlinkJarJobOperator, main_class="A"), clock)["result"]["id"]
    jar = update(made, DliUpdateFlinkJarJobOperator, entrypoint_args="-x 1")
    outcome = plain(jar, clock)["result"]
    assert (outcome["verb"], outcome["result"]) == ("update_flink_jar_job", "done")
    assert "DLI.12002" in plain(update(made), clock)["error"][1]


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_lost_answer_of_an_update_is_asked_for_again(emulator, clock, mode):
    emulator.fault(UPDATE, service="dli", kind="drop")
    assert OPERATOR_MODES[mode](update(), clock)["result"]["result"] == "done"
    assert creates(emulator) == [UPDATE] * 2


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_an_update_whose_answers_are_all_lost_is_not_said_to_be_done(emulator, clock, mode):
    emulator.fault(UPDATE, service="dli", times=9, **BUSY)
    assert OPERATOR_MODES[mode](update(), clock)["error"][0] == "ServerError"


@pytest.mark.parametrize(
    ("make", "named"),
    [(update(True), "job_id"), (update(DRAFT, cu_number=1), "cu_number"), (update(DRAFT, desc=None), "body")],
)
def test_an_update_that_cannot_be_meant_is_told_before_any_call(emulator, clock, make, named):
    with pytest.raises(AirflowFailException, match=f"^{named}: "):
        on(make(deferrable=False), clock).execute(context_of())
    assert emulator.calls() == []


def test_an_update_of_what_is_not_there_fails_at_once(emulator, clock):
    ti = TaskInstance()
    end = seen(lambda: on(update(999)(deferrable=False), clock).execute(context_of(ti)), ti)
    assert end["error"][0] == "AirflowFailException"
    assert creates(emulator) == []


# arguments of the other calls


@pytest.mark.parametrize(
    ("name", "arguments", "keywords", "said"),
    [
        ("export_flink_jobs", ["b/d", False, [1]], {}, "job_selected: goes with is_selected=True"),
        ("export_flink_jobs", ["b/d", True], {}, "job_selected: is empty"),
        ("export_flink_jobs", [""], {}, "obs_dir: is empty"),
        ("import_flink_jobs", [""], {}, "zip_file: is empty"),
        ("import_flink_jobs", ["a.zip", "maybe"], {}, "is_cover"),
        ("register_bucket", [[]], {}, "obs_buckets: is empty"),
        ("register_bucket", ["bucket"], {}, "obs_buckets: is no list"),
        ("show_flink_metric", [[]], {}, "job_ids: is empty"),
        ("create_flink_sql_job_graph", [1], {"sql_body": None}, "sql_body: is empty"),
        ("create_flink_sql_job_graph", [1], {"sql_body": " "}, "sql_body: is empty"),
        ("create_flink_sql_job_graph", [1], {"sql_body": "x", "static_estimator": True}, "static_estimator_config: is empty"),
        ("create_flink_sql_job_graph", [1], {"sql_body": "x", "graph_type": "tree"}, "graph_type"),
        ("list_job_templates", [], {"order": "up"}, "order"),
        ("create_job_template", [""], {}, "name: is empty"),
        ("create_job_template", ["t"], {"sql_body": "x" * 10_001}, "sql_body: has 10001"),
        ("create_job_template", ["t"], {"desc": "x" * 513}, "desc: has 513"),
        ("update_job_template", [1], {}, "Give at least one field"),
        ("update_job_template", [0], {"name": "t"}, "template_id"),
        ("delete_job_template", ["x"], {}, "template_id"),
        *[("create_global_variable", [name, "x"], {}, "var_name") for name in ("", "_a", "12", "a-b", "a" * 129, "ä", 7)],
        ("create_global_variable", ["a", 7], {}, "var_value"),
        ("update_global_variable", ["_a", "x"], {}, "var_name"),
        ("delete_global_variable", ["a/b"], {}, "var_name"),
    ],
)  # fmt: skip
def test_an_argument_that_cannot_be_meant_is_never_sent(api, name, arguments, keywords, said):
    driver = answering()
    with pytest.raises(ArgumentError, match=said):
        driver.run(getattr(api, name)(*arguments, **keywords))
    assert not driver.requests


@pytest.mark.parametrize("name", ["a", "A1", "1a", "a_", "a" * 128])
def test_a_name_that_a_variable_may_have_is_sent(api, name):
    driver = answering({"is_success": True})
    driver.run(api.delete_global_variable(name))
    assert driver.requests[0].path.endswith(f"/variables/{name}")


def test_templates_and_variables_are_read_page_by_page(api):
    rows = [{"template_id": id, "name": f"t{id}"} for id in range(1, 131)]
    pages = [
        {"is_success": True, "template_list": {"total_count": 130, "templates": part}}
        for part in (rows[:100], rows[100:], rows[:100])
    ]
    driver = answering(*pages)
    assert [one.template_id for one in driver.run(api.list_job_templates())] == list(range(1, 131))
    assert [dict(request.query)["offset"] for request in driver.requests] == ["0", "100", "0"]
    driver = answering({"is_success": True, "global_vars": None, "count": 0})
    assert driver.run(api.list_global_variables()) == []
    with pytest.raises(MalformedReply):
        answering({"is_success": True, "count": 0, "global_vars": {}}).run(api.list_global_variables())


def test_the_value_of_a_variable_is_in_no_log(api):
    answer = {"is_success": True, "count": 1, "global_vars": [{"var_name": "a", "var_value": "hidden-value"}]}
    (found,) = answering(answer).run(api.list_global_variables())
    assert found.var_value == "hidden-value"
    assert "hidden-value" not in repr(found)
