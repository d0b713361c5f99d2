"""`fondaco enclave verify`: verify a server's attestation, and print its findings."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fondaco.cli.exits import Exit, FailedError
from fondaco.cli.options import AsJson, expect_variable
from fondaco.cli.output import print_json, printable
from fondaco.cli.progress import busy

if TYPE_CHECKING:
    from fondaco.app.without_server.attestation import FetchedAttestation
    from fondaco.enclave.verification.findings import Finding
    from fondaco.enclave.verification.pin import Pin

_MOST_BYTES = 2**20
_FAILED = "Not accepted: something is wrong. Send it nothing that only an enclave may read."
_WITHOUT_HARDWARE = (
    "Not accepted: no hardware is proved here. If you trust the operator, add --allow-software."
)
_ACCEPTED = "Accepted: content is encrypted to keys that this identity endorsed. Its operator is trusted, not proved."


def verify(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of the server.")],
    *,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Also check the attestation that Venice clients receive for this model.",
        ),
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also check a receipt that was saved as JSON.", show_default=False
        ),
    ] = None,
    pin: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Save the enclave's identity to this file on first use, and require it afterwards.",
        ),
    ] = None,
    allow_software: Annotated[
        bool,
        typer.Option(
            "--allow-software",
            help="Succeed without proof of hardware; you then trust the operator.",
        ),
    ] = False,
    key_env: Annotated[
        str | None,
        typer.Option(
            metavar="VAR", help="Environment variable that holds an API key of the server."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the attestation of a server's enclave.

    Requests an attestation with a fresh nonce, and prints the outcome of each check. Hardware signatures are
    not checked, so the command succeeds with --allow-software only; exit code 9 otherwise.
    """
    from fondaco.enclave.verification.findings import Outcome
    from fondaco.enclave.verification.pin import pin_of
    from fondaco.enclave.verification.receipt import verify_receipt

    expect_installed()
    saved = None if receipt is None else _json_of(receipt)
    pinned = None if pin is None else _pinned(pin)
    attestation, findings = _attested(url, key_env, model)
    if receipt is not None:
        findings += verify_receipt(saved, report=attestation.report)
    if pinned is not None:
        findings.append(pinned.check(attestation.report))
    failed = any(one.outcome is Outcome.FAILED for one in findings)
    seen = None if failed else pin_of(attestation.report)
    if pin is not None and seen is not None:
        _remember(pin, seen)
    accepted = allow_software and not failed
    if as_json:
        shown = [{**asdict(one), "outcome": one.outcome.value} for one in findings]
        print_json({"accepted": accepted, "findings": shown, "report": attestation.report})
    else:
        _show(findings, _FAILED if failed else _ACCEPTED if accepted else _WITHOUT_HARDWARE)
    if not accepted:
        raise typer.Exit(Exit.UNPROVED)


def expect_installed() -> None:
    """Return if the packages of confidential chat are here.

    Raises:
        FailedError: they are not.
    """
    from importlib.util import find_spec

    from fondaco.domain.extras import how_to_install

    if any(find_spec(name) is None for name in ("Crypto", "cryptography", "rfc8785")):
        raise FailedError(
            f"The packages for confidential chat are not installed. {how_to_install('confidential')}"
        )


def _attested(
    url: str, key_env: str | None, model: str | None
) -> "tuple[FetchedAttestation, list[Finding]]":
    """Fetch what a server attests, and check it."""
    import secrets
    from functools import partial

    import anyio

    from fondaco.app.without_server.attestation import fetch_attestation
    from fondaco.domain.errors import FondacoError
    from fondaco.enclave.verification.original import verify_original
    from fondaco.enclave.verification.report import verify_report
    from fondaco.environment import secret
    from fondaco.system import SystemClock

    if key_env is not None:
        expect_variable(key_env)
    key = "" if key_env is None else secret(f"env:{key_env}")
    nonce = secrets.token_hex(32)
    try:
        with busy("Fetching the attestation"):
            attestation = anyio.run(partial(fetch_attestation, url, key, nonce, model))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None
    except FondacoError as error:
        raise FailedError(f"{url}: {error}", Exit.UNREACHABLE) from error
    report = attestation.report
    findings = verify_report(report, nonce=nonce, now=SystemClock().now())
    if model is not None:
        findings += verify_original(attestation.reply, report=report, nonce=nonce, model=model)
    return attestation, findings


def _show(findings: "list[Finding]", conclusion: str) -> None:
    width = max(len(one.check) for one in findings)
    for one in findings:
        line = f"{one.outcome.value:<8}  {one.check:<{width}}  {one.says}"
        typer.echo(printable(line).replace("\n", " "))
    typer.echo(conclusion)


def _pinned(pin: Path) -> "Pin | None":
    """Return what a file remembers of an enclave; None: it is not there yet."""
    from fondaco.enclave.verification.json_paths import is_integer
    from fondaco.enclave.verification.pin import Pin

    if not pin.exists():
        return None
    match _json_of(pin):
        case {"workload_id": str(workload_id), "version": version} if is_integer(version):
            return Pin(workload_id, version)
    raise FailedError(
        f"{pin} is not a pin file of an enclave. Name another file, or delete this one."
    )


def _remember(pin: Path, seen: "Pin") -> None:
    content = json.dumps({"workload_id": seen.workload_id, "version": seen.version})
    draft = pin.with_name(f".{pin.name}.draft")
    try:
        draft.write_text(f"{content}\n", encoding="utf-8")
        draft.replace(pin)
    except OSError as error:
        raise FailedError(f"{pin} could not be written: {error.strerror}.") from error


def _json_of(file: Path) -> Any:
    """Return a file's JSON.

    Raises:
        FailedError: it cannot be read, or is none.
    """
    try:
        with file.open("rb") as opened:
            return json.loads(opened.read(_MOST_BYTES))
    except OSError as error:
        raise FailedError(f"{file} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise FailedError(f"{file} is not valid JSON.") from error
