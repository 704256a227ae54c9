"""
Ask a person in Airflow whether a CodeArts run may pass its gate, and pass or refuse the gate accordingly.

The pipeline stops at a manual review (or at the check point of a stage). The DAG starts it, waits until it waits for a
human, and asks in Airflow's own list of required actions. What the person says is carried to CodeArts; nobody has to
open its console. If nobody answers within a day the gate is refused. All waits are deferred: they hold no worker slot.

Airflow asks people from 3.1 on. On an older one this file defines no DAG, and says so in the log of its processing.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from inspect import signature

import pendulum
from airflow import __version__

from airflow_provider_pipelines.codearts.operators import CodeArtsReviewOperator, CodeArtsRunPipelineOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor

RELEASE = "fa4e0000000000000000000000000006"
RUN = "{{ ti.xcom_pull(task_ids='start', key='pipeline_run_id') }}"

if tuple(int(part) for part in __version__.split(".")[:2]) < (3, 1):
    logging.getLogger(__name__).warning(
        "The DAG codearts_approval is left out: it asks a person, which Airflow does from 3.1 on. This is %s.",
        __version__,
    )
else:
    # not at the top: 3.0's dag-processor loads what is imported there by itself, and would end with this one's error
    from airflow.providers.standard.operators.hitl import HITLOperator
    from airflow.sdk import DAG

    # the first releases of the operator had another word for it
    knows = "response_timeout" in signature(HITLOperator.__init__).parameters
    limit = {"response_timeout" if knows else "execution_timeout": timedelta(days=1)}

    with DAG(
        "codearts_approval",
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        default_args={"deferrable": True, "poll_interval": 20},
        tags=["example", "pipelines"],
    ):
        # returns as soon as CodeArts has accepted the run: what follows watches it
        start = CodeArtsRunPipelineOperator(
            task_id="start",
            pipeline_id=RELEASE,
            description="Release of {{ run_id }}",
            wait_for_completion=False,
        )
        gate = CodeArtsRunSensor(
            task_id="gate",
            pipeline_id=RELEASE,
            pipeline_run_id=RUN,
            target_status="PAUSED",
            poke_interval=20,
        )
        ask = HITLOperator(
            task_id="ask",
            subject="May the release go on?",
            body=f"Run `{RUN}` of the release pipeline waits at its gate.",
            options=["pass", "refuse"],
            defaults="refuse",
            **limit,
        )
        # the options are the decisions of the operator, so the answer can be handed over as it is
        answer = CodeArtsReviewOperator(
            task_id="answer",
            pipeline_id=RELEASE,
            pipeline_run_id=RUN,
            decision="{{ ti.xcom_pull(task_ids='ask')['chosen_options'][0] }}",
            comment="Decided in Airflow, run {{ run_id }}",
        )
        # fails, with the place and the end of its log, if the gate was refused or the rest of the run went wrong
        done = CodeArtsRunSensor(
            task_id="done",
            pipeline_id=RELEASE,
            pipeline_run_id=RUN,
            poke_interval=20,
        )
        start >> gate >> ask >> answer >> done
