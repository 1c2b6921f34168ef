"""Mail: what is in the outbox goes out, whatever happens in between."""

import contextlib
import json
import re
import sqlite3
import ssl
import subprocess
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import daemon as daemons
import pytest
from daemon import free_port, wait_until
from http1 import exchange, request_bytes
from relay import Relay

CONFIGURATION = """
data_directory: data
listeners:
  - {{address: "localhost:{port}", serves: [public, operations]}}
mail: {{from: no-reply@example.com, {mail}}}
realms:
  main:
    dialect: standard
    issuer: http://localhost:{port}
    appearance: {{title: "Käsers API"}}
    grants: {{client_credentials: {{}}}}
    scopes: {{read: {{}}}}
"""
DAY = 86400


@pytest.fixture
def make(folder):
    """make(mail) starts a server with this in its section `mail`."""
    with contextlib.ExitStack() as stack:
        def start(mail):
            port = free_port()
            server = daemons.serve(folder, CONFIGURATION.format(port=port, mail=mail), port)
            stack.callback(lambda: server.is_running() and server.stop())
            return server
        yield start


def by(relay):
    return f"relay: 'smtp://localhost:{relay.port}'"


def outbox(server):
    """[(attempt_count, due_at, created_at)] as it is on the disk."""
    with contextlib.closing(sqlite3.connect(server.data_folder / "jeton.db")) as database:
        return database.execute("SELECT attempt_count, due_at, created_at FROM mails ORDER BY id").fetchall()


def change_outbox(server, change):
    with contextlib.closing(sqlite3.connect(server.data_folder / "jeton.db")) as database, database:
        database.execute(f"UPDATE mails SET {change}")


def queue(server, recipient="ada@example.org"):
    return server.command("mail test", recipient=recipient)


def restart(server, mail=None):
    if mail:
        text = server.configuration_path.read_text()
        server.configuration_path.write_text(re.sub(r"mail: .*", f"mail: {{from: no-reply@example.com, {mail}}}", text))
    server.start()


# --- the ways ---


def test_mail_goes_out(make):
    """[RFC5321 3.3] [RFC5322 3.6] One envelope, one message with all that belongs to one."""
    with Relay() as relay:
        server = make(by(relay))
        queue(server)
        message, = relay.wait_for(1)
        wait_until(lambda: outbox(server) == [], what="an empty outbox")
        assert relay.envelopes == [("<no-reply@example.com>", "<ada@example.org>")]
        assert message["To"] == "ada@example.org" and message["From"] == "Käsers API <no-reply@example.com>"
        assert abs(parsedate_to_datetime(message["Date"]).timestamp() - time.time()) < 60
        assert re.fullmatch(r"<[0-9.]+@example\.com>", message["Message-ID"])
        assert message.get_content_type() == "text/plain" and "mail of main arrives" in message.get_content()
        assert not [line for line in relay.commands if line.startswith(("AUTH", "STARTTLS"))]


def test_each_mail_goes_out_once(make):
    with Relay() as relay:
        server = make(by(relay))
        for number in range(20):
            queue(server, f"user{number}@example.org")
        relay.wait_for(20)
        wait_until(lambda: outbox(server) == [], what="an empty outbox")
        assert sorted(to for _, to in relay.envelopes) == sorted(f"<user{number}@example.org>" for number in range(20))
        metrics = exchange(server.address, request_bytes("GET", "/metrics", {"Host": "localhost"})).body.decode()
        assert "\njeton_mails_sent_total 20\n" in metrics


def test_mail_into_a_folder(make):
    server = make("directory: letters")
    queue(server)
    file = server.folder / "letters" / "1.eml"
    wait_until(file.exists, what="the file")
    assert b"\r\nTo: <ada@example.org>\r\n" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    wait_until(lambda: outbox(server) == [], what="an empty outbox")


