"""A listener with a certificate: TLS 1.2 and later only, and new files taken over on SIGHUP without a dropped request."""

import ssl
import subprocess
from pathlib import Path

import pytest
from daemon import free_port, serve, wait_until
from http1 import Connection, request_bytes
from load import Load
from service import Service
from test_reload import CONFIGURATION


class Secured:
    """A server with a plain listener and one that speaks TLS."""

    def __init__(self, folder):
        self.folder = Path(folder)
        port, self.port = free_port(), free_port()
        self.make_certificate("first")
        listener = (f'listeners:\n  - {{address: "localhost:{self.port}", certificate_file: server.crt, '
                    'key_file: server.key}')
        text = CONFIGURATION.format(port=port, lifetime=3600).replace("listeners:", listener)
        self.daemon = serve(folder, text, port)
        self.daemon.description = {"services": {"standard": self.daemon.create_client("standard")}}
        self.service = Service(self.daemon, "standard")

    def make_certificate(self, name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", self.folder / "server.key", "-out", self.folder / "server.crt"],
                       check=True, capture_output=True)

    def connect(self, version=None):
        context = ssl.create_default_context(cafile=self.folder / "server.crt")
        if version:
            context.minimum_version = context.maximum_version = version
            context.set_ciphers("DEFAULT@SECLEVEL=0")
        return Connection(("localhost", self.port), tls=context)

    def name(self):
        with self.connect() as connection:
            return dict(pair[0] for pair in connection.socket.getpeercert()["subject"])["commonName"]

    def ask_token(self, connection):
        connection.send(self.token_request())
        return connection.reply().status

    def token_request(self):
        path, headers, body = self.service.token_request()
        return request_bytes("POST", path, {"Host": "localhost", **headers}, body)


@pytest.fixture
def secured(folder):
    server = Secured(folder)
    yield server
    server.daemon.stop()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tokens_over_tls(secured, version):
    """1.2 and 1.3."""
    with secured.connect(version) as connection:
        assert secured.ask_token(connection) == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(secured, version):
    """The handshake fails; the next client with a newer version is served."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        secured.connect(version).close()
    assert secured.name() == "first"


def test_heads_too_large_over_tls(secured):
    """Past all memory too, in the dialect's words and with TLS' orderly end."""
    with secured.connect() as connection:
        assert secured.ask_token(connection) == 200
        connection.send(f"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 30_000}".encode())
        reply = connection.reply()
        assert reply.status == 431 and reply.json()["error"] == "invalid_request", str(reply)
        assert connection.stream.read() == b""


def test_plain_http_at_the_tls_port(secured):
    """Not served, not crashed."""
    with Connection(("localhost", secured.port)) as connection:
        connection.send(b"GET /oauth2/whoami HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert not connection.stream.read(12).startswith(b"HTTP/1.1 200")
    assert secured.name() == "first"


def test_certificate_is_reloaded(secured):
    """New connections get the new certificate, an open one keeps the old and goes on."""
    with secured.connect() as old:
        assert secured.ask_token(old) == 200
        secured.make_certificate("second")
        secured.daemon.reload()
        wait_until(lambda: has_name(secured, "second"), what="the new certificate")
        assert secured.ask_token(old) == 200


def has_name(secured, name):
    try:
        return secured.name() == name
    except ssl.SSLCertVerificationError:
        return False  # still the old one: the client trusts the new file only


def test_a_bad_certificate_leaves_the_old_one(secured):
    """Said in the log; plain and TLS clients go on."""
    trusted = (secured.folder / "server.crt").read_text()
    (secured.folder / "server.crt").write_text("no certificate\n")
    logged = len(secured.daemon.log_events())
    with Load(secured.daemon.address, secured.token_request, count=2) as load:
        secured.daemon.reload()
        wait_until(lambda: len(secured.daemon.log_events()) > logged, what="a line in the log")
    (secured.folder / "server.crt").write_text(trusted)
    assert secured.name() == "first" and load.failures == []
