"""GET /api/v1/operator/engines."""

from fondaco.http.apis.operator.engines.schemas import EngineList
from fondaco.http.apis.venice.dialect import VENICE
from fondaco.http.endpoint.endpoint import Access, Content, Endpoint, RequestContext
from fondaco.http.endpoint.responses import Response, json_response
from fondaco.http.endpoint.timestamps import timestamp
from fondaco.serving.routing.overview import EngineReport, ProcessReport


async def run(context: RequestContext[None, None]) -> Response:
    """List engines with their known state, without requests to them."""
    reports = context.platform.engine_overview.reports()
    return json_response({"data": [_engine(report) for report in reports]})


def _engine(report: EngineReport) -> dict[str, object]:
    fault, processes = report.fault, report.processes
    memory = [one.memory_bytes for one in processes if one.memory_bytes is not None]
    slots = [one.process.slots for one in processes if one.process.pid and one.process.slots]
    return {
        "id": report.id,
        "kind": report.kind,
        "address": report.address,
        "isLocal": report.address is None,
        "models": list(report.models),
        "state": report.state,
        "reason": report.reason,
        "since": None if report.since is None else timestamp(report.since),
        "running": report.running,
        "waiting": report.waiting,
        "slots": sum(slots) if slots else None,
        "memoryBytes": sum(memory) if memory else None,
        "lastFaultAt": None if fault is None else timestamp(fault.at),
        "lastFault": None if fault is None else fault.reason,
        "processes": [_process(one) for one in processes],
    }


def _process(report: ProcessReport) -> dict[str, object]:
    process = report.process
    return {
        "model": process.model,
        "state": process.state,
        "reason": process.reason,
        "pid": process.pid,
        "slots": process.slots,
        "running": process.running,
        "waiting": process.waiting,
        "memoryBytes": report.memory_bytes,
    }


ENDPOINT = Endpoint(
    dialect=VENICE,
    method="GET",
    path="/api/v1/operator/engines",
    run=run,
    summary="List engines and their state",
    tag="Operation",
    access=Access.OPERATOR,
    responses={200: Content("Engines, those on this machine first", EngineList)},
)
