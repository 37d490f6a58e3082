import base64
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network

import pytest
from pydantic import SecretStr, ValidationError

from kernel.settings import KernelSettings, Section, SettingsError, encryption_keys, load, of, secret, setting, variable


def production(**changes):
    environ = {
        "PUBLIC_URL": "https://id.gd.gov.cn",
        "SECRET_KEY": secrets.token_urlsafe(32),
        "BLIND_INDEX_KEY": secrets.token_urlsafe(32),
        "ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    return {name: value for name, value in (environ | changes).items() if value is not None}


def faults(*sections, **environ):
    with pytest.raises(SettingsError) as refused:
        load(*(sections or (KernelSettings,)), environ=environ)
    return {line.split(":")[0]: line for line in refused.value.faults}


class MailSettings(Section):
    smtp_url: str = setting("where mail goes")
    retries: int = setting("how often", 3)
    relays: tuple[str, ...] = setting("more relays", ())
    smtp_secret: SecretStr = secret("what the relay asks")


def test_a_production_environment_starts():
    load(KernelSettings, environ=production())
    mine = of(KernelSettings)
    assert (mine.demo, mine.port, mine.trusted_hops, mine.timezone) == (False, 8000, 0, "Asia/Shanghai")
    assert mine.database_url == "sqlite:///instance/kapok.db"


def test_every_fault_of_every_section_is_told_at_once_with_variable_and_remedy():
    told = faults(KernelSettings, MailSettings, PORT="many", TRUSTED_HOPS="-1", TIMEZONE="Mars/North", RETRIES="x")
    assert set(told) == {
        "PORT", "TRUSTED_HOPS", "TIMEZONE", "PUBLIC_URL", "SECRET_KEY", "BLIND_INDEX_KEY", "ENCRYPTION_KEYS",
        "SMTP_URL", "RETRIES", "SMTP_SECRET",
    }  # fmt: skip
    assert "is missing" in told["SMTP_URL"]
    assert "where mail goes" in told["SMTP_URL"]
    assert "valid integer" in told["PORT"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("short", "32 are the least"),
        ("change-me-change-me-change-me-change-me", "known"),
        ("an EXAMPLE secret that is long enough to pass", "known"),
        ("abababababababababababababababababababab", "not random"),
    ],
)
def test_weak_and_known_secrets_refuse_the_start(value, why):
    told = faults(**production(SECRET_KEY=value))
    assert set(told) == {"SECRET_KEY"}
    assert why in told["SECRET_KEY"]
    assert value not in told["SECRET_KEY"]


def test_one_secret_for_two_purposes_refuses_the_start():
    value = secrets.token_urlsafe(32)
    told = faults(**production(SECRET_KEY=value, BLIND_INDEX_KEY=value))
    assert "the same as SECRET_KEY" in told["BLIND_INDEX_KEY"]


@pytest.mark.parametrize(
    "url", ["http://id.gd.gov.cn", "https://", "https://x/path", "https://x?q", "https://u:p@x", "ftp://x", "x"]
)
def test_the_public_url_is_an_issuer(url):
    assert set(faults(**production(PUBLIC_URL=url))) == {"PUBLIC_URL"}


@pytest.mark.parametrize("url", ["https://id.gd.gov.cn/", "http://127.0.0.1:9000", "http://localhost:1"])
def test_the_public_url_may_be_plain_on_this_machine_only(url):
    load(KernelSettings, environ=production(PUBLIC_URL=url))
    assert of(KernelSettings).public_url == url.rstrip("/")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "kapok.db", "postgres://x/y"])
def test_only_the_two_databases_are_taken(url):
    assert set(faults(**production(DATABASE_URL=url))) == {"DATABASE_URL"}


def test_postgresql_needs_redis_outside_the_demonstration(tmp_path):
    told = faults(**production(DATABASE_URL="postgresql://h/kapok"))
    assert "PostgreSQL" in told["REDIS_URL"]
    load(KernelSettings, environ=production(DATABASE_URL="postgresql://h/kapok", REDIS_URL="redis://h/0"))
    demo = {"KAPOK_DEMO": "1", "INSTANCE_DIR": str(tmp_path), "DATABASE_URL": "postgresql://h/kapok"}
    load(KernelSettings, environ=demo)


def test_celery_needs_redis_too():
    assert set(faults(**production(CELERY_BROKER_URL="redis://h/1"))) == {"CELERY_BROKER_URL"}


