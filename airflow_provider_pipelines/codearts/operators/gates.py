"""The operator that decides about a step of a CodeArts run that waits for a human."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.operators.pipelines import CodeArtsPipelineOperator
from airflow_provider_pipelines.codearts.states import DECISIONS, OPERATIONS
from airflow_provider_pipelines.core.checks import one_of, optional_id, text_id
from airflow_provider_pipelines.errors import (
    ArgumentError,
    Conflict,
    InvalidRequest,
    NotFound,
    PipelinesError,
    PlaceNotFound,
    WatchFailed,
)
from airflow_provider_pipelines.task.boundary import airflow_errors, planned

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.core.verbs.work import Work

#: the key of the task's state store under which the step is remembered that was decided about
STORE_KEY = "codearts_review"


class CodeArtsReviewOperator(CodeArtsPipelineOperator):
    """
    Passes or refuses a step at which a run of a CodeArts pipeline waits, delays it, or resumes a suspended run.

    The step is found by itself: a manual review, the check point at the entry of a stage, a delayed or suspended step.
    If none waits yet, the task waits until one does, or until the run ends. If several may be meant, it fails and names
    them. A step that has had this decision counts as done, so that a second attempt is harmless; where an earlier
    attempt may have decided about another step than the one that waits now, the task fails and names both.

    After ``pass`` the task waits until the step is ``COMPLETED``, after ``refuse`` until it has failed, after
    ``resume`` until it is suspended no more; for ``delay`` (one more hour, three times at most) the service's yes is
    all there is to see.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptManualReview.html and the pages beside it

    :param pipeline_id: the pipeline (templated)
    :param pipeline_run_id: the run (templated)
    :param decision: ``pass``, ``refuse``, ``delay`` or ``resume`` (templated)
    :param job_run_id: only steps of this job: its ``id`` in the run's detail (templated)
    :param step_run_id: this step: its ``id`` in the run's detail (templated)
    :param comment: the reviewer's comment, which only manual reviews take (templated)
    :raises ArgumentError: several steps may be meant, or the step that waits takes another decision
    :raises WatchFailed: the step was decided in another way, or the run ended without waiting
    :raises NotFound: there is no such run, job or step
    """

    kind = "gate"
    template_fields: Sequence[str] = (
        "pipeline_id", "pipeline_run_id", "decision", "job_run_id", "step_run_id", "comment", "project_id", "region",
        "huaweicloud_conn_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        pipeline_run_id: str,
        decision: str,
        job_run_id: str | None = None,
        step_run_id: str | None = None,
        comment: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline_run_id = pipeline_run_id
        self.decision = decision
        self.job_run_id = job_run_id
        self.step_run_id = step_run_id
        self.comment = comment
        self._about: dict[str, Any] = {}
        self._store: Any = None

    @property
    def verb(self) -> Verb:
        """What is decided; the name becomes that of the step's own operation once it is known."""
        return DECISIONS[self.decision]

    @property
    def scope(self) -> dict[str, Any]:
        """The pipeline, and which step it is about: the one that was told, or decided about."""
        if not self._about:
            told = {"job_run_id": self.job_run_id, "step_run_id": self.step_run_id}
            self._about = {"pipeline_id": self.pipeline_id, "decision": self.decision, **told, "again": False}
        return self._about

    def plan(self) -> list[str]:
        """Check ids, decision and comment."""
        super().plan()
        one_of(self.decision, "decision", tuple(DECISIONS))
        optional_id(self.job_run_id, "job_run_id")
        optional_id(self.step_run_id, "step_run_id")
        if self.comment is not None and not isinstance(self.comment, str):
            raise ArgumentError("comment", f"is of type {type(self.comment).__name__}. Give text.")
        return [text_id(self.pipeline_run_id, "pipeline_run_id")]

    def execute(self, context: Any) -> Any:
        """Find the step, decide, and wait or defer."""
        with airflow_errors():
            planned(self)
            self._recall(context)
        return super().execute(context)

    def execute_complete(self, context: Any, event: Any = None, held: Any = None) -> Any:
        """Go on after a deferral."""
        with airflow_errors():
            planned(self)
            self._recall(context)
        return super().execute_complete(context, event, held)

    def _recall(self, context: Any) -> None:
        """Find out about which step an earlier attempt has decided, where Airflow has a store for that (3.3)."""
        from airflow_provider_pipelines import compat

        self._store = compat.state_store(context)
        known = self._store.get(STORE_KEY) if self._store is not None else None
        if isinstance(known, Mapping) and known.get("for") == self._for and isinstance(known.get("step"), str):
            self.scope["step_run_id"] = self.scope["step_run_id"] or known["step"]
        elif self._store is None:
            attempt = getattr(context.get("ti"), "try_number", 1)
            self.scope["again"] = isinstance(attempt, int) and attempt > 1

    @property
    def _for(self) -> list[str]:
        return [self.pipeline_run_id, self.decision]

    def _advance(self, work: Work, pause_at: float | None) -> None:
        for item in work.of("acted"):
            self.scope["step_run_id"] = item.made.get("step_run_id")
        super()._advance(work, pause_at)

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the decision."""
        answers: dict[str, PipelinesError | None] = {}
        for id in ids:
            item = self._work.items[id] if self._work is not None else None
            made = item.made if item is not None else {}
            self.scope["step_run_id"] = made["step_run_id"]
            if self._store is not None:
                self._store.set(STORE_KEY, {"for": self._for, "step": made["step_run_id"]})
            answers[id] = yield from self._send(api, id, made)
        return answers

    def _send(self, api: Any, id: str, made: Mapping[str, Any]) -> Call[PipelinesError | None]:
        from airflow_provider_pipelines.codearts.api.access import PIPELINE_CODES, own_word
        from airflow_provider_pipelines.core.http.retry import possibly_done

        name = OPERATIONS[self.decision][made["gate"]]
        place = [self.pipeline_id, id, *filter(None, [made.get("job_run_id")]), made["step_run_id"]]
        comment = {}
        if self.comment and self.comment.strip():
            if "review" in name:
                comment = {"approval_description": self.comment}
            else:
                self.log.info("%s takes no comment; it is sent without", made["step"])
        self.log.info("%s: %s", self.decision, made["step"])
        try:
            yield from getattr(api, name)(*place, **comment)
        except (InvalidRequest, NotFound, PlaceNotFound) as error:
            if isinstance(error, PlaceNotFound) and not own_word(error.code):
                return error
            # no code is documented for a step that waits no more: looking again tells
            facts = {key: value for key, value in error.facts().items() if key not in {"renewable", "retry_after"}}
            return error if error.code in PIPELINE_CODES else Conflict(**facts)
        except PipelinesError as error:
            if self.decision == "delay" and possibly_done(error):
                return WatchFailed(f"it is not clear whether {made['step']} was delayed: {error}")
            return error
        return None

    def _conclude(self, context: Any, work: Work) -> Any:
        for item in work.items.values():
            if "gate" in item.made:
                work.verb = replace(work.verb, name=OPERATIONS[self.decision][item.made["gate"]])
            if item.error is None:
                item.message = self._said(item)
        return super()._conclude(context, work)

    def _said(self, item: Item) -> str:
        step = f"{item.made.get('step', 'the step')} of run {item.id}"
        match item.result:
            case "already":
                return f"{step} is {item.known}, as decided; nothing was sent."
            case "done":
                return f"{self.decision}: {step} is {item.known}."
        return f"{self.decision} of {step} was accepted; its effect was not waited for."
