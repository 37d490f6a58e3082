"""Everything an operator can set, read once from the environment; all faults told at once, none with a value
in it.

Read in this order, the first that knows a name wins: the process environment, ``.env`` in the working folder,
``settings.env`` in the instance folder, and in demo mode ``secrets.env`` there, which demo mode writes for
itself.
"""

import base64
import binascii
import fcntl
import os
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, TypeVar, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import SecretStr, ValidationInfo, field_validator

from kernel.ids import new_secret
from kernel.sections import (
    Environ,
    Section,
    SettingsError,
    demo_mode,
    demo_secrets,
    read,
    secret,
    setting,
    variable,
)

__all__ = [
    "KernelSettings",
    "Section",
    "SettingsError",
    "encryption_keys",
    "load",
    "of",
    "secret",
    "setting",
    "variable",
]

AES_256_KEY_BYTES = 32
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,16}")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_environment: Environ | None = None
_loaded: dict[type[Section], Section] = {}


def new_encryption_key() -> str:
    return "k1:" + base64.b64encode(base64.urlsafe_b64decode(new_secret(AES_256_KEY_BYTES) + "=")).decode()


def encryption_keys(text: str) -> dict[str, bytes]:
    """``kid:base64,kid2:base64`` as keys by id, the active one first.

    :raises ValueError: saying which entry is wrong, never its content.
    """
    keys: dict[str, bytes] = {}
    for position, entry in enumerate(text.split(","), 1):
        kid, _, encoded = entry.strip().partition(":")
        if not KEY_ID.fullmatch(kid) or kid in keys:
            raise ValueError(
                f"entry {position} needs an id of its own (1 to 16 letters, digits, - or _) before the colon"
            )
        try:
            keys[kid] = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise ValueError(f"entry {position} is not base64") from None
        if len(keys[kid]) != AES_256_KEY_BYTES:
            raise ValueError(f"entry {position} has {len(keys[kid])} bytes; AES-256 needs {AES_256_KEY_BYTES}")
    return keys


