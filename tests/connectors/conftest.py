"""Real peers for every kind, ports that misbehave, and a province that may reach this machine."""

import datetime as dt
import ipaddress
import json
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors import breaker
from connectors.openid import provider
from tests.connectors.peers import CALLBACK, DirectoryPeer, Peer, ProviderPeer
from tests.servers import process
from tests.servers.slapd import Certificate, Slapd

ROOT = Path(__file__).parents[2]
PEOPLE = ROOT / "examples/city/people.ldif"
DEADLINE = 1.5  # seconds; short, so that what hangs is over soon


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No breaker and no cached metadata of the test before."""
    breaker.forget()
    provider.forget()
    yield
    breaker.forget()


@pytest.fixture
def province(database: str, load_settings: Callable[..., object]) -> None:
    """An empty database, and this machine's addresses as the internal network."""
    load_settings(
        DATABASE_URL=database,
        EGRESS_ALLOWED_NETWORKS="127.0.0.0/8,::1/128",
        CONNECTOR_DEADLINE_SECONDS=str(DEADLINE),
    )


@pytest.fixture(scope="session")
def directory_of_session() -> Iterator[Slapd]:
    server = Slapd(PEOPLE.read_text(encoding="utf-8"), base_dn="dc=shenzhen,dc=example")
    yield server
    server.remove()


@pytest.fixture
def directory(directory_of_session: Slapd) -> DirectoryPeer:
    return DirectoryPeer(directory_of_session)


@pytest.fixture(scope="session")
def demo_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderPeer]:
    """The demo city as ``make run`` starts it: a process of its own."""
    folder, port = tmp_path_factory.mktemp("city"), process.free_port()
    peer = ProviderPeer(f"http://127.0.0.1:{port}", "a secret of: the city+1")
    client = {"client_id": "kapok", "client_secret": peer.client_secret, "redirect_uris": [CALLBACK]}
    config = {"port": port, "issuer": peer.issuer, "people": str(PEOPLE), "clients": [client]}
    (folder / "city.json").write_text(json.dumps(config))
    log = folder / "log"
    command = [sys.executable, "-m", "examples.city", str(folder / "city.json")]
    running = process.start(command, log, cwd=ROOT)

    def answers() -> bool:
        try:
            return requests.get(f"{peer.issuer}/healthz", timeout=1).ok
        except requests.ConnectionError:
            return False

    process.wait_until(answers, running, log)
    yield peer
    process.stop(running, signal.SIGTERM)


@pytest.fixture(params=["ldap", "oidc"])
def peer(request: pytest.FixtureRequest) -> Peer:
    """The real peer of each kind."""
    name = {"ldap": "directory", "oidc": "demo_city"}[request.param]
    found: Peer = request.getfixturevalue(name)
    return found


@pytest.fixture
def listener() -> Iterator[Callable[[bytes | None], int]]:
    """Start a server that says the given bytes to whoever connects, or never says anything; its port."""
    sockets: list[socket.socket] = []

    def serve(server: socket.socket, words: bytes | None) -> None:
        held = []
        while True:
            try:
                connection, _address = server.accept()
            except OSError:
                return
            held.append(connection)
            if words is not None:
                connection.sendall(words)
                connection.shutdown(socket.SHUT_WR)

    def start(words: bytes | None) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        sockets.append(server)
        threading.Thread(target=serve, args=(server, words), daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in sockets:
        server.close()


class Authority:
    """A certificate authority of this test session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.file = folder / "authority.pem"
        made = self._builder(self._name, self._key, self._name)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def certificate(self, *, names: tuple[str, ...] = (), addresses: tuple[str, ...] = ()) -> Certificate:
        """A server's certificate for these DNS names and IP addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A directory")])
        others: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
        others += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        made = self._builder(subject, key, self._name)
        made = made.add_extension(x509.SubjectAlternativeName(others), critical=False)
        stem = "-".join((*names, *addresses))
        certificate, private = self._folder / f"{stem}.pem", self._folder / f"{stem}.key"
        certificate.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return Certificate(certificate=certificate, key=private, authority=self.file)

    @staticmethod
    def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))
