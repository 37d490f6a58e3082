"""What a conformance run needs: the provider behind TLS in a process of its own, and the portals' side of the wire."""

import json
import shutil
import signal
import ssl
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import KeySet

from tests.conftest import SECRETS
from tests.protocol.conformance.browser import Browser
from tests.protocol.conformance.people import ZHANG
from tests.servers import process

ROOT = Path(__file__).parents[3]
SECONDS_FOR_AN_ANSWER = 20
SCOPES = "openid profile email phone"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that reached a portal's site."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    headers: dict[str, str]


class Site:
    """Everything that portals publish, and everything that is sent to them, under names below ``rp.test``.

    ``publish`` puts a document at a path; ``asked`` holds the requests that came.
    """

    def __init__(self, folder: Path) -> None:
        self._documents: dict[str, tuple[str, Callable[[], bytes]]] = {}
        self.asked: list[Asked] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site._answer(self)

            do_POST = do_GET  # noqa: N815  # the library's name for it

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "site.pem", folder / "site.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, name: str, path: str) -> str:
        return f"https://{name}.rp.test:{self.port}{path}"

    def publish(self, path: str, document: Callable[[], Any] | Any, media_type: str = "application/json") -> None:
        tell = document if callable(document) else lambda: document
        self._documents[path] = (media_type, lambda: _bytes(tell()))

    def wait_for(self, path: str) -> Asked:
        """The first request to ``path``; it may come from a queue, so it is waited for."""
        end = time.monotonic() + SECONDS_FOR_AN_ANSWER
        while True:
            for asked in list(self.asked):
                if asked.path == path:
                    return asked
            assert time.monotonic() < end, f"nobody asked for {path}"
            time.sleep(0.02)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        asked = Asked(
            method=handler.command,
            path=parts.path,
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            form={name: values[0] for name, values in parse_qs(body).items()},
            headers={name.lower(): value for name, value in handler.headers.items()},
        )
        self.asked.append(asked)
        media_type, tell = self._documents.get(parts.path, ("text/plain", lambda: b""))
        content = tell()
        handler.send_response(200 if parts.path in self._documents or asked.method == "POST" else 404)
        handler.send_header("Content-Type", media_type)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Cache-Control", "no-store")
        handler.end_headers()
        handler.wfile.write(content)


def _bytes(document: Any) -> bytes:
    if isinstance(document, bytes):
        return document
    return document.encode() if isinstance(document, str) else json.dumps(document).encode()


@dataclass
class Suite:
    """One provider and one site for a whole worker; modules share them, never their clients or browsers."""

    folder: Path
    site: Site
    issuer: str
    ca: str
    _process: Any
    ahead: float = 0.0
    browsers: list[Browser] = field(default_factory=list)
    _invitations: dict[tuple[str, ...], str] = field(default_factory=dict)

    @cached_property
    def http(self) -> requests.Session:
        session = requests.Session()
        session.verify, session.trust_env = self.ca, False
        return session

    @property
    def metadata(self) -> dict[str, Any]:
        """Discovery, read anew: no module lives on what another one saw."""
        answer = self.http.get(f"{self.issuer}/.well-known/openid-configuration", timeout=20)
        assert answer.status_code == 200
        return dict(answer.json())

    def invitation(self, *rules: str) -> str:
        """An initial access token of the operator; ``rules`` are options of ``flask clients invite``."""
        if rules not in self._invitations:
            told = self.flask("clients", "invite", "Conformance", "--uses", "0", "--scope", SCOPES, *rules)
            self._invitations[rules] = json.loads(told)["initial_access_token"]
        return self._invitations[rules]

    def keys(self) -> KeySet:
        return KeySet.import_key_set(self.http.get(self.metadata["jwks_uri"], timeout=20).json())

    def now(self) -> int:
        """The provider's time."""
        return int(time.time() + self.ahead)

    def wait(self, seconds: float) -> None:
        """Let so much time pass for the provider."""
        answer = self.http.post(f"{self.issuer}/suite/clock", json={"seconds": seconds}, timeout=20)
        assert answer.status_code == 200, answer.text
        self.ahead += seconds

    def rotate_keys(self) -> None:
        answer = self.http.post(f"{self.issuer}/suite/keys", timeout=20)
        assert answer.status_code == 200, answer.text

    def browser(self, person: dict[str, Any] = ZHANG) -> Browser:
        browser = Browser(self.issuer, self.ca, person)
        self.browsers.append(browser)
        return browser

    def flask(self, *command: str) -> str:
        """An operator's command, in a process of its own."""
        ran = process.subprocess.run(
            [sys.executable, "-m", "flask", *command],
            cwd=ROOT,
            env=environment(self.folder, self.issuer),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def stop(self) -> None:
        for browser in self.browsers:
            browser.close()
        self.http.close()
        process.stop(self._process, signal.SIGKILL)
        self.site.close()


def environment(folder: Path, issuer: str) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "FLASK_APP": "wsgi",
        "KAPOK_DEMO": "1",
        "INSTANCE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/kapok.db",
        "PUBLIC_URL": issuer,
        "PORT": str(urlsplit(issuer).port),
        "SSL_CERT_FILE": str(folder / "ca.pem"),
        "REGISTRATION_TRIES": "1000000",  # every module registers clients of its own
        **SECRETS,
    }


def start(folder: Path, template: Path) -> Suite:
    """Start both sides in ``folder`` with a copy of the empty database ``template``."""
    shutil.copyfile(template, folder / "kapok.db")
    certificates(folder)
    issuer = f"https://127.0.0.1:{process.free_port()}"
    command: list[str | Path] = [
        Path(sys.executable).with_name("granian"),
        *("--interface", "wsgi", "--port", str(urlsplit(issuer).port), "--no-ws"),
        *("--ssl-certificate", folder / "site.pem", "--ssl-keyfile", folder / "site.key"),
        "tests.protocol.conformance.server_app:app",
    ]
    log = folder / "log"
    started = process.start(command, log, env=environment(folder, issuer))
    suite = Suite(folder=folder, site=Site(folder), issuer=issuer, ca=str(folder / "ca.pem"), _process=started)
    process.wait_until(lambda: _ready(suite), started, log, seconds=60)
    return suite


def _ready(suite: Suite) -> bool:
    try:
        return bool(suite.http.get(f"{suite.issuer}/healthz", timeout=2).status_code == 200)
    except requests.RequestException:
        return False


def certificates(folder: Path) -> None:
    """A certificate authority of this run, and one certificate for the provider and the portals."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "conformance run")])
    root = _certificate(name, name, authority.public_key(), authority, authority_of=True)
    leaf = _certificate(
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "both sides")]), name, key.public_key(), authority
    )
    (folder / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "site.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    (folder / "site.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    authority_of: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(x509.BasicConstraints(ca=authority_of, path_length=None), critical=True)
    )
    if not authority_of:
        names = [x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("*.rp.test")]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(signer, hashes.SHA256())