class KernelSettings(Section):
    demo: bool = setting(
        "1 runs the demonstration: secrets make themselves, loopback may be reached", False, env="KAPOK_DEMO"
    )
    instance_dir: Path = setting(
        "the folder of everything this installation writes: database, secrets, mail", Path("instance")
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = setting("DEBUG, INFO, WARNING or ERROR", "INFO")
    port: int = setting("the port the web application listens on", 8000)
    public_url: str = setting(
        "the address people use, which is also the OIDC issuer, e.g. https://id.example.gov.cn", ""
    )
    trusted_hops: int = setting("how many proxies stand in front and set X-Forwarded-For, 0 for none", 0)
    province_name: str = setting("the name shown on every page", "广东省")
    timezone: str = setting("the zone in which days begin and legal limits count", "Asia/Shanghai")
    database_url: str = setting("sqlite:///path or postgresql://user:password@host/name", "", masked=True)
    redis_url: str | None = setting(
        "redis://host/0, for counters and one-time values; needed by more than one process", None, masked=True
    )
    celery_broker_url: str | None = setting(
        "redis://host/1, hands background work to celery workers; without it each web process works itself",
        None,
        masked=True,
    )
    secret_key: SecretStr = secret("signs cookies and form tokens")
    encryption_keys: SecretStr = secret(
        "id:base64 of 32 bytes, more after commas: the first encrypts, all decrypt",
        generate=new_encryption_key,
    )
    blind_index_key: SecretStr = secret(
        "makes the look-up values of encrypted columns and seals the audit; it cannot change later"
    )
    egress_allowed_networks: tuple[IPv4Network | IPv6Network, ...] = setting(
        "private networks that outbound calls may reach, e.g. 10.20.0.0/16,10.21.0.0/16", ()
    )

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, url: str, info: ValidationInfo) -> str:
        demo = info.data.get("demo", False)
        if not url and demo:
            return f"http://127.0.0.1:{info.data.get('port', 8000)}"
        if not url:
            raise ValueError("is missing")
        parts = urlsplit(url)
        if not parts.hostname or parts.path.rstrip("/") or parts.query or parts.fragment or parts.username:
            raise ValueError("must be scheme and host alone, without a path")
        # OpenID Connect Discovery §3: the issuer uses https. A test on this machine is the one exception.
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("must begin with https://")
        return url.rstrip("/")

    @field_validator("port")
    @classmethod
    def _port(cls, port: int) -> int:
        if not 0 < port < 65536:
            raise ValueError("must be between 1 and 65535")
        return port

    @field_validator("trusted_hops")
    @classmethod
    def _trusted_hops(cls, hops: int) -> int:
        if not 0 <= hops <= 8:
            raise ValueError("must be between 0 and 8")
        return hops

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is not a zone of the IANA database, like Asia/Shanghai") from None
        return name

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, url: str, info: ValidationInfo) -> str:
        if not url:
            return f"sqlite:///{info.data.get('instance_dir', Path('instance')) / 'kapok.db'}"
        if url.startswith("sqlite:///") and url.removeprefix("sqlite:///") not in {"", ":memory:"}:
            return url
        if url.startswith(("postgresql://", "postgresql+psycopg://")):
            return url
        raise ValueError("must begin with postgresql:// or be sqlite:/// and a file")

    @field_validator("redis_url")
    @classmethod
    def _redis_url(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None:
            # PostgreSQL is chosen where there are several processes; each alone in its memory, a one-time
            # code could be used once in every one of them.
            if info.data.get("database_url", "").startswith("postgresql") and not info.data.get("demo", False):
                raise ValueError("is missing beside a PostgreSQL database")
        elif not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return url

    @field_validator("celery_broker_url")
    @classmethod
    def _celery_broker_url(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is not None and "redis_url" in info.data and info.data["redis_url"] is None:
            raise ValueError("needs REDIS_URL too, which web processes and workers share")
        return url

    @field_validator("encryption_keys")
    @classmethod
    def _encryption_keys(cls, text: SecretStr) -> SecretStr:
        encryption_keys(text.get_secret_value())
        return text


S = TypeVar("S", bound=Section)


def load(*sections: type[Section], environ: Environ | None = None) -> None:
    """Read and check all sections, forgetting what was loaded before.

    :param environ: used instead of the process environment and its files (tests).
    :raises SettingsError: with every fault of every section.
    """
    global _environment  # noqa: PLW0603  # settings are one per process
    found = _files_and_process() if environ is None else dict(environ)
    if demo_mode(found):
        found = _with_demo_secrets(sections, found)
    loaded: dict[type[Section], Section] = {}
    faults: list[str] = []
    for section in dict.fromkeys(sections):
        answer = read(section, found)
        if isinstance(answer, list):
            faults += answer
        else:
            loaded[section] = answer
    if faults:
        raise SettingsError(faults)
    _environment = found
    _loaded.clear()
    _loaded.update(loaded)


def of(section: type[S]) -> S:
    """The loaded section; one that no ``load`` named yet is read from the same environment now.

    :raises SettingsError: where that finds faults.
    """
    found = _loaded.get(section)
    if found is None:
        if _environment is None:
            load(section)
        else:
            environment = _environment
            if demo_mode(environment):
                environment = _with_demo_secrets((section,), environment)
            answer = read(section, environment)
            if isinstance(answer, list):
                raise SettingsError(answer)
            _loaded[section] = answer
        found = _loaded[section]
    return cast("S", found)


def _files_and_process() -> Environ:
    process = os.environ  # noqa: TID251  # the one place
    here = _file(Path(".env"))
    folder = Path(process.get("INSTANCE_DIR") or here.get("INSTANCE_DIR") or "instance")
    return {**_file(folder / "settings.env"), **here, **process}


def _file(path: Path) -> dict[str, str]:
    return {k: v for k, v in dotenv_values(path).items() if v is not None} if path.is_file() else {}


def _with_demo_secrets(sections: Iterable[type[Section]], environ: Environ) -> Environ:
    """Add the secrets that demo mode made for itself, making those that are not there yet; the file is 0600.

    A lock on the file lets two processes that start together agree on one value.
    """
    path = Path(environ.get("INSTANCE_DIR") or "instance") / "secrets.env"
    wanted = {
        key: generate
        for section in sections
        for key, generate in demo_secrets(section).items()
        if not environ.get(key, "").strip()
    }
    if not wanted:
        return environ
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = _file(path)
        made = {key: generate() for key, generate in wanted.items() if not kept.get(key)}
        file.writelines(f"{key}={value}\n" for key, value in made.items())
    return {**kept, **made, **environ}
