"""The keystead command: every verb does what it says, in words and as JSON, with an honest exit code."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from keystead_server.main.cli import main
from keystead_server.main.cli.root import VERBS
from keystead_testkit.command_line import invoke

Keystead = Callable[..., Any]


# -- init ------------------------------------------------------------------------------------------


def test_init_makes_an_organisation_and_a_way_in_and_again_keeps_what_is_there(data: Path) -> None:
    first = json.loads(invoke(data, "init", "--name", "contoso", "--admin", "ada@contoso.example", "--json").stdout)
    again = json.loads(invoke(data, "init", "--name", "fabrikam", "--json").stdout)

    assert first["founded"] == "contoso"
    (link,) = first["links"]
    assert link["link"] == f"http://localhost:8400/contoso/sign-in/pass?user=ada%40contoso.example&pass={link['pass']}"
    assert again["founded"] is None
    assert [each["tenant"] for each in again["links"]] == ["contoso"]


def test_init_makes_one_more_organisation_only_when_told(data: Path) -> None:
    invoke(data, "init", "--name", "contoso")

    another = json.loads(invoke(data, "init", "--name", "fabrikam", "--another", "--json").stdout)

    assert another["founded"] == "fabrikam"
    assert invoke(data, "init", "--name", "fabrikam", "--another").exit_code == 1


def test_with_several_organisations_one_must_be_named(data: Path) -> None:
    invoke(data, "init", "--name", "contoso")
    invoke(data, "init", "--name", "fabrikam", "--another")

    unnamed = invoke(data, "user", "list")
    named = invoke(data, "--tenant", "fabrikam", "user", "list", "--json")
    wrong = invoke(data, "--tenant", "nobody", "user", "list")

    assert (unnamed.exit_code, wrong.exit_code) == (1, 1)
    assert "there are several organisations (contoso, fabrikam)" in unnamed.stderr
    assert "there is no organisation 'nobody'" in wrong.stderr
    assert [user["username"] for user in json.loads(named.stdout)] == ["admin"]


def test_before_init_a_verb_says_what_to_run(data: Path) -> None:
    result = invoke(data, "user", "list")

    assert result.exit_code == 1
    assert "keystead init" in result.stderr


# -- verbs -----------------------------------------------------------------------------------------


def test_people(keystead: Keystead) -> None:
    made = keystead("user", "create", "grace@home.example", "--display-name", "Grace Hopper")
    assert (made["display_name"], made["enabled"], made["roles"], made["passkeys"]) == ("Grace Hopper", True, [], 0)
    assert keystead("user", "create", "GRACE@home.example", fails=True) == "username_taken"
    assert keystead("user", "create", "no spaces", fails=True) == "username_invalid"

    assert [u["username"] for u in keystead("user", "list", "--search", "hopper")] == ["grace@home.example"]
    assert keystead("user", "show", "grace@home.example")["id"] == made["id"]
    assert keystead("user", "show", made["id"])["username"] == "grace@home.example"
    assert keystead("user", "show", "nobody", fails=True) == "user_unknown"

    keystead("user", "disable", "grace@home.example")
    assert keystead("user", "show", made["id"])["enabled"] is False
    keystead("user", "enable", "grace@home.example")
    assert keystead("user", "show", made["id"])["enabled"] is True

    assert keystead("user", "disable", "admin", fails=True) == "last_administrator"
    assert keystead("user", "create", "second", "--admin")["roles"] == ["Global Administrator"]
    keystead("user", "disable", "admin")

    keystead("user", "remove", "grace@home.example", "--yes")
    assert keystead("user", "show", made["id"], fails=True) == "user_unknown"


def test_removing_somebody_asks_first(keystead: Keystead, data: Path) -> None:
    assert invoke(data, "user", "remove", "admin").exit_code == 1

    assert len(keystead("user", "list")) == 1


def test_groups(keystead: Keystead) -> None:
    keystead("user", "create", "grace")
    keystead("group", "create", "Staff")
    assert keystead("group", "create", "STAFF", fails=True) == "group_name_taken"

    assert keystead("group", "add", "staff", "grace", "nobody", fails=True) == "user_unknown"
    assert keystead("group", "list")[0]["members"] == []
    keystead("group", "add", "staff", "grace", "admin")
    assert keystead("group", "list")[0]["members"] == ["admin", "grace"]
    assert keystead("user", "show", "grace")["groups"] == ["Staff"]

    keystead("group", "remove-member", "Staff", "grace")
    assert keystead("group", "list")[0]["members"] == ["admin"]
    keystead("group", "remove", "Staff")
    assert keystead("group", "remove", "Staff", fails=True) == "group_unknown"


def test_apps(keystead: Keystead) -> None:
    uri = "https://wiki.example.org/callback"
    made = keystead("app", "register", "Wiki", "--redirect-uri", uri, "--id-token-alg", "RS256")
    assert made["issuer"] == "http://localhost:8400/home/v2.0"
    assert len(made["client_secret"]) == 46
    assert (made["redirect_uris"], made["id_token_alg"], made["public"]) == ([uri], "RS256", False)

    assert (
        keystead("app", "register", "Phone", "--redirect-uri", "com.example.app:/x", "--public")["client_secret"]
        is None
    )
    assert keystead("app", "register", "X", "--redirect-uri", "http://x.example/", fails=True) == "redirect_uri_invalid"

    listed = keystead("app", "list")
    assert [app["name"] for app in listed] == ["Phone", "Wiki"]
    assert "client_secret" not in listed[0]
    keystead("app", "remove", made["client_id"])
    assert keystead("app", "remove", made["client_id"], fails=True) == "client_unknown"


def test_what_apps_may_do_with_the_api(keystead: Keystead) -> None:
    night = keystead("app", "register", "Night watch", "--by-itself")["client_id"]
    assert keystead("app", "register", "Wiki", fails=True) == "redirect_uri_missing"
    assert keystead("app", "register", "Page", "--by-itself", "--public", fails=True) == "redirect_uri_missing"

    keystead("app", "permit", night, "AuditLog.Read.All", "User.Read.All", "--by-itself")
    permitted = keystead("app", "permit", night, "User.Read")
    assert permitted["application_permissions"] == ["AuditLog.Read.All", "User.Read.All"]
    assert permitted["delegated_permissions"] == ["User.Read"]

    revoked = keystead("app", "permit", night, "User.Read.All", "--by-itself", "--revoke")
    assert revoked["application_permissions"] == ["AuditLog.Read.All"]
    again = keystead("app", "permit", night, "User.Read.All", "--by-itself", "--revoke", fails=True)
    assert again == "permission_unknown"
    assert keystead("app", "permit", night, "Everything", fails=True) == "permission_unknown"
    assert keystead("app", "permit", night, "User.Read", "--by-itself", fails=True) == "permission_needs_a_person"
    assert keystead("app", "permit", "nobody", "User.Read", fails=True) == "client_unknown"


def test_passes(keystead: Keystead) -> None:
    keystead("user", "create", "grace")

    issued = keystead("pass", "issue", "grace", "--minutes", "30", "--once", "--length", "20")

    assert len(issued["pass"]) == 20
    assert issued["usable_once"] is True
    assert issued["link"].endswith(f"/home/sign-in/pass?user=grace&pass={issued['pass']}")
    assert keystead("pass", "issue", "nobody", fails=True) == "user_unknown"
    assert keystead("pass", "issue", "grace", "--minutes", "5", fails=True) == "lifetime_out_of_range"
    assert keystead("pass", "issue", "grace", "--length", "5", fails=True) == "length_out_of_range"


def test_passkeys(keystead: Keystead) -> None:
    assert keystead("passkey", "list", "admin") == []
    assert keystead("passkey", "remove", "nothing", fails=True) == "passkey_not_found"


def test_where_somebody_is_told_what_happens(keystead: Keystead, data: Path) -> None:
    keystead("user", "create", "ada")

    assert keystead("user", "mail", "ada", "ada@contoso.example") == {"username": "ada", "mail": "ada@contoso.example"}
    assert keystead("user", "show", "ada")["mail"] == "ada@contoso.example"
    assert keystead("user", "mail", "ada", "nonsense", fails=True) == "mail_invalid"
    assert keystead("user", "mail", "ada")["mail"] is None
    assert "ada is told nothing by mail." in invoke(data, "user", "mail", "ada").stdout


def test_a_pass_that_nobody_at_the_command_line_sees(
    keystead: Keystead, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keystead("user", "create", "ada")
    assert keystead("pass", "issue", "ada", "--deliver", fails=True) == "mail_not_configured"
    monkeypatch.setenv("KEYSTEAD_SMTP_URL", "smtp://localhost:1")
    monkeypatch.setenv("KEYSTEAD_MAIL_FROM", "no-reply@contoso.example")
    assert keystead("pass", "issue", "ada", "--deliver", fails=True) == "user_without_mail"
    keystead("user", "mail", "ada", "ada@contoso.example")

    told = keystead("pass", "issue", "ada", "--deliver", "--minutes", "30")

    assert sorted(told) == ["delivered_to", "expires_at", "usable_once", "username"]
    assert (told["delivered_to"], told["usable_once"]) == ("ada@contoso.example", True)
    assert "/sign-in/" not in invoke(data, "pass", "issue", "ada", "--deliver").stdout


def test_who_can_add_a_passkey(keystead: Keystead, data: Path, tmp_path: Path) -> None:
    keystead("user", "create", "ada")
    assert keystead("passkey", "check", "ada") == {
        "username": "ada", "themselves": {"can": True}, "on_behalf": {"can": True},
    }  # fmt: skip
    policy = keystead("policy", "show")["policy"]
    (tmp_path / "policy.json").write_text(json.dumps({**policy, "isSelfServiceRegistrationAllowed": False}))
    keystead("policy", "apply", str(tmp_path / "policy.json"), "--yes")

    told = keystead("passkey", "check", "ada")

    assert (told["themselves"]["code"], told["on_behalf"]) == ("self_service_off", {"can": True})
    said = invoke(data, "passkey", "check", "ada").stdout
    assert "ada cannot add a passkey by themselves, because people may not add passkeys by themselves." in said
    assert "An administrator can add one for ada." in said


def test_logs(keystead: Keystead) -> None:
    keystead("user", "create", "grace")

    assert keystead("log", "sign-ins") == []
    events = keystead("log", "audit", "--limit", "2")
    assert {event["event"] for event in events} <= {"user.created", "pass.issued", "tenant.founded"}
    assert all(event["actor"] == "operator" for event in events)


@pytest.mark.parametrize(
    "call",
    [(), ("user",), ("nonsense",), ("user", "create"), ("serve", "--port", "0"), ("log", "sign-ins", "--limit", "0")],
)
def test_a_call_that_is_itself_wrong_is_answered_with_two(data: Path, call: tuple[str, ...]) -> None:
    assert invoke(data, *call).exit_code == 2


def test_every_verb_has_help_with_json_in_it() -> None:
    def leaves(command: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        if not isinstance(command, click.Group):
            return [path]
        context = click.Context(command)
        names = command.list_commands(context)
        return [leaf for name in names for leaf in leaves(command.get_command(context, name), (*path, name))]

    verbs = leaves(main, ())
    assert len(verbs) > 15
    for verb in verbs:
        helped = CliRunner().invoke(main, [*verb, "--help"])
        assert helped.exit_code == 0
        assert "--json" in helped.stdout or verb == ("serve",)


def test_the_root_says_of_each_verb_what_the_verb_says_of_itself() -> None:
    context = click.Context(main)

    for name, verb in VERBS.items():
        command = main.get_command(context, name)
        assert command is not None
        assert (command.help or "").replace("\n", " ").startswith(verb.says), name


def test_help_is_there_without_reading_the_server() -> None:
    program = (
        "import sys; from keystead_server.main.cli import main; main(['--help'], standalone_mode=False); "
        "sys.exit(any(name.startswith(('sqlalchemy', 'starlette', 'jinja2')) for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=False).returncode == 0


def test_a_broken_setting_is_told_on_one_line_and_as_json(data: Path) -> None:
    plain = invoke(data, "--public-url", "http://x.example", "user", "list")
    as_json = invoke(data, "--public-url", "http://x.example", "user", "list", "--json")

    assert plain.exit_code == as_json.exit_code == 1
    assert "public_url must be https" in plain.stderr
    assert json.loads(as_json.stdout)["error"]["code"] == "setting_invalid"


def test_what_people_typed_cannot_move_the_cursor_of_whoever_lists_it(keystead: Keystead, data: Path) -> None:
    # No flow lets such a name in; a database that somebody else wrote may hold it all the same.
    with closing(sqlite3.connect(data / "keystead.db", isolation_level=None)) as database:
        database.execute("UPDATE users SET display_name = 'a' || char(27) || '[2Jb'")

    listed = invoke(data, "user", "list")

    assert "\x1b" not in listed.stdout
    assert "a�[2Jb" in listed.stdout


def test_a_database_of_a_newer_version_is_said_to_be_one(keystead: Keystead, data: Path) -> None:
    with closing(sqlite3.connect(data / "keystead.db", isolation_level=None)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    assert keystead("user", "list", fails=True) == "database_too_new"


def test_a_lost_master_key_is_said_to_be_lost(keystead: Keystead, data: Path) -> None:
    (data / "master.key").unlink()

    assert keystead("user", "list", fails=True) == "master_key_unusable"


def test_recover_gets_an_administrator_in_and_is_logged(data: Path) -> None:
    invoke(data, "init", "--name", "contoso")
    invoke(data, "user", "create", "grace@contoso.example")

    got = invoke(data, "recover", "grace@contoso.example", "--json")
    audit = invoke(data, "log", "audit").stdout

    assert got.exit_code == 0, got.stderr
    assert "/contoso/sign-in/pass?user=grace" in json.loads(got.stdout)["link"]
    assert "pass.issued" in audit
