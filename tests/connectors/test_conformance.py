"""Every kind of city source, against its real peer, by the same sentences."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from connectors import contract, sources
from kernel.db import reading, transaction
from tests.connectors.conftest import DEADLINE
from tests.connectors.peers import Peer, add_city
from tests.servers.process import free_port

PASSWORD = "demo-city-2026"
# What these rules do not do differently from one database to the other, one database shows.
pytestmark = [pytest.mark.usefixtures("province"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def change(code: str, **values: object) -> None:
    with transaction() as db:
        row = sources.row(db, code)
        for name, value in values.items():
            setattr(row, name, value)


def test_every_kind_has_a_peer_in_this_suite() -> None:
    assert set(sources.kinds()) == {"ldap", "oidc"}


def test_a_good_login_tells_who_it_is(peer: Peer) -> None:
    code = add_city(peer.city())
    found = peer.log_in(code, "linhaitang", PASSWORD)
    assert (found.name, found.id_type, found.id_number) == ("林海棠", "111", "440001199003070020")
    assert found.level == 3
    assert found.attributes == {"email": "linhaitang@shenzhen.example"}
    with reading() as db:
        assert found.source_id == contract.city(db, code).source_id


def test_the_link_id_is_the_same_at_every_login_and_is_no_name(peer: Peer) -> None:
    code = add_city(peer.city())
    first, second = (peer.log_in(code, "huangzhiyuan", PASSWORD) for _ in range(2))
    assert first.upstream_id == second.upstream_id
    for text in ("huangzhiyuan", "黄志远", "@", "138"):
        assert text not in first.upstream_id.replace(getattr(peer, "issuer", "-"), "")


def test_a_salted_password_is_checked_too(peer: Peer) -> None:
    code = add_city(peer.city())
    assert peer.log_in(code, "huangzhiyuan", PASSWORD).name == "黄志远"
    with pytest.raises(contract.BadCredentials):
        peer.log_in(code, "huangzhiyuan", PASSWORD + "x")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("linhaitang", "wrong"),
        ("nobody-of-that-name", PASSWORD),
        ("linhaitang", ""),
        ("linhaitang", "   "),
        ("linhaitang", "\0"),
        ("linhaitang", f"{PASSWORD}\0"),
        ("", PASSWORD),
        ("linhaitang\0", PASSWORD),
        ("*", PASSWORD),
        ("*)(uid=*", PASSWORD),
        ("linhaitang)(objectClass=*", PASSWORD),
        ("linhaitang,ou=people", PASSWORD),
        ("\\6cinhaitang", PASSWORD),
        ("x" * 5000, PASSWORD),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_wrong_credentials_are_wrong_credentials_whatever_they_contain(
    peer: Peer, username: str, password: str
) -> None:
    code = add_city(peer.city())
    with pytest.raises(contract.BadCredentials):
        peer.log_in(code, username, password)


@pytest.mark.parametrize(("username", "name"), [("wangmulong", "王䶮"), ("zhangjiabao", "张家𤧛")])
def test_names_in_rare_characters_arrive_as_they_are(peer: Peer, username: str, name: str) -> None:
    code = add_city(peer.city())
    assert peer.log_in(code, username, PASSWORD).name == name


def test_without_an_id_number_nobody_is_above_the_lowest_level(peer: Peer) -> None:
    code = add_city(peer.city())
    found = peer.log_in(code, "zhangjiabao", PASSWORD)
    assert (found.id_type, found.id_number, found.level) == (None, None, 2)


def test_a_number_the_source_is_not_authoritative_for_verifies_nobody(peer: Peer) -> None:
    code = add_city(peer.city(authoritative_for=[]))
    found = peer.log_in(code, "linhaitang", PASSWORD)
    assert (found.id_number, found.level) == ("440001199003070020", 2)


def test_the_citys_level_is_mapped_and_capped(peer: Peer) -> None:
    code = add_city(peer.city(level_cap=4))
    assert peer.log_in(code, "chenruoxi", PASSWORD).level == 4  # "window" is 5 to the map
    change(code, level_cap=5)
    assert peer.log_in(code, "chenruoxi", PASSWORD).level == 5


def test_a_level_the_map_does_not_know_proves_nothing(peer: Peer) -> None:
    code = add_city(peer.city(level_map={"some-other": 4}))
    assert peer.log_in(code, "chenruoxi", PASSWORD).level == 2


def test_a_source_for_enterprises_lets_no_person_in(peer: Peer) -> None:
    code = add_city(peer.city(subject_types=["enterprise"]))
    with pytest.raises(contract.NotEntitled):
        peer.log_in(code, "linhaitang", PASSWORD)


def test_a_disabled_city_lets_nobody_in_and_says_so(peer: Peer) -> None:
    code = add_city(peer.city(enabled=False))
    with pytest.raises(contract.SourceDisabled) as refused:
        peer.log_in(code, "linhaitang", PASSWORD)
    assert refused.value.code == "city_disabled"
    assert "深圳市" in str(refused.value.message)
    with reading() as db:
        assert contract.city(db, code).state == "disabled"


def test_a_city_disabled_during_the_login_lets_nobody_in(peer: Peer) -> None:
    code = add_city(peer.city())
    with pytest.raises(contract.SourceDisabled):
        peer.log_in_while(code, "linhaitang", PASSWORD, lambda: change(code, enabled=False))


def test_the_level_cap_at_the_end_of_the_login_counts(peer: Peer) -> None:
    code = add_city(peer.city())
    found = peer.log_in_while(code, "linhaitang", PASSWORD, lambda: change(code, level_cap=2))
    assert found.level == 2


def test_a_city_that_cannot_be_reached_is_unavailable(peer: Peer) -> None:
    code = add_city(peer.elsewhere(free_port()))
    with pytest.raises(contract.UpstreamUnavailable) as refused:
        peer.log_in(code, "linhaitang", PASSWORD)
    assert "深圳市" in str(refused.value.message)
    assert refused.value.status == 503


def test_a_city_that_hangs_is_given_up_at_the_deadline(peer: Peer, listener: Callable[[bytes | None], int]) -> None:
    code = add_city(peer.elsewhere(listener(None)))
    began = time.monotonic()
    with pytest.raises(contract.UpstreamUnavailable):
        peer.log_in(code, "linhaitang", PASSWORD)
    assert DEADLINE * 0.9 < time.monotonic() - began < DEADLINE + 1


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
        b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00" * 3,
        b"\x30\x84\xff\xff\xff\xff" + b"\0" * 64,
        bytes(range(256)) * 8,
    ],
    ids=["nothing", "a web page", "LDAP for somebody else", "an endless message", "noise"],
)
def test_garbage_is_an_error_of_the_city_and_not_ours(
    peer: Peer, listener: Callable[[bytes | None], int], words: bytes
) -> None:
    code = add_city(peer.elsewhere(listener(words)))
    with pytest.raises((contract.BadAnswer, contract.UpstreamUnavailable)):
        peer.log_in(code, "linhaitang", PASSWORD)


def test_an_internal_address_is_refused_unless_the_source_is_marked_internal(peer: Peer) -> None:
    city = peer.city()
    code = add_city(city)
    change(code, internal=False)  # behind the back of the check that refuses such a file
    with pytest.raises(contract.UpstreamUnavailable):
        peer.log_in(code, "linhaitang", PASSWORD)


def test_a_city_is_not_asked_again_while_it_is_down_and_is_when_it_may_have_recovered(
    peer: Peer, load_settings: Callable[..., object], database: str
) -> None:
    load_settings(
        DATABASE_URL=database,
        EGRESS_ALLOWED_NETWORKS="127.0.0.0/8",
        CONNECTOR_OPEN_AFTER="2",
        CONNECTOR_PROBE_AFTER_SECONDS="0.3",
    )
    down = peer.elsewhere(free_port())
    code = add_city(down)
    for _attempt in range(2):
        with pytest.raises(contract.UpstreamUnavailable):
            peer.log_in(code, "linhaitang", PASSWORD)
    with reading() as db:
        assert contract.city(db, code).state == "down"
        assert contract.city(db, code).reason
    change(code, settings={**settings_of(code), **_address(peer)})
    with pytest.raises(contract.UpstreamUnavailable, match="circuit open"):
        peer.log_in(code, "linhaitang", PASSWORD)
    time.sleep(0.3)  # the time that is configured above is what is tested
    assert peer.log_in(code, "linhaitang", PASSWORD).name == "林海棠"
    with reading() as db:
        assert contract.city(db, code).state == "ok"


def settings_of(code: str) -> dict[str, object]:
    with reading() as db:
        return dict(sources.row(db, code).settings)


def _address(peer: Peer) -> dict[str, object]:
    settings = peer.city()["settings"]
    return {name: settings[name] for name in ("url", "issuer") if name in settings}


def test_secrets_are_sealed_in_the_database_and_absent_from_errors(peer: Peer) -> None:
    city = peer.city()
    code = add_city(city)
    secret = city["settings"].get("bind_password") or city["settings"]["client_secret"]
    with reading() as db:
        row = sources.row(db, code)
        assert secret not in str(row.settings)
        stored = db.connection().exec_driver_sql("SELECT secrets FROM city_source").scalar_one()
        source = sources.load(db, code)
    assert secret.encode() not in bytes(stored)
    assert secret not in repr(source)
    with pytest.raises(contract.BadCredentials) as refused:
        peer.log_in(code, "linhaitang", "my-own-password")
    assert "my-own-password" not in f"{refused.value!r} {refused.value.detail} {refused.value.message}"


def test_ldap3_is_not_loaded_until_a_directory_is_asked() -> None:
    program = "import sys; from connectors import contract, sources; sources.kinds(); sys.exit('ldap3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