def test_relay_wants_a_password(make, folder):
    """[RFC4954 4] The password comes from its file and is in no log."""
    with Relay(password="a secret of ours") as relay:
        (Path(folder) / "password").write_text("a secret of ours\n")
        server = make(by(relay) + ", username: jeton, password_file: password")
        server.secrets.add("a secret of ours")
        queue(server)
        relay.wait_for(1)
        assert relay.logins == [["jeton", "a secret of ours"]]


# --- what goes wrong ---


def test_kill_nine_while_the_relay_says_nothing(make):
    """Accepted is accepted: the mail goes out after the restart."""
    with Relay(GREETING=None) as silent:
        server = make(by(silent))
        queue(server)
        wait_until(lambda: connections_to(server, silent.port), what="a connection to the relay")
        server.kill()
    assert [attempts for attempts, _, _ in outbox(server)] == [0]
    with Relay() as relay:
        restart(server, by(relay))
        message, = relay.wait_for(1)
        assert message["To"] == "ada@example.org"
        wait_until(lambda: outbox(server) == [], what="an empty outbox")


def connections_to(server, port):
    lines = open(f"/proc/{server.process.pid}/net/tcp").readlines() + \
        open(f"/proc/{server.process.pid}/net/tcp6").readlines()
    return [line for line in lines[1:] if line.split()[2].endswith(f":{port:04X}") and line.split()[3] == "01"]


def test_kill_nine_before_the_relay_has_said_that_it_took_it(make):
    """Rather twice than never; the Message-ID tells that it is the same."""
    with Relay(END=None) as slow:
        server = make(by(slow))
        queue(server)
        first, = slow.wait_for(1)
        server.kill()
    with Relay() as relay:
        restart(server, by(relay))
        second, = relay.wait_for(1)
        assert first["Message-ID"] == second["Message-ID"] and first.as_bytes() == second.as_bytes()


def test_stop_does_not_wait_for_a_slow_relay(make):
    """The mail is not counted as tried: the next start sends it at once."""
    with Relay(END=None) as slow:
        server = make(by(slow))
        queue(server)
        slow.wait_for(1)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 10
    assert [attempts for attempts, _, _ in outbox(server)] == [0]
    with Relay() as relay:
        restart(server, by(relay))
        relay.wait_for(1)


def test_refused_mail_is_tried_again_later(make):
    """One minute, then two, then four; the log says why, and not to whom."""
    with Relay(RCPT="451 greylisted") as relay:
        server = make(by(relay))
        queue(server)
        event, = wait_until(lambda: server.log_events("mail_postponed"), what="the event")
        assert event["attempts"] == 1 and "451" in event["reason"]
        (attempts, due_at, _), = wait_until(lambda: [row for row in outbox(server) if row[0]], what="the attempt")
        assert attempts == 1 and 50 <= due_at - time.time() <= 60
        server.stop()
        assert "ada@" not in server.log()


@pytest.mark.parametrize("attempts, wait_seconds", [(1, 120), (2, 240), (8, 15360), (9, 21600), (40, 21600)])
def test_waits_grow_up_to_six_hours(make, attempts, wait_seconds):
    server = make(f"relay: 'smtp://localhost:{free_port()}'")
    queue(server)
    wait_until(lambda: outbox(server)[0][0] == 1, what="the first attempt")
    server.stop()
    change_outbox(server, f"attempt_count = {attempts}, due_at = 0")
    server.start()
    (_, due_at, _), = wait_until(lambda: [row for row in outbox(server) if row[0] == attempts + 1], what="an attempt")
    assert wait_seconds - 10 <= due_at - time.time() <= wait_seconds


@pytest.mark.parametrize("age_seconds, is_given_up", [(3 * DAY - 21600 - 60, False), (3 * DAY - 21600 + 60, True)])
def test_after_three_days_it_is_given_up(make, age_seconds, is_given_up):
    server = make(f"relay: 'smtp://localhost:{free_port()}'")
    queue(server)
    wait_until(lambda: outbox(server)[0][0] == 1, what="the first attempt")
    server.stop()
    change_outbox(server, f"attempt_count = 15, due_at = 0, created_at = {int(time.time()) - age_seconds}")
    server.start()
    if is_given_up:
        wait_until(lambda: outbox(server) == [], what="an empty outbox")
        event, = server.log_events("mail_given_up")
        assert event["attempts"] == 16 and event["level"] == "error"
    else:
        wait_until(lambda: outbox(server)[0][0] == 16, what="one more attempt")


