"""Several processes on one database, and processes that are killed."""

import signal
import subprocess
import sys
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from fondaco.domain.money.money import Funds
from money_world import SqliteWorld, charge, tokens

ROUNDS = 4

SETTLER = """
import itertools, sys, time, uuid
import anyio
from pathlib import Path
from fondaco.domain.money.call import Call
from fondaco.domain.money.price import Charge, ChargeRow
from fondaco.domain.money.usage import Usage
from fondaco.serving.billing.ledger import Ledger
from fondaco.stores.sqlite.tables.connection import connect
from fondaco.stores.sqlite.ledger.journal import SqliteJournal
from fondaco.system import SystemClock

class METER:
    usage = Usage()

path, account_id, key_id, durability = sys.argv[1:]

async def settle(ledger):
    for _ in itertools.count():
        call = Call(uuid.uuid4().hex, int(account_id), key_id, time.time())
        hold = await ledger.hold(call, "toy", 5, METER)
        charge = Charge((ChargeRow("a", 1, 1, 2), ChargeRow("b", 1, 1, 1)))
        await hold.settle(charge, Usage(1, 0, 1), 1)
        print(call.id, flush=True)

async def main():
    ledger = Ledger(SqliteJournal(connect(Path(path), durability)), SystemClock())
    async with anyio.create_task_group() as calls:
        for _ in range(8):
            calls.start_soon(settle, ledger)

anyio.run(main)
"""


@pytest.mark.parametrize("durability", ["process", "power"])
async def test_a_killed_server_loses_no_charge_that_it_confirmed(
    tmp_path: Path, empty_database: Path, durability: str
) -> None:
    world = SqliteWorld(tmp_path / "fondaco.sqlite3", empty_database)
    world.admin_store.grant("somebody", 10**12)
    await world.close()
    arguments = (str(world.path), str(world.account_id), world.key_id, durability)
    confirmed: list[str] = []
    for number in range(ROUNDS // 2):
        confirmed += await anyio.to_thread.run_sync(settle_and_kill, arguments, 100 + 150 * number)
    charged = [entry.call_id for entry in await world.entries() if entry.call_id]
    assert len(confirmed) >= ROUNDS // 2 * 100
    assert set(confirmed) <= set(charged)
    assert len(charged) == 2 * len(set(charged))  # each call has both of its rows
    assert await world.findings() == []


def settle_and_kill(arguments: tuple[str, ...], calls: int) -> list[str]:
    """Run a settler, kill it after so many confirmed calls, and return all that it confirmed."""
    command = [sys.executable, "-c", SETTLER, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as settler:
        assert settler.stdout is not None
        confirmed = [settler.stdout.readline().strip() for _ in range(calls)]
        settler.send_signal(signal.SIGKILL)
        return confirmed + [line.strip() for line in settler.stdout if line.endswith("\n")]


async def test_an_operator_writes_beside_a_running_server(
    tmp_path: Path, empty_database: Path
) -> None:
    world = SqliteWorld(tmp_path / "fondaco.sqlite3", empty_database)
    await world.grant(10**6)
    program = (
        "import sys; from pathlib import Path; from fondaco.stores.sqlite.accounts.admin_store import AdminStore\n"
        "from fondaco.system import SystemClock\n"
        "store = AdminStore(Path(sys.argv[1]), b'', SystemClock())\n"
        "for _ in range(50): store.grant('somebody', 1000)\n"
    )
    command = [sys.executable, "-c", program, str(world.path)]
    settled = 0
    async with await anyio.open_process(command) as operator:
        with anyio.fail_after(30):
            while operator.returncode is None:
                hold = await world.hold(2)
                await hold.settle(charge(1), tokens(1), 1)
                settled += 1
                await anyio.sleep(0.001)
    assert operator.returncode == 0
    await world.journal.snapshot(world.account_id)  # tells the ledger of the last grants
    assert await world.balance() == Funds(usd=10**6 + 50_000 - settled)
    assert await world.findings() == []
    await world.close()
