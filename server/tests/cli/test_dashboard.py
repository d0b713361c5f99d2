"""`fondaco dashboard link`, without a server."""

import re

from cli_program import Fondaco


def test_a_link_may_be_made_before_the_server_starts(fondaco: Fondaco) -> None:
    fondaco("keys", "create")
    link = fondaco("dashboard", "link", FONDACO_SERVER__PORT="4321", FONDACO_SERVER__HOST="0.0.0.0")  # noqa: S104
    assert re.fullmatch(r"http://127\.0\.0\.1:4321/\?login=fondaco_l_\w{43}\n", link.out)
    assert "fondaco serve" in link.err


def test_programs_get_the_link_with_its_account_and_end(fondaco: Fondaco) -> None:
    fondaco("keys", "create")
    printed = fondaco("dashboard", "link", "--json").json
    assert isinstance(printed, dict)
    assert printed.keys() == {"url", "path", "account", "expiresAt"}
    assert printed["url"] == f"http://127.0.0.1:8000{printed['path']}"
    assert printed["account"] == "default"


def test_there_is_no_link_without_the_dashboard_or_a_home(fondaco: Fondaco) -> None:
    refused = fondaco("dashboard", "link")
    assert (refused.code, refused.out) == (4, "")
    fondaco("keys", "create")
    off = fondaco("dashboard", "link", FONDACO_DASHBOARD__ENABLED="false")
    assert (off.code, off.out) == (1, "")
    assert "dashboard.enabled" in off.err


def test_the_link_is_for_the_first_operator_that_there_is(fondaco: Fondaco) -> None:
    fondaco("keys", "create")
    fondaco("accounts", "create", "ops")

    def account(operators: str) -> object:
        printed = fondaco("dashboard", "link", "--json", FONDACO_SERVER__OPERATORS=operators).json
        assert isinstance(printed, dict)
        return printed["account"]

    assert account("gone,ops,default") == "ops"
    assert account("gone") == "default"
    fondaco("accounts", "disable", "ops")
    assert account("ops") == "default"
