"""What is particular to directories: TLS, binds, entries, link ids."""

import base64
import contextlib
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors import breaker, city_file, contract
from kernel.db import reading
from tests.connectors.conftest import DEADLINE, PEOPLE, Authority
from tests.connectors.peers import DirectoryPeer, add_city
from tests.servers.slapd import Slapd

PASSWORD = "demo-city-2026"
BASE = "dc=shenzhen,dc=example"
SHENZHEN = "linhaitang"

pytestmark = [pytest.mark.usefixtures("province"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


def with_settings(city: dict[str, Any], **settings: object) -> dict[str, Any]:
    return {**city, "settings": {**city["settings"], **settings}}


@pytest.fixture
def own_directory() -> Iterator[DirectoryPeer]:
    """A directory that this test may change."""
    server = Slapd(PEOPLE.read_text(encoding="utf-8"), base_dn=BASE)
    yield DirectoryPeer(server)
    server.remove()


@pytest.fixture
def tls_directory(authority: Authority) -> Iterator[Callable[..., DirectoryPeer]]:
    """A directory with a certificate for the given names, addressed as ``localhost``."""
    started: list[Slapd] = []

    def start(*, names: tuple[str, ...] = (), addresses: tuple[str, ...] = ()) -> DirectoryPeer:
        certificate = authority.certificate(names=names, addresses=addresses)
        people = PEOPLE.read_text(encoding="utf-8")
        started.append(Slapd(people, base_dn=BASE, certificate=certificate, host="localhost"))
        return DirectoryPeer(started[-1])

    yield start
    for server in started:
        server.remove()


class TestTls:
    def test_ldaps_with_a_private_authority(
        self, tls_directory: Callable[..., DirectoryPeer], authority: Authority
    ) -> None:
        peer = tls_directory(names=("localhost",))
        city = with_settings(peer.city(), url=peer.slapd.tls_url, ca_file=str(authority.file))
        assert contract.sign_in(add_city(city), SHENZHEN, PASSWORD).name == "林海棠"

    def test_start_tls_with_a_private_authority(
        self, tls_directory: Callable[..., DirectoryPeer], authority: Authority
    ) -> None:
        peer = tls_directory(names=("localhost",))
        city = with_settings(peer.city(), start_tls=True, ca_file=str(authority.file))
        assert contract.sign_in(add_city(city), SHENZHEN, PASSWORD).name == "林海棠"

    @pytest.mark.parametrize("start_tls", [False, True], ids=["ldaps", "start_tls"])
    @pytest.mark.parametrize(
        "subject",
        [{"names": ("other.example",)}, {"addresses": ("127.0.0.1",)}],
        ids=["another name", "the address instead of the name"],
    )
    def test_a_certificate_for_something_else_is_refused(
        self,
        tls_directory: Callable[..., DirectoryPeer],
        authority: Authority,
        subject: dict[str, tuple[str, ...]],
        *,
        start_tls: bool,
    ) -> None:
        peer = tls_directory(**subject)
        url = peer.slapd.url if start_tls else peer.slapd.tls_url
        city = with_settings(peer.city(), url=url, start_tls=start_tls, ca_file=str(authority.file))
        with pytest.raises(contract.UpstreamUnavailable, match=r"(?i)certificate"):
            contract.sign_in(add_city(city), SHENZHEN, PASSWORD)

    def test_an_unknown_authority_is_refused(self, tls_directory: Callable[..., DirectoryPeer]) -> None:
        peer = tls_directory(names=("localhost",))
        city = with_settings(peer.city(), url=peer.slapd.tls_url)
        with pytest.raises(contract.UpstreamUnavailable, match=r"(?i)certificate"):
            contract.sign_in(add_city(city), SHENZHEN, PASSWORD)

    def test_a_directory_without_start_tls_gets_no_password(
        self, directory: DirectoryPeer, authority: Authority
    ) -> None:
        city = with_settings(directory.city(), start_tls=True, ca_file=str(authority.file))
        with pytest.raises(contract.UpstreamUnavailable):
            contract.sign_in(add_city(city), SHENZHEN, PASSWORD)


class TestBind:
    @pytest.mark.parametrize("password", ["", " ", "\t\n", "\0", "a\0b"], ids=repr)
    def test_an_unusable_password_is_refused_before_any_connection(
        self, directory: DirectoryPeer, monkeypatch: pytest.MonkeyPatch, password: str
    ) -> None:
        from connectors import directory as connections

        monkeypatch.setattr(connections, "connect", lambda *_, **__: pytest.fail("the directory was asked"))
        with pytest.raises(contract.BadCredentials):
            contract.sign_in(add_city(directory.city()), SHENZHEN, password)

    def test_the_persons_own_name_from_a_template(self, directory: DirectoryPeer) -> None:
        # This directory lets signed-in entries read, so the person's own bind is enough.
        template = {"user_dn": f"uid={{username}},ou=people,{BASE}", "bind_dn": None, "bind_password": None}
        code = add_city(with_settings(directory.city(), **template))
        assert contract.sign_in(code, SHENZHEN, PASSWORD).id_number == "440001199003070020"
        for username in ("linhaitang,ou=people", "nobody", "*", 'x"', "#x"):
            with pytest.raises(contract.BadCredentials):
                contract.sign_in(code, username, PASSWORD)

    def test_the_platforms_own_account_refused_is_not_the_persons_fault(self, directory: DirectoryPeer) -> None:
        code = add_city(with_settings(directory.city(), bind_password="wrong"))
        with pytest.raises(contract.UpstreamRefused, match="service account"):
            contract.sign_in(code, SHENZHEN, PASSWORD)

    def test_a_password_may_be_of_any_characters(self, own_directory: DirectoryPeer) -> None:
        password = "密码 𠮷❤️'\"\\;--"
        own_directory.slapd.modify(
            f"dn: uid={SHENZHEN},ou=people,{BASE}\nchangetype: modify\nreplace: userPassword\n"
            f"userPassword:: {base64.b64encode(password.encode()).decode()}\n"
        )
        code = add_city(own_directory.city())
        assert contract.sign_in(code, SHENZHEN, password).name == "林海棠"
        with pytest.raises(contract.BadCredentials):
            contract.sign_in(code, SHENZHEN, PASSWORD)

    def test_an_account_without_a_password_lets_nobody_in(self, own_directory: DirectoryPeer) -> None:
        own_directory.slapd.modify(f"dn: uid={SHENZHEN},ou=people,{BASE}\nchangetype: modify\ndelete: userPassword\n")
        with pytest.raises(contract.BadCredentials):
            contract.sign_in(add_city(own_directory.city()), SHENZHEN, PASSWORD)


class TestEntry:
    def test_a_renamed_and_moved_entry_keeps_its_link_id(self, own_directory: DirectoryPeer) -> None:
        code = add_city(own_directory.city())
        before = contract.sign_in(code, SHENZHEN, PASSWORD)
        own_directory.slapd.modify(
            f"dn: uid={SHENZHEN},ou=people,{BASE}\nchangetype: modrdn\nnewrdn: uid=linht\ndeleteoldrdn: 1\n"
        )
        after = contract.sign_in(code, "linht", PASSWORD)
        assert before.upstream_id == after.upstream_id == "fae070b9-8a6b-5b60-91c2-bcb0057cfa20"

    def test_of_two_entries_neither_is_meant(self, directory: DirectoryPeer) -> None:
        ambiguous = with_settings(directory.city(), user_filter="(|(uid={username})(uid=huangzhiyuan))")
        with pytest.raises(contract.BadAnswer, match="2 entries"):
            contract.sign_in(add_city(ambiguous), SHENZHEN, PASSWORD)

    def test_two_numbers_are_none(self, own_directory: DirectoryPeer) -> None:
        own_directory.slapd.modify(f"dn: uid={SHENZHEN},ou=people,{BASE}\nchangetype: modify\nadd: l\nl: one\nl: two\n")
        code = add_city({**own_directory.city(), "fields": {"id_number": "l"}})
        with pytest.raises(contract.BadAnswer, match="2 values of l"):
            contract.sign_in(code, SHENZHEN, PASSWORD)

    def test_a_disabled_entry_is_told_so_only_with_the_right_password(self, directory: DirectoryPeer) -> None:
        code = add_city(with_settings(directory.city(), disabled_filter="(employeeType=window)"))
        with pytest.raises(contract.NotEntitled):
            contract.sign_in(code, "chenruoxi", PASSWORD)
        with pytest.raises(contract.BadCredentials):
            contract.sign_in(code, "chenruoxi", "wrong")
        assert contract.sign_in(code, SHENZHEN, PASSWORD).name == "林海棠"

    def test_an_active_directory_link_id_is_read_as_a_guid(self, own_directory: DirectoryPeer) -> None:
        # jpegPhoto stands in for objectGUID: any attribute of 16 bytes, under the name the kind decodes.
        from connectors.kinds import ldap

        guid = uuid.uuid4()
        own_directory.slapd.modify(
            f"dn: uid={SHENZHEN},ou=people,{BASE}\nchangetype: modify\nadd: jpegPhoto\n"
            f"jpegPhoto:: {base64.b64encode(guid.bytes_le).decode()}\n"
        )
        code = add_city(with_settings(own_directory.city(), id_attribute="jpegPhoto"))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(ldap, "GUID_ATTRIBUTES", frozenset({"jpegphoto"}))
            assert contract.sign_in(code, SHENZHEN, PASSWORD).upstream_id == str(guid)

    def test_an_entry_without_the_link_id_signs_nobody_in(self, directory: DirectoryPeer) -> None:
        code = add_city(with_settings(directory.city(), id_attribute="uniqueIdentifier"))
        with pytest.raises(contract.BadAnswer, match="link id"):
            contract.sign_in(code, SHENZHEN, PASSWORD)

    def test_a_referral_is_not_followed(self, own_directory: DirectoryPeer) -> None:
        own_directory.slapd.modify(
            f"dn: uid=elsewhere,ou=people,{BASE}\nchangetype: add\n"
            "objectClass: referral\nobjectClass: extensibleObject\n"
            f"uid: elsewhere\nref: ldap://203.0.113.9/uid=elsewhere,{BASE}\n"
        )
        with pytest.raises(contract.BadCredentials):
            contract.sign_in(add_city(own_directory.city()), "elsewhere", PASSWORD)


class TestEnd:
    """A call that was given up ends for the platform too: its thread and its memory come back."""

    def test_a_directory_that_drips_is_left_at_the_deadline(self, directory: DirectoryPeer) -> None:
        with Dripping(b"\x30\x84\x00\x01\x00\x00", b"\0", pause=0.05) as port:
            code = add_city(directory.elsewhere(port))
            with pytest.raises(contract.UpstreamUnavailable):
                contract.sign_in(code, SHENZHEN, PASSWORD)
            with reading() as db:
                source_id = contract.city(db, code).source_id
            until = time.monotonic() + 5
            while breaker.of(source_id, "")._running and time.monotonic() < until:
                threading.Event().wait(0.02)
            assert breaker.of(source_id, "")._running == 0

    def test_a_directory_that_never_stops_talking_is_cut_off(self, directory: DirectoryPeer) -> None:
        with Dripping(b"\x30\x84\x7f\xff\xff\xff", b"\0" * 65536) as port:
            began = time.monotonic()
            with pytest.raises(contract.UpstreamUnavailable, match="bytes"):
                contract.sign_in(add_city(directory.elsewhere(port)), SHENZHEN, PASSWORD)
            assert time.monotonic() - began < DEADLINE


class Dripping:
    """A server that begins with some bytes and goes on with others until nobody listens any more."""

    def __init__(self, first: bytes, then: bytes, *, pause: float = 0.0) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._first, self._then, self._pause = first, then, pause

    def __enter__(self) -> int:
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._server.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _address = self._server.accept()
            connection.sendall(self._first)
            while True:
                threading.Event().wait(self._pause)
                connection.sendall(self._then)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "ldap://ldap.example.gov.cn", "internal": False}, "settings.url"),
        ({"url": "https://ldap.example.gov.cn"}, "settings.url"),
        ({"url": "ldaps://user@ldap.example.gov.cn"}, "settings.url"),
        ({"url": "ldaps://ldap.example.gov.cn", "start_tls": True}, "settings.start_tls"),
        ({"bind_dn": None}, "settings.bind_dn"),
        ({"user_filter": "(uid=*)"}, "settings.user_filter"),
        ({"user_filter": "uid={username}"}, "settings.user_filter"),
        ({"user_dn": "uid=me,dc=example"}, "settings.user_dn"),
        ({"ca_file": "/nowhere/ca.pem"}, "settings.ca_file"),
    ],
    ids=str,
)
def test_a_file_that_cannot_work_is_refused(directory: DirectoryPeer, changes: dict[str, object], field: str) -> None:
    city = directory.city(internal=changes.pop("internal", True))
    checked, faults = city_file.check(with_settings(city, **changes))
    assert checked is None
    assert [fault.field for fault in faults] == [field]