def test_one_bad_mail_holds_up_no_other(make):
    """[RFC5321 4.1.2] An address that could be a command goes nowhere near the relay."""
    with Relay() as relay:
        server = make(f"relay: 'smtp://localhost:{free_port()}'")
        queue(server)
        wait_until(lambda: outbox(server)[0][0] == 1, what="the first attempt")
        server.stop()
        change_outbox(server, "recipient = 'a@example.org>' || char(13, 10) || 'RCPT TO:<eve@example.net', due_at = 0")
        server.log_path.write_text("")
        restart(server, by(relay))
        queue(server)
        message, = relay.wait_for(1)
        assert message["To"] == "ada@example.org"
        assert len(server.log_events("mail_postponed")) == 1
        assert not [line for line in relay.commands if "eve" in line]


def test_relay_with_a_certificate_that_nobody_signed(make, tmp_path):
    """smtps is verified, on loopback too."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-keyout", tmp_path / "key", "-out", tmp_path / "crt"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    with Relay(context=context) as relay:
        server = make(f"relay: 'smtps://localhost:{relay.port}'")
        queue(server)
        event, = wait_until(lambda: server.log_events("mail_postponed"), what="the event")
        assert "certificate" in event["reason"] and relay.messages == []


def test_a_reload_changes_the_way(make):
    with Relay() as relay:
        server = make("directory: letters")
        text = server.configuration_path.read_text()
        server.configuration_path.write_text(text.replace("directory: letters", by(relay)))
        server.reload()
        wait_until(lambda: server.log_events("configuration_reloaded"), what="the reload")
        queue(server)
        relay.wait_for(1)


def test_a_test_goes_to_an_address(make):
    server = make("directory: letters")
    for odd in ("nobody", "a@b@c", "a@example.org>\r\nRCPT TO:<eve@example.net", "<a@example.org>", "a b@example.org"):
        answer = server.ask_control({"command": "mail test", "arguments": {"recipient": odd}})
        assert answer["ok"] is False and "e-mail address" in answer["error"]
    assert outbox(server) == []


# --- the configuration ---


@pytest.mark.parametrize("mail, key", [
    ("directory: a, relay: 'smtp://localhost:1'", "mail.relay"), ("username: a", "mail.relay"),
    ("relay: 'http://localhost:1'", "mail.relay"), ("relay: 'smtp://localhost:1/x'", "mail.relay"),
    ("relay: 'smtp://localhost:1', username: a", "mail.password_file"),
    ("relay: 'smtp://localhost:1', password_file: jeton.yaml", "mail.username"),
    ("relay: 'smtp://localhost:1', username: a, password_file: nowhere", "mail.password_file"),
    ("relay: 'smtp://localhost:1', username: a, password_file: empty", "mail.password_file")])
def test_check_tells_what_is_wrong(folder, mail, key):
    path = f"{folder}/jeton.yaml"
    open(path, "w").write(CONFIGURATION.format(port=1, mail=mail))
    open(f"{folder}/empty", "w").write("\n")
    done = subprocess.run([daemons.BINARY, "check", "--json", "--config", path], capture_output=True, text=True,
                          timeout=60)
    assert key in [mistake["key"] for mistake in json.loads(done.stdout)["mistakes"]]


def test_open_registration_needs_mail(folder):
    path = f"{folder}/jeton.yaml"
    text = re.sub(r"mail: .*\n", "", CONFIGURATION.format(port=1, mail="directory: a"))
    open(path, "w").write(text + "    people: {registration: open}\n")
    done = subprocess.run([daemons.BINARY, "check", "--json", "--config", path], capture_output=True, text=True,
                          timeout=60)
    assert [mistake["key"] for mistake in json.loads(done.stdout)["mistakes"]] == ["realms.main.people.registration"]