def test_networks_are_a_list():
    load(KernelSettings, environ=production(EGRESS_ALLOWED_NETWORKS="10.0.0.0/8, fd00::/8"))
    assert of(KernelSettings).egress_allowed_networks == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert set(faults(**production(EGRESS_ALLOWED_NETWORKS="10.0.0.0/8,office"))) == {"EGRESS_ALLOWED_NETWORKS"}


def test_an_empty_value_counts_as_not_given():
    assert "is missing" in faults(**production(SECRET_KEY="  "))["SECRET_KEY"]
    load(KernelSettings, environ=production(PORT=""))
    assert of(KernelSettings).port == 8000


def test_no_value_that_may_hold_a_password_is_shown():
    environ = production(DATABASE_URL="postgresql://u:hush1@h/k", REDIS_URL="redis://:hush2@h/0")
    load(KernelSettings, environ=environ)
    shown = repr(of(KernelSettings))
    for hidden in ("hush1", "hush2", environ["SECRET_KEY"], environ["BLIND_INDEX_KEY"], environ["ENCRYPTION_KEYS"]):
        assert hidden not in shown


def test_sections_are_frozen():
    load(KernelSettings, environ=production())
    with pytest.raises(ValidationError):
        of(KernelSettings).port = 1


def test_a_section_nobody_loaded_is_read_from_the_same_environment():
    load(KernelSettings, environ=production(SMTP_URL="smtp://h", SMTP_SECRET=secrets.token_urlsafe(32), RELAYS="a, b"))
    assert of(MailSettings).smtp_url == "smtp://h"
    assert of(MailSettings).relays == ("a", "b")
    assert of(MailSettings) is of(MailSettings)


def test_a_refused_load_leaves_the_loaded_settings():
    load(KernelSettings, environ=production(PORT="9000"))
    faults(PORT="x")
    assert of(KernelSettings).port == 9000


def test_the_demonstration_makes_its_secrets_once_for_itself_alone(tmp_path):
    environ = {"KAPOK_DEMO": "1", "INSTANCE_DIR": str(tmp_path / "new"), "PORT": "8123"}
    load(KernelSettings, MailSettings, environ=environ | {"SMTP_URL": "smtp://h"})
    first = of(KernelSettings)
    assert first.public_url == "http://127.0.0.1:8123"
    assert stat.S_IMODE((tmp_path / "new" / "secrets.env").stat().st_mode) == 0o600
    load(KernelSettings, environ=environ)
    assert of(KernelSettings) == first
    assert len((tmp_path / "new" / "secrets.env").read_text().splitlines()) == 4


def test_two_demonstrations_that_start_together_agree_on_the_secrets(tmp_path):
    from kernel.settings import _with_demo_secrets

    environ = {"KAPOK_DEMO": "1", "INSTANCE_DIR": str(tmp_path)}
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: _with_demo_secrets([KernelSettings], environ)["SECRET_KEY"], range(8)))
    assert len(set(found)) == 1


def test_secrets_of_a_demonstration_are_not_read_outside_it(tmp_path):
    load(KernelSettings, environ={"KAPOK_DEMO": "1", "INSTANCE_DIR": str(tmp_path)})
    assert "SECRET_KEY" in faults(INSTANCE_DIR=str(tmp_path), PUBLIC_URL="https://x")


def test_files_are_read_and_the_process_environment_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in production():
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text("INSTANCE_DIR=here\nPORT=1001\nTRUSTED_HOPS=1\n")
    (tmp_path / "here").mkdir()
    lines = "".join(f"{name}={value}\n" for name, value in production(PORT="1002", LOG_LEVEL="DEBUG").items())
    (tmp_path / "here" / "settings.env").write_text(lines)
    monkeypatch.setenv("TRUSTED_HOPS", "2")
    load(KernelSettings)
    mine = of(KernelSettings)
    assert (mine.port, mine.trusted_hops, mine.log_level) == (1001, 2, "DEBUG")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("abc", "entry 1"),
        ("k1:!!", "not base64"),
        ("k1:" + base64.b64encode(b"16 bytes of key.").decode(), "has 16 bytes"),
        (f"k1:{base64.b64encode(bytes(32)).decode()},k1:{base64.b64encode(bytes(32)).decode()}", "entry 2"),
    ],
)
def test_encryption_keys_say_which_entry_is_wrong(text, why):
    with pytest.raises(ValueError, match=why):
        encryption_keys(text)


def test_every_setting_is_described():
    for name, field in KernelSettings.model_fields.items():
        assert field.description, name
        assert variable(name, field).isupper()
