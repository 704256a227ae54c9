"""
Claims: who means to stop what, so that two windows do not stop the same thing at once.

There is one list of claims for each organisation or project. Variables have no compare-and-set, so a claim is written,
left to settle, and read again: of two that were written at once only the later one is still there. That is a guard
against mistakes, not a lock: it holds as long as reading and writing a Variable takes less than
:data:`CLAIM_WAIT` seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from airflow_provider_pipelines.errors import WatchFailed
from airflow_provider_pipelines.window.record.model import Claim

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.record.model import Claims, Plan
    from airflow_provider_pipelines.window.record.repository import RecordRepository

#: seconds that a claim is left to settle
CLAIM_WAIT = 3.0
_TRIES = 12


class Runs(Protocol):
    """Knows which DAG runs go on."""

    def alive(self, window: str, run_id: str) -> bool:
        """
        Tell whether a run goes on, or its restore may still do something.

        :raises PipelinesError: it cannot be told
        """


@dataclass(slots=True)
class OrphanedRecord:
    """An open record whose run is over."""

    records: RecordRepository
    plan: Plan


def short(id: str) -> str:
    """Give the hash that a claim names a thing by."""
    return sha256(id.encode()).hexdigest()[:12]


class Claiming:
    """
    Claims things in one organisation or project.

    :param records: the records of the window run that claims
    :param identity: the organisation or project
    :param runs: knows which runs go on
    :param clock: gives Unix time
    :param sleep: waits
    """

    def __init__(
        self,
        records: RecordRepository,
        identity: str,
        runs: Runs,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._records = records
        self._identity = identity
        self._runs = runs
        self._clock = clock
        self._sleep = sleep

    def claim(self, ids: Iterable[str]) -> list[OrphanedRecord]:
        """
        Claim things by id.

        :returns: the open records over the same things whose runs are over
        :raises WatchFailed: another window that goes on has claimed one of them, and is named
        """
        own = Claim(
            window=self._records.window, run_id=self._records.run_id, at=self._clock(), things=sorted(map(short, ids))
        )
        for tried in range(_TRIES):
            claims, orphans = self._clear(own)
            claims.claims.append(own)
            self._records.keep_claims(self._identity, claims)
            self._sleep(CLAIM_WAIT)
            if own in self._records.claims(self._identity).claims:
                self._judge(self._others(), own)
                return orphans
            self._sleep(self._apart(tried))
        raise WatchFailed(
            f"window {self._records.window} could not claim its things in {self._identity}: other windows start at the "
            "same moment. A retry will do."
        )

    def _clear(self, own: Claim) -> tuple[Claims, list[OrphanedRecord]]:
        """
        Give the claims of others that still mean something, as they were read last, and what was left behind.

        To judge a claim takes several reads. What was claimed meanwhile is judged too, so that nothing is between the
        last read and the write, however many claims there are.
        """
        judged: list[Claim] = []
        over: list[Claim] = []
        orphans: list[OrphanedRecord] = []
        while True:
            claims = self._records.claims(self._identity)
            fresh = [claim for claim in claims.claims if claim not in judged and not self._is_own(claim)]
            if not fresh:
                claims.claims = [claim for claim in claims.claims if claim in judged and claim not in over]
                return claims, orphans
            judged += fresh
            standing = [claim for claim in fresh if self._stands(claim)]
            over += [claim for claim in fresh if claim not in standing]
            orphans += self._judge(standing, own)

    def _apart(self, tried: int) -> float:
        """Give the seconds until the next try: others than those of a window that has lost its claim, too."""
        digest = sha256(f"{self._records.window} {self._records.run_id} {tried}".encode()).digest()
        return CLAIM_WAIT * min(tried + 1, 4) * digest[0] / 255

    def check(self, ids: Iterable[str]) -> None:
        """
        Look once more, before the first write.

        :raises WatchFailed: another window that goes on, and was first, has claimed one of the things
        """
        mine = [claim for claim in self._records.claims(self._identity).claims if self._is_own(claim)]
        at = mine[0].at if mine else self._clock()
        own = Claim(window=self._records.window, run_id=self._records.run_id, at=at, things=sorted(map(short, ids)))
        first = [one for one in self._others() if (one.at, one.window, one.run_id) < (own.at, own.window, own.run_id)]
        self._judge(first, own)

    def withdraw(self) -> None:
        """Give the claim up."""
        claims = self._records.claims(self._identity)
        kept = [claim for claim in claims.claims if not self._is_own(claim)]
        if kept != claims.claims:
            claims.claims = kept
            self._records.keep_claims(self._identity, claims)

    def _is_own(self, claim: Claim) -> bool:
        return (claim.window, claim.run_id) == (self._records.window, self._records.run_id)

    def _others(self) -> list[Claim]:
        """Give the claims of other runs that still mean something."""
        found = [claim for claim in self._records.claims(self._identity).claims if not self._is_own(claim)]
        return [claim for claim in found if self._stands(claim)]

    def _stands(self, claim: Claim) -> bool:
        """Tell whether a claim's record is open, or its run is about to make one."""
        records = self._records.beside(claim.window, claim.run_id)
        plan = records.plan()
        if plan is not None:
            return not records.closed(plan)
        return self._runs.alive(claim.window, claim.run_id)

    def _judge(self, others: Sequence[Claim], own: Claim) -> list[OrphanedRecord]:
        """Refuse what goes on elsewhere; give what was left behind."""
        orphans = []
        for other in others:
            if not set(other.things) & set(own.things):
                continue
            if self._runs.alive(other.window, other.run_id):
                count = len(set(other.things) & set(own.things))
                raise WatchFailed(
                    f"window {own.window} targets {count} of the things that window {other.window} (run "
                    f"{other.run_id}) is holding in {self._identity}. Nothing was changed. Let that window end first, "
                    "or give the two different targets or times."
                )
            records = self._records.beside(other.window, other.run_id)
            if (plan := records.plan()) is not None:
                orphans.append(OrphanedRecord(records, plan))
        return orphans
