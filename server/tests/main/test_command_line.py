"""The keystead command: every verb does what it says, in words and as JSON, with an honest exit code."""

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from keystead_server.main.cli import main
from keystead_server.main.config import Config
from keystead_server.main.wiring import open_system
from keystead_server.ports.changes import Add, Written
from keystead_testkit.loop import run
from keystead_testkit.store_suite.world import World

Keystead = Callable[..., Any]


def invoke(data: Path, *arguments: str) -> Result:
    # In a thread, because a browser that an earlier test drove leaves a running loop in this one.
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(CliRunner().invoke, main, ["--data", str(data), *arguments]).result()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def keystead(data: Path) -> Keystead:
    """Run a verb with --json over a folder where `init` ran; its parsed output, with *fails* its error's code."""
    assert invoke(data, "init").exit_code == 0

    def call(*arguments: str, fails: bool = False) -> Any:
        result = invoke(data, *arguments, "--json")
        assert result.exit_code == (1 if fails else 0), result.output + repr(result.exception)
        told = json.loads(result.stdout)
        return told["error"]["code"] if fails else told

    return call


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
    assert len(made["client_secret"]) == 43
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
        if not hasattr(command, "commands"):
            return [path]
        return [leaf for name, sub in command.commands.items() for leaf in leaves(sub, (*path, name))]

    verbs = leaves(main, ())
    assert len(verbs) > 15
    for verb in verbs:
        helped = CliRunner().invoke(main, [*verb, "--help"])
        assert helped.exit_code == 0
        assert "--json" in helped.stdout or verb == ("serve",)


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


# -- doctor ----------------------------------------------------------------------------------------


def findings(data: Path, *before: str) -> tuple[int, dict[str, dict[str, Any]]]:
    result = invoke(data, *before, "doctor", "--json")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, {finding["check"]: finding for finding in json.loads(result.stdout)}


def wrong(found: dict[str, dict[str, Any]]) -> set[str]:
    return {check for check, finding in found.items() if not finding["ok"]}


def test_doctor_on_nothing_says_to_init_and_makes_nothing(data: Path) -> None:
    code, found = findings(data)

    assert (code, wrong(found)) == (1, {"data folder"})
    assert found["data folder"]["mend"] == "run: keystead init"
    assert not data.exists()


def test_doctor_finds_that_the_administrator_has_no_passkey_yet(keystead: Keystead, data: Path) -> None:
    code, found = findings(data)

    assert (code, wrong(found)) == (1, {"organisation"})
    assert found["organisation"]["found"] == "home: 1 administrators, 0 of them with a passkey"
    assert "keystead pass issue" in found["organisation"]["mend"]


def test_doctor_changes_nothing(keystead: Keystead, data: Path) -> None:
    before = sorted(path.name for path in data.iterdir()), keystead("log", "audit")

    findings(data)

    after = sorted(path.name for path in data.iterdir()), keystead("log", "audit")
    assert after == before


def test_doctor_does_not_migrate(data: Path) -> None:
    data.mkdir(mode=0o700)
    (data / "keystead.db").touch()

    code, found = findings(data)

    assert code == 1
    assert {"database", "master key"} <= wrong(found)
    with closing(sqlite3.connect(data / "keystead.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert not (data / "master.key").exists()


def test_doctor_finds_what_others_can_read(keystead: Keystead, data: Path) -> None:
    data.chmod(0o755)
    (data / "master.key").chmod(0o644)

    _, found = findings(data)

    assert found["data folder"]["mend"] == f"run: chmod 700 {data}"
    assert "chmod 600" in found["master key"]["found"]


def test_doctor_finds_a_damaged_database_and_a_broken_root_and_a_broken_setting(
    keystead: Keystead, data: Path, tmp_path: Path
) -> None:
    for left in data.glob("keystead.db*"):
        left.unlink()
    (data / "keystead.db").write_bytes(b"x" * 4096)
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "maker.pem").write_text("x")
    settings = tmp_path / "keystead.toml"
    settings.write_text(f'attestation_roots = "{tmp_path / "roots"}"')

    assert wrong(findings(data, "--config", str(settings))[1]) == {"database", "attestation"}
    assert wrong(findings(data, "--public-url", "x")[1]) == {"settings"}


def test_doctor_is_content_with_a_server_in_order(keystead: Keystead, data: Path) -> None:
    run(_give_the_administrator_a_passkey(data))

    code, found = findings(data)

    assert (code, wrong(found)) == (0, set())
    assert "ok  " in invoke(data, "doctor").stdout


async def _give_the_administrator_a_passkey(data: Path) -> None:
    system = await open_system(Config(data=data))
    (tenant,) = await system.store.tenants.all()
    (administrator,) = await system.store.users.administrators(tenant.id)
    world = World(system.store, run)
    assert await system.store.write(Add(world.passkey(administrator))) == Written()
    await system.close()
