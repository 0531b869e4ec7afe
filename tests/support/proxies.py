"""nginx and Caddy in front of nodes, with what `sdmpweb setup` writes and a test's own TLS.

Of that only this is changed: name, ports, certificate, and where the logs are.
"""

import datetime as dt
import ipaddress
import os
import re
import shutil
import socket
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sdmpweb.setup.proxies import CADDY, NGINX
from tests.support.ports import free_port
from tests.support.services import Server

_NAME = "node.example"
_DAY = dt.timedelta(days=1)


class Authority:
    """An authority that nobody knows, and a certificate of it for this machine, as files."""

    def __init__(self, directory: Path) -> None:
        self.authority = directory / "authority.pem"
        self.certificate = directory / "certificate.pem"
        self.key = directory / "key.pem"
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        now = dt.datetime.now(dt.UTC)
        for path, key, certifies in zip(
            (self.authority, self.certificate), keys, (1, 0), strict=True
        ):
            name = issuer if certifies else x509.Name([])
            local = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
            made = (
                x509.CertificateBuilder()
                .subject_name(name)
                .issuer_name(issuer)
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - _DAY)
                .not_valid_after(now + _DAY)
                .add_extension(x509.BasicConstraints(ca=bool(certifies), path_length=None), True)
            )
            if not certifies:
                made = made.add_extension(x509.SubjectAlternativeName(local), critical=True)
            signed = made.sign(keys[0], hashes.SHA256())
            path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        self.key.write_bytes(
            keys[1].private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )


class Proxy(Server):
    """A proxy in front of what listens on `nodes`, ports of 127.0.0.1.

    It listens on `port`: with the certificate of `tls` for HTTPS, without it for HTTP.
    """

    scheme = "https"

    def __init__(
        self,
        directory: Path,
        nodes: Sequence[int],
        tls: Authority | None = None,
        port: int | None = None,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__(directory)
        self.nodes = nodes
        self.tls = tls
        self.port = port or self.port
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http{'s' if tls else ''}://{self.address}"

    def read_logs(self) -> str:
        """Return all that the proxy has written."""
        return "".join(p.read_text(errors="replace") for p in self.directory.glob("*.log"))

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
        except OSError:
            return False
        return True


class Nginx(Proxy):
    """Debian's nginx with its file; `plain_port` leads to HTTPS."""

    def start(self) -> None:
        """Start nginx and wait until it listens."""
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None
        self.plain_port = free_port()
        site = self.directory / "site.conf"
        site.write_text(self._site())
        temporary = "".join(
            f"    {kind}_temp_path {self.directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = self.directory / "nginx.conf"
        main.write_text(
            f"{'user root;' if os.geteuid() == 0 else ''}\n"
            f"worker_processes 1;\npid {self.directory}/nginx.pid;\ndaemon off;\n"
            "events { worker_connections 1024; }\n"
            f"http {{\n{temporary}    include {site};\n}}\n"
        )
        log = self.directory / "nginx.log"
        self._launch([program, "-c", str(main), "-p", str(self.directory), "-e", str(log)], log)
        self._wait(self._answers, log)

    def _site(self) -> str:
        text = NGINX.text(_NAME, self.nodes).decode()
        text = _replace(text, r"listen \[::\]:\d+.*;", "")
        text = _replace(text, r"listen 80;", f"listen 127.0.0.1:{self.plain_port};")
        text = _replace(text, r"listen 443 ssl http2;", f"listen {self.address} ssl http2;")
        text = _replace(text, r"/var/log/nginx", str(self.directory))
        if self.tls is None:
            text = _replace(text, r" ssl http2;", ";")
            return _replace(text, r"ssl_[a-z_]+ .*;", "")
        text = _replace(text, r"/etc/letsencrypt/\S+/fullchain.pem", str(self.tls.certificate))
        return _replace(text, r"/etc/letsencrypt/\S+/privkey.pem", str(self.tls.key))


class Caddy(Proxy):
    """Debian's Caddy with its file."""

    def start(self) -> None:
        """Start Caddy and wait until it listens."""
        program = shutil.which("caddy")
        assert program is not None
        assert self.tls is not None
        text = CADDY.text(_NAME, self.nodes).decode()
        text = _replace(text, r"^\{$", "{\n\tadmin off\n\tauto_https off")
        text = _replace(
            text,
            rf"^{re.escape(_NAME)} \{{$",
            f"{self.url} {{\n\tbind 127.0.0.1\n\ttls {self.tls.certificate} {self.tls.key}",
        )
        site = self.directory / "Caddyfile"
        site.write_text(text)
        log = self.directory / "caddy.log"
        command = [program, "run", "--config", str(site), "--adapter", "caddyfile"]
        self._launch(["env", f"HOME={self.directory}", *command], log)
        self._wait(self._answers, log)


def _replace(text: str, pattern: str, with_what: str) -> str:
    """Replace what is sure to be there."""
    replaced, count = re.subn(pattern, lambda _: with_what, text, flags=re.MULTILINE)
    assert count, f"{pattern} is not in the configuration"
    return replaced
