"""A private OpenLDAP server on free ports, loaded from an LDIF, gone with the test."""

import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.servers import process

SCHEMAS = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")
ADMIN_PASSWORD = "directory-admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """PEM files of a server: its chain, its key, and the authority that signed it."""

    certificate: Path
    key: Path
    authority: Path


class Slapd:
    """``url`` is plain LDAP (StartTLS where a certificate was given), ``tls_url`` is LDAPS under the name ``host``."""

    def __init__(
        self, ldif: str, *, base_dn: str, certificate: Certificate | None = None, host: str = "127.0.0.1"
    ) -> None:
        program = shutil.which("slapd") or "/usr/sbin/slapd"
        if not Path(program).exists():
            raise RuntimeError("slapd is not installed: apt-get install slapd")
        self.base_dn = base_dn
        self.admin_dn = f"cn=admin,{base_dn}"
        self.folder = Path(tempfile.mkdtemp(prefix="kapok-slapd-", dir="/tmp"))
        (self.folder / "data").mkdir()
        self._configure(certificate)
        self._load(ldif)
        self.port, self.tls_port = process.free_port(), process.free_port()
        self.url = f"ldap://{host}:{self.port}"
        self.tls_url = f"ldaps://{host}:{self.tls_port}"
        listen = [f"ldap://127.0.0.1:{self.port}"]
        if certificate is not None:
            listen.append(f"ldaps://127.0.0.1:{self.tls_port}")
        log = self.folder / "log"
        self._process = process.start(
            [program, "-d", "0", "-h", " ".join(listen), "-f", self.folder / "slapd.conf"], log
        )
        process.wait_until(self._answers, self._process, log)

    def pause(self) -> None:
        """Let it accept connections and never answer, as a directory does that hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def modify(self, ldif: str) -> None:
        """Apply changes as the administrator (``ldapmodify``)."""
        command = ["ldapmodify", "-x", "-H", f"ldap://127.0.0.1:{self.port}", "-D", self.admin_dn, "-w", ADMIN_PASSWORD]
        subprocess.run(command, input=ldif.encode(), check=True, capture_output=True, timeout=10)

    def remove(self) -> None:
        self.resume()
        process.stop(self._process, signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configure(self, certificate: Certificate | None) -> None:
        lines = [f"include {SCHEMAS / name}.schema" for name in ("core", "cosine", "inetorgperson")]
        if MODULES.is_dir():  # Debian's slapd loads its backends; others have them built in
            lines += [f"modulepath {MODULES}", "moduleload back_mdb"]
        if certificate is not None:
            lines += [
                f"TLSCACertificateFile {certificate.authority}",
                f"TLSCertificateFile {certificate.certificate}",
                f"TLSCertificateKeyFile {certificate.key}",
            ]
        lines += [
            f"pidfile {self.folder / 'pid'}",
            "database mdb",
            f"suffix {self.base_dn}",
            f"rootdn {self.admin_dn}",
            f"rootpw {ADMIN_PASSWORD}",
            f"directory {self.folder / 'data'}",
            "maxsize 33554432",
            "dbnosync",
            "index uid,entryUUID eq",
            "access to attrs=userPassword by anonymous auth by * none",
            "access to * by users read by * none",
        ]
        (self.folder / "slapd.conf").write_text("\n".join(lines) + "\n")

    def _load(self, ldif: str) -> None:
        """``slapadd`` needs no running server and keeps the entryUUIDs of the file."""
        path = self.folder / "people.ldif"
        # A version line that stands alone is right (RFC 2849) and yet no record to slapadd.
        path.write_text(ldif.removeprefix("version: 1").lstrip(), encoding="utf-8")
        slapadd = shutil.which("slapadd") or "/usr/sbin/slapadd"
        done = subprocess.run(
            [slapadd, "-q", "-f", self.folder / "slapd.conf", "-l", path], capture_output=True, check=False, timeout=30
        )
        if done.returncode:
            raise RuntimeError(f"slapadd: {done.stderr.decode(errors='replace')}")

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
