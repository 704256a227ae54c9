"""An author's own hooks, in a module that a triggerer can import; and what is none."""

from functools import cached_property

from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosStopPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor

#: what was done through one of them
USED = []


class NotingHook(EnosHook):
    """Notes each look and each cancel; takes an argument of its own."""

    def __init__(self, enos_conn_id="enos_default", org_id=None, note="seen"):
        super().__init__(enos_conn_id, org_id)
        self.note = note

    @property
    def arguments(self):
        return {**super().arguments, "note": self.note}

    def look(self, api, kind, scope, ids):
        USED.append((self.note, list(ids)))
        return super().look(api, kind, scope, ids)

    def cancel(self, api, kind, scope, ids):
        USED.append(("cancel", list(ids)))
        return super().cancel(api, kind, scope, ids)


class Stop(EnosStopPipelineOperator):
    @cached_property
    def hook(self):
        return NotingHook(self.enos_conn_id, self.org_id, note="by hook")


class Sensor(EnosPipelineSensor):
    @cached_property
    def hook(self):
        return NotingHook(self.enos_conn_id, self.org_id, note="by hook")


class NoHook:
    """Is no hook, and would do harm."""

    def __init__(self, **_):
        USED.append("harm")


def no_class(**_):
    USED.append("harm")
