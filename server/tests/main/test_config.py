"""Settings: where they come from, and what somebody who mistyped one is told."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from keystead_server.main.config import SETTINGS, Config, ConfigError, load


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "keystead.toml"
    file.write_text(text)
    return file


def refusal(file: Path | None = None, environment: dict[str, str] | None = None, **given: Any) -> str:
    with pytest.raises(ConfigError) as refused:
        load(file, environment or {}, **given)
    assert refused.value.code == "setting_invalid"
    return str(refused.value)


def test_a_mail_server_and_whose_letters_they_are(tmp_path: Path) -> None:
    file = written(tmp_path, 'smtp_url = "smtps://u:p%40@mail.example.org"\nmail_from = "Keystead <a@example.org>"')

    assert load(file, {}).sends_mail
    assert not load(None, {}).sends_mail


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('smtp_url = "mail.example.org"', "smtp_url must look like"),
        ('smtp_url = "http://u:hush@mail.example.org"', "smtp_url must look like"),
        ('smtp_url = "smtps://u@mail.example.org"', "names a user without a password"),
        ('smtp_url = "smtps://mail.example.org"', "mail_from must look like"),
        ('smtp_url = "smtps://u:hush@mail.example.org"\nmail_from = "nobody"', "mail_from must look like"),
    ],
)
def test_a_mail_server_that_cannot_be_used_is_refused_without_its_password(
    tmp_path: Path, text: str, says: str
) -> None:
    told = refusal(written(tmp_path, text))

    assert says in told
    assert "hush" not in told


def test_the_password_of_the_mail_server_is_not_shown(tmp_path: Path) -> None:
    file = written(tmp_path, 'smtp_url = "smtps://u:hush@mail.example.org"\nmail_from = "a@example.org"')

    assert "hush" not in repr(load(file, {}))


def test_without_anything_it_serves_this_computer() -> None:
    config = load(None, {})

    assert config == Config()
    assert config.public_url == "http://localhost:8400"
    assert config.passkey_host == "localhost"


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, 'name = "file"\nlisten_port = 1\nlog_format = "json"')
    environment = {"KEYSTEAD_NAME": "environment", "KEYSTEAD_LISTEN_PORT": "2", "HOME": "/root"}

    config = load(file, environment, name="command line", data=None)

    assert (config.name, config.listen_port, config.log_format) == ("command line", 2, "json")
    assert config.source == str(file)


def test_every_setting_can_come_from_the_environment() -> None:
    for setting in SETTINGS:
        value = {"listen_port": "1", "rate_limit_scale": "1", "log_format": "json", "rp_id": "example.org"}.get(
            setting,
            {
                "public_url": "https://id.example.org",
                "trusted_proxies": "10.0.0.0/8, ::1",
                "fido_metadata_signer": "x",
                "tpm_first_use": "refuse",
            }.get(setting, ""),
        )
        load(None, {f"KEYSTEAD_{setting.upper()}": value, "KEYSTEAD_PUBLIC_URL": "https://id.example.org"})

    assert set(SETTINGS) == {field.name for field in fields(Config)} - {"source"}


def test_what_the_agent_is_told_is_not_ours_to_read() -> None:
    assert load(None, {"KEYSTEAD_AGENT_SOCKET": "/run/x", "KEYSTEAD_CONFIG": "/etc/x"}) == Config()


def test_proxies_are_networks() -> None:
    config = load(None, {"KEYSTEAD_TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1"})

    assert config.trusted_proxies == ("10.0.0.0/8", "192.0.2.1/32")


def test_sqlite_rests_in_the_data_folder_unless_a_database_is_named(tmp_path: Path) -> None:
    assert load(None, {}, data=tmp_path).database_url == f"sqlite:///{tmp_path}/keystead.db"
    assert load(None, {}, database="postgresql://k@db/k").database_url == "postgresql://k@db/k"


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example.org",
        "https://id.example.org:8443",
        "http://localhost",
        "http://localhost:8400",
        "https://a.b-c.example",
    ],
)
def test_addresses_that_browsers_show_as_written(url: str) -> None:
    assert load(None, {}, public_url=url).public_url == url


@pytest.mark.parametrize(
    "url",
    [
        "", "id.example.org", "ftp://id.example.org", "https://", "https:///x", "https://id.example.org/",
        "https://id.example.org/path", "https://id.example.org?x", "https://id.example.org#x",
        "https://user@id.example.org", "https://id.example.org:99999", "https://id.example.org:x",
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    assert 'public_url must look like "https://id.example.org"' in refusal(public_url=url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ID.Example.org", "https://id.example.org"),
        ("https://id.example.org:443", "https://id.example.org"),
        ("http://localhost:80", "http://localhost"),
        ("HTTPS://id.example.org", "https://id.example.org"),
        ("https://id.example.org:08443", "https://id.example.org:8443"),
    ],
)
def test_an_address_that_no_browser_would_send_is_refused_with_what_it_sends(url: str, shown: str) -> None:
    # Origins are compared as text: under such a setting nobody could sign in, and no message would say why.
    assert f"write {shown!r}" in refusal(public_url=url)


@pytest.mark.parametrize("url", ["http://id.example.org", "http://127.0.0.1:8400"])
def test_passkeys_need_https(url: str) -> None:
    assert "public_url must be https" in refusal(public_url=url)


@pytest.mark.parametrize("url", ["https://192.0.2.1", "https://[2001:db8::1]:8443"])
def test_passkeys_need_a_name_and_not_an_address(url: str) -> None:
    assert "public_url must have a host name" in refusal(public_url=url)


@pytest.mark.parametrize("rp_id", ["example.com", "d.example.org", "ample.org", "id.example.org.evil.test", ".org"])
def test_passkeys_are_bound_to_our_host_or_a_domain_above_it(rp_id: str) -> None:
    assert "rp_id must be 'id.example.org' or a domain above it" in refusal(
        public_url="https://id.example.org", rp_id=rp_id
    )


def test_a_domain_above_may_be_named() -> None:
    assert load(None, {}, public_url="https://id.example.org", rp_id="example.org").passkey_host == "example.org"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("colour = 1", "no such setting: colour. There are: public_url, "),
        ("x = ", "not TOML: "),
        ("listen_port = 0", "listen_port must be a port from 1 to 65535, not 0"),
        ("listen_port = 65536", "listen_port must be a port from 1 to 65535, not 65536"),
        ('listen_port = "http"', "listen_port must be a port from 1 to 65535, not 'http'"),
        ("name = 7", "name must be text, not 7"),
        ("data = 7", "data must be a folder, not 7"),
        ('rate_limit_scale = "fast"', "rate_limit_scale must be a number such as 1.0, not 'fast'"),
        ("rate_limit_scale = -1", "rate_limit_scale must be 0 or more, not -1.0"),
        ("rate_limit_scale = nan", "rate_limit_scale must be 0 or more, not nan"),
        ("rate_limit_scale = inf", "rate_limit_scale must be 0 or more, not inf"),
        ('trusted_proxies = "10.0.0.0/8"', 'trusted_proxies must be a list of networks such as ["10.0.0.0/8"]'),
        ('trusted_proxies = ["10.0.0.1/8"]', "trusted_proxies must be a list of networks"),
        ('related_origins = "https://a.example"', "related_origins must be a list of origins"),
        ("related_origins = [1]", "related_origins must be a list of origins"),
        ('related_origins = ["http://a.example"]', "related_origins must be https"),
        ('related_origins = ["https://a.example/"]', 'related_origins must look like "https://id.example.org"'),
        ("trusted_proxies = [1]", "trusted_proxies must be a list of networks"),
        ('database = "mysql://x"', 'database must look like "postgresql://user@host/name"'),
        ('log_format = "xml"', 'log_format must be "text" or "json", not \'xml\''),
        ('attestation_roots = "/nowhere"', "attestation_roots must be a folder of PEM files; there is none at /nowhere"),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_is_named_with_it(tmp_path: Path, text: str, sentence: str) -> None:
    file = written(tmp_path, text)

    message = refusal(file)

    assert message.startswith(f"{file}: ")
    assert sentence in message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.toml") == f"{tmp_path / 'gone.toml'}: there is no such file"


def test_a_file_in_another_encoding_is_no_toml(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'name = "\xfc"')

    assert "not TOML" in refusal(tmp_path / "latin.toml")


def test_a_mistyped_variable_is_named() -> None:
    assert refusal(environment={"KEYSTEAD_PUBLIC_URI": "x"}).startswith("KEYSTEAD_PUBLIC_URI: no such setting.")


def test_metadata_come_from_a_file_or_an_https_address_and_need_a_root(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text("")
    root = str(tmp_path / "root.pem")

    for source in ("https://mds.example.org/", "/srv/blob.jwt"):
        assert load(None, {}, fido_metadata=source, fido_metadata_root=root).fido_metadata == source
    assert "must be a file or an https address" in refusal(
        fido_metadata="http://mds.example.org/", fido_metadata_root=root
    )
    assert "needs fido_metadata_root" in refusal(fido_metadata="/srv/blob.jwt")
    assert "there is none at" in refusal(fido_metadata_root=str(tmp_path / "other.pem"))
    assert "fido_metadata_signer" in refusal(fido_metadata_signer="")
