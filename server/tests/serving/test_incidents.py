import logging

import pytest

from fondaco.ports.incidents import Incident, report
from fondaco.serving.metrics import Metrics


def test_an_incident_is_one_line_and_one_count(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    with metrics.counting_incidents(), caplog.at_level(logging.WARNING):
        report(Incident.ENGINE_FAILED, reason="timeout", engine="first", model="toy", call_id="c1")
    [record] = caplog.records
    assert record.getMessage() == "engine_failed reason=timeout engine=first model=toy call_id=c1"
    assert metrics.incidents == {("engine_failed", "first", "toy", "timeout"): 1}


def test_an_incident_without_metrics_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    with metrics.counting_incidents():
        pass
    report(Incident.CLOCK_JUMPED, reason="forward", account_id=7)
    assert [record.getMessage() for record in caplog.records] == [
        "clock_jumped reason=forward account_id=7"
    ]
    assert not metrics.incidents
