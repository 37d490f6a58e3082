"""Outbound calls against real servers that behave badly."""

import gzip
import http.server
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kernel import egress
from kernel import http as outbound
from kernel.http import BadAnswer, EgressRefused, TooLarge, Unreachable

Speak = Callable[[socket.socket], None]


@pytest.fixture(autouse=True)
def _internal(load_settings):
    load_settings(EGRESS_ALLOWED_NETWORKS="127.0.0.0/8")


@contextmanager
def speaking(speak: Speak, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that reads a request's head and then does what ``speak`` does; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    secured = tls.wrap_socket(connection, server_side=True) if tls else connection
                    secured.recv(65536)
                    speak(secured)
                    secured.close()
                except OSError:
                    pass

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def answering(text: bytes) -> Speak:
    return lambda connection: connection.sendall(text)


def get(port: int, **options):
    return outbound.request("GET", f"http://127.0.0.1:{port}/x?y=1", internal=True, **options)


def test_an_answer_comes_with_status_headers_and_body():
    head = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 7"
    text = head + b'\r\n\r\n{"a":1}'
    with speaking(answering(text)) as port:
        answer = get(port)
    assert (answer.status, answer.json(), answer.text) == (201, {"a": 1}, '{"a":1}')
    assert (answer.headers["content-type"], answer.headers["x-a"]) == ("application/json", "1, 2")


@pytest.fixture
def recorder():
    """A real server that keeps what it was sent."""
    kept: list[tuple[str, str, dict[str, str], bytes]] = []

    class Keep(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keep)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], kept
    server.shutdown()
    server.server_close()


def test_forms_and_json_are_sent_as_what_they_are(recorder):
    port, kept = recorder
    url = f"http://127.0.0.1:{port}/token?q=1"
    outbound.request(
        "POST", url, form={"a": "值 &"}, headers={"Authorization": "Basic x", "Host": "evil"}, internal=True
    )
    outbound.request("POST", url, json={"a": "值"}, internal=True)
    outbound.request("POST", url, body=b"raw", headers={"Content-Type": "text/plain"}, internal=True)
    assert [body for *_, body in kept] == [b"a=%E5%80%BC+%26", '{"a": "值"}'.encode(), b"raw"]
    assert [h["content-type"] for *_, h, _ in kept] == [
        "application/x-www-form-urlencoded",
        "application/json",
        "text/plain",
    ]
    method, path, headers, _ = kept[0]
    assert (method, path, headers["authorization"]) == ("POST", "/token?q=1", "Basic x")
    assert headers["host"] == f"127.0.0.1:{port}"


def test_without_internal_an_allowed_network_stays_closed():
    with speaking(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as port, pytest.raises(EgressRefused):
        outbound.request("GET", f"http://127.0.0.1:{port}/")


def test_a_redirect_is_an_answer_and_is_not_followed():
    text = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n"
    with speaking(answering(text)) as port:
        answer = get(port)
    assert (answer.status, answer.headers["location"]) == (302, "http://169.254.169.254/latest/meta-data")


def test_a_name_is_resolved_once_and_the_connection_goes_there(monkeypatch):
    # DNS rebinding: the first answer passes the check, the second would lead elsewhere.
    asked = []

    def getaddrinfo(host, port, **_options):
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "127.9.9.9", port))]

    with speaking(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as port:
        monkeypatch.setattr(egress.socket, "getaddrinfo", _only_for("rebind.example", getaddrinfo))
        answer = outbound.request("GET", f"http://rebind.example:{port}/", internal=True)
    assert (answer.status, asked) == (204, ["rebind.example"])


def _only_for(name, fake):
    real = socket.getaddrinfo
    return lambda host, *args, **options: fake(host, *args, **options) if host == name else real(host, *args, **options)


def test_a_body_longer_than_the_cap_is_too_large_with_and_without_a_length():
    for head in (b"Content-Length: 1000000\r\n", b""):
        speak = answering(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n" + b"x" * 1_000_000)
        with speaking(speak) as port, pytest.raises(TooLarge):
            get(port, max_bytes=1000)


def test_a_gzip_bomb_is_measured_unpacked():
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 60_000
    text = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    with speaking(answering(text)) as port, pytest.raises(TooLarge):
        get(port)


def test_gzip_is_unpacked():
    packed = gzip.compress(b"hello")
    text = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    with speaking(answering(text)) as port:
        assert get(port).body == b"hello"


def drip(prefix: bytes, piece: bytes) -> Speak:
    def speak(connection: socket.socket) -> None:
        connection.sendall(prefix)
        while True:
            connection.sendall(piece)
            time.sleep(0.05)

    return speak


@pytest.mark.parametrize(
    "speak",
    [
        drip(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),
        lambda _connection: time.sleep(5),
    ],
    ids=["body", "endless body", "chunks", "header", "silence"],
)
def test_the_deadline_holds_whatever_drips(speak):
    began = time.monotonic()
    with speaking(speak) as port, pytest.raises(Unreachable):
        get(port, timeout=0.5)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
)
def test_an_answer_that_is_none_is_unreachable(text):
    with speaking(answering(text)) as port, pytest.raises(Unreachable):
        get(port)


def test_a_closed_port_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable):
        get(port)


def test_what_cannot_be_sent_is_refused():
    with speaking(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as port, pytest.raises(EgressRefused):
        get(port, headers={"X": "a\r\nY: b"})


def test_text_that_is_not_json_is_a_bad_answer():
    with speaking(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")) as port:
        answer = get(port)
    with pytest.raises(BadAnswer):
        answer.json()


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with speaking(answering(b"HTTP/1.1 204 No Content\r\n\r\n")) as port:
        assert get(port).status == 204


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for city.example, signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout key.pem -out cert.pem -subj /CN=city.example"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=DNS:city.example"], cwd=folder, check=True, capture_output=True
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return str(folder / "cert.pem"), context


def test_https_is_verified_by_name_against_the_given_authority(certificate, monkeypatch):
    ca_file, context = certificate
    here = lambda _host, port, **_o: [(2, 1, 6, "", ("127.0.0.1", port))]  # noqa: E731
    names = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    with speaking(answering(b"HTTP/1.1 204 No Content\r\n\r\n"), context) as port:
        monkeypatch.setattr(egress.socket, "getaddrinfo", _only_for("city.example", here))
        answer = outbound.request("GET", f"https://city.example:{port}/", internal=True, ca_file=ca_file)
        assert (answer.status, names) == (204, ["city.example"])
        with pytest.raises(Unreachable):
            outbound.request("GET", f"https://city.example:{port}/", internal=True)
        monkeypatch.setattr(egress.socket, "getaddrinfo", _only_for("other.example", here))
        with pytest.raises(Unreachable):
            outbound.request("GET", f"https://other.example:{port}/", internal=True, ca_file=ca_file)


def test_a_tls_handshake_that_never_ends_is_cut_at_the_deadline():
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(Unreachable):
            outbound.request("GET", f"https://127.0.0.1:{port}/", internal=True, timeout=0.4)
    assert time.monotonic() - began < 2
