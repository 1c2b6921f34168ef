"""A mail relay for tests: takes mail on loopback, and can be slow, rude or in need of a password [RFC5321]."""

import base64
import email
import email.policy
import socket
import threading


class Relay:
    """`replies` answers commands otherwise, e.g. {"RCPT": "451 later"}; a reply of None says nothing and waits."""

    def __init__(self, port=0, password=None, context=None, **replies):
        self.replies, self.password, self.context = replies, password, context
        self.messages, self.envelopes, self.commands, self.logins = [], [], [], []
        self.arrived = threading.Condition()
        self.is_over = threading.Event()
        self.listener = socket.create_server(("localhost", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def wait_for(self, count, seconds=20):
        """The messages, parsed, once there are so many."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.messages) >= count, seconds), \
                f"{len(self.messages)} of {count} mails came; {self.commands}"
        return [email.message_from_bytes(message, policy=email.policy.default) for message in self.messages]

    def wait_for_command(self, name, seconds=20):
        with self.arrived:
            assert self.arrived.wait_for(lambda: any(line.upper().startswith(name) for line in self.commands), seconds)

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                self._talk(connection, lines)
        except OSError:
            pass

    def _talk(self, connection, lines):
        self._say(connection, "GREETING", "220 relay.example")
        sender = recipient = None
        for line in lines:
            text = line.decode().strip()
            verb, _, rest = text.partition(" ")
            verb = verb.upper()
            self._note(text)
            if verb == "EHLO":
                self._say(connection, verb, "250-relay.example\r\n250 AUTH PLAIN" if self.password else "250 hello")
            elif verb == "AUTH":
                self._authenticate(connection, lines, rest)
            elif verb == "MAIL":
                sender = rest[len("FROM:"):].split()[0]
                self._say(connection, verb, "250 ok")
            elif verb == "RCPT":
                recipient = rest[len("TO:"):]
                self._say(connection, verb, "250 ok")
            elif verb == "DATA":
                self._say(connection, verb, "354 go on")
                self._take(lines, sender, recipient)
                self._say(connection, "END", "250 taken")
            elif verb == "QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"502 what?\r\n")

    def _authenticate(self, connection, lines, rest):
        mechanism, _, initial = rest.partition(" ")
        if not initial:
            connection.sendall(b"334 \r\n")
            initial = next(lines).decode().strip()
        self.logins.append(base64.b64decode(initial).decode().split("\0")[1:])
        is_known = mechanism == "PLAIN" and self.logins[-1][1] == self.password
        connection.sendall(b"235 welcome\r\n" if is_known else b"535 no\r\n")

    def _take(self, lines, sender, recipient):
        message = b""
        for line in lines:
            if line == b".\r\n":
                break
            assert len(line) <= 1000 and line.endswith(b"\r\n"), line
            message += line[1:] if line.startswith(b".") else line
        with self.arrived:
            self.messages.append(message)
            self.envelopes.append((sender, recipient))
            self.arrived.notify_all()

    def _note(self, text):
        with self.arrived:
            self.commands.append(text)
            self.arrived.notify_all()

    def _say(self, connection, verb, usual):
        reply = self.replies.get(verb, usual)
        if reply is None:
            self.is_over.wait(60)
            raise ConnectionAbortedError
        connection.sendall(reply.encode() + b"\r\n")
