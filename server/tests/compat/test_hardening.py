"""What processes keep to themselves: memory stays out of core dumps, secrets out of children."""

import os
import resource
import signal
import sys
from pathlib import Path

import pytest

from program import Program, program

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, which Linux has")
SECRET = "sk-of-an-engine-elsewhere"
WITH_SECRET = """
[engines.elsewhere]
base_url = "http://127.0.0.1:9/v1"
key = "env:ELSEWHERE_KEY"
"""


def core_limit(pid: int) -> list[str]:
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith("Max core file size"):
            return line.split()[4:6]
    raise AssertionError(pid)


def spoken(one: Program) -> None:
    """Start all kinds of children: the engine, and what judges schemas and renders templates."""
    answer = one.client.chat.completions.create(
        model="default",
        messages=[{"role": "user", "content": "Hi"}],
        max_tokens=4,
        extra_body={
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "schema": {"type": "object"}},
            }
        },
    )
    assert answer.usage is not None
    template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    rendered = one.http.post(
        "/v4/beta/chat/completions",
        json={
            "model": "default",
            "messages": [{"role": "user", "content": "Hi"}],
            "max_tokens": 2,
            "chat_template": template,
        },
    )
    assert rendered.status_code == 200, rendered.text


def test_no_process_can_leave_a_core_dump(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        with program(tmp_path / "home") as one:
            spoken(one)
            pids = [one.process.pid, *one.children()]
            assert len(pids) >= 3
            assert [core_limit(pid) for pid in pids] == [["0", "0"]] * len(pids)
            if os.geteuid() != 0:  # what is undumpable belongs to root, in /proc
                assert {Path(f"/proc/{pid}/mem").stat().st_uid for pid in pids} == {0}
            one.process.send_signal(signal.SIGABRT)
            _, status = os.waitpid(one.process.pid, 0)
            one.process.returncode = -signal.SIGABRT
            assert os.WTERMSIG(status) == signal.SIGABRT
            assert not os.WCOREDUMP(status)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_children_inherit_no_secret(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "fondaco.toml").write_text(WITH_SECRET)
    environ = {"ELSEWHERE_KEY": SECRET, "FONDACO_CHAT__SYSTEM_PROMPT": SECRET, "AWS_TOKEN": SECRET}
    with program(home, environ=environ) as one:
        spoken(one)
        children = one.children()
        assert len(children) >= 2
        if os.geteuid() != 0:
            pytest.skip("the children are undumpable: only root may read their environment")
        for pid in children:
            inherited = Path(f"/proc/{pid}/environ").read_bytes()
            assert SECRET.encode() not in inherited
            assert b"PATH=" in inherited
