"""What people do: codes and refresh tokens that are exchanged, whole code flows, sign-ins.

`crowd` makes the people, and beforehand what is exchanged, in the stopped daemon's database.
"""

import contextlib
import dataclasses
import html
import json
import os
import re
import statistics
import subprocess
import urllib.parse

import load
from servers import BenchError, Nginx, basic, exchange
from works import CONNECTIONS, FORM, REALM, Work, filled, get_token, guard_request, raw_request, write_request

PASSWORD = "a-crowd-of-people"
SCOPE = "read write"
COOKIE = f"jeton-{REALM}"
USER_COUNT = 10_000
SIGN_INS_AT_A_TIME = 64
SIGN_IN_SECONDS = 3.0  # half a second is one sign-in among 64
SIGN_IN_WARM_UP_SECONDS = 1.0
GUARD_RATE = 2000
GUARD_SECONDS = 3.0
GUARD_CONNECTIONS = 64
CODES_A_SECOND = 80_000  # that can be exchanged at most: so many are made
NAMES = ("code exchange", "refresh", "code flow", "sign-in")


@dataclasses.dataclass
class Hashing:
    """One password alone, as the realm's policy hashes it."""

    memory_mib: float
    iterations: int
    milliseconds: float

    def words(self):
        return f"Argon2id, m = {self.memory_mib:.0f} MiB, t = {self.iterations}, p = 1"


@dataclasses.dataclass
class SignIns:
    hashing: Hashing
    sample: load.Sample
    guard_idle: load.Sample
    guard_busy: load.Sample
    ratio: float  # of the guard's p99s, median of the rounds


class People:
    """The daemon with a crowd, and nginx with its answers."""

    def __init__(self, bench):
        self.bench = bench
        self.folder = bench.folder / "people"
        self.folder.mkdir()
        self.jeton = bench.jeton("jeton-people")
        self.jeton.start()
        self.fill()
        self.jeton.start()
        self.service = self.jeton.service(REALM)
        self.basic = {"Authorization": basic(self.service)}
        self.redirect_uri = urllib.parse.quote_plus(self.service["redirect_uri"])
        self.nginx = Nginx(bench.folder, "nginx-people")
        bench.stack.callback(self.nginx.stop)

    def fill(self):
        """What the measurements use up, with room to spare."""
        options = self.bench.options
        service = self.jeton.service(REALM)
        self.jeton.stop()
        spans = options.rounds + 0.5 * min(self.bench.half_rounds, options.rounds)
        per_round = CODES_A_SECOND * (options.seconds + load.WARM_UP_SECONDS)
        counts = {
            "users": USER_COUNT,
            "sessions": max(CONNECTIONS),
            "codes": max(10_000, int(len(CONNECTIONS) * spans * per_round)),
            "refresh-tokens": 10_000,
        }
        command = [str(self.bench.tool("crowd")), "--configuration", str(self.jeton.configuration()),
                   "--database", str(self.jeton.database()), "--realm", REALM, "--client-id", service["client_id"],
                   "--redirect-uri", service["redirect_uri"], "--scope", SCOPE, "--password", PASSWORD,
                   "--folder", str(self.folder)]
        for name, count in counts.items():
            command += [f"--{name}", str(count)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise BenchError(made.stderr.strip())
        os.sync()
        seen = json.loads(made.stdout)
        self.hashing = Hashing(seen["memory_bytes"] / 2**20, seen["iterations"], seen["milliseconds"])

    def line(self, name, number=0):
        with open(self.folder / name, encoding="ascii") as lines:
            for _ in range(number):
                next(lines)
            return next(lines).strip()

    def authorize_target(self):
        return (f"{self.service['authorize_path']}?response_type=code&client_id={self.service['client_id']}"
                f"&redirect_uri={self.redirect_uri}&scope={urllib.parse.quote_plus(SCOPE)}&state=bench")

    def code_body(self, hole):
        return f"grant_type=authorization_code&code={{{hole}}}&redirect_uri={self.redirect_uri}"

    def asked(self, name, request, values, status=200):
        """The reply to one request with its holes filled: it must be answered well before it is worth measuring."""
        reply = exchange(self.jeton.port, filled(request.decode(), values).encode())
        if reply.status != status:
            raise BenchError(f"{name}: answered with {reply.status} {reply.body}")
        return reply

    def script(self, requests, **more):
        return load.Script([write_request(self.folder, name, request) for name, request in requests], **more)

    def code_exchange(self):
        values = {"token": self.line("codes")}
        request = raw_request("POST", self.service["token_path"], self.basic, FORM, self.code_body("token"), values)
        reply = self.asked("code exchange", request, values)
        script = self.script([("code exchange", request)], tokens=self.folder / "codes", draw="once",
                             is_used_up=True, first=1)
        return Work("code exchange", script, is_durable=True), reply

    def refresh(self):
        """Each connection goes on with the token that it was given last."""
        values = {"token": self.line("refresh-tokens")}
        request = raw_request("POST", self.service["token_path"], self.basic, FORM,
                              "grant_type=refresh_token&refresh_token={token}", values)
        reply = self.asked("refresh", request, values)
        script = self.script([("refresh", request)], tokens=self.folder / "refresh-tokens", draw="own",
                             takes=('1:token="refresh_token":"',), is_used_up=True, first=1)
        return Work("refresh", script, is_durable=True), reply

    def code_flow(self):
        """Three requests of a signed-in user's browser and the client: the question, the answer, the exchange."""
        target, consent = self.authorize_target(), f"/auth/{REALM}/consent"
        cookie = {"Cookie": COOKIE + "={token}"}
        values = {"token": self.line("sessions")}
        ask = raw_request("GET", target, cookie)
        page = self.asked("code flow, question", ask, values)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.body)[:3])
        return_to, values["form"] = html.unescape(fields["return_to"]), fields["form"]
        body = (f"form={{form}}&return_to={urllib.parse.quote_plus(return_to)}&decision=allow"
                f"&instance={fields['instance']}")
        answer = raw_request("POST", consent, cookie, FORM, body, values)
        way_back = self.asked("code flow, answer", answer, values, status=303)
        location = dict((name.lower(), value) for name, value in way_back.headers)["location"]
        values["code"] = re.search(r"[?&]code=(\w+)", location)[1]
        redeem = raw_request("POST", self.service["token_path"], self.basic, FORM, self.code_body("code"), values)
        reply = self.asked("code flow, exchange", redeem, values)
        script = self.script([("flow question", ask), ("flow answer", answer), ("flow exchange", redeem)],
                             tokens=self.folder / "sessions", draw="own",
                             takes=('1:form=name="form" value="', "2:code=?code="))
        replies = {self.service["authorize_path"]: page, consent: way_back}
        return Work("code flow", script, is_durable=True), replies, reply

    def sign_in(self):
        """A browser that has no cookie yet gets the page and sends the form; each time another user."""
        path = self.service["sign_in_path"]
        values = {"token": self.line("users")}
        show = raw_request("GET", path, {})
        page = self.asked("sign-in page", show, {})
        values["form"] = re.search(r'name="form" value="([^"]*)"', page.body)[1]
        values["cookie"] = re.search(COOKIE + "=([^;]*)", dict(page.headers)["Set-Cookie"])[1]
        body = f"form={{form}}&return_to=&username={{token}}&password={PASSWORD}"
        send = raw_request("POST", path, {"Cookie": COOKIE + "={cookie}"}, FORM, body, values)
        self.asked("sign-in", send, values, status=303)
        script = self.script([("sign-in page", show), ("sign-in", send)], tokens=self.folder / "users", draw="once",
                             takes=('1:form=name="form" value="', f"1:cookie={COOKIE}=", f"2:session={COOKIE}=s"),
                             is_used_up=True, first=1)
        return Work("sign-in", script, is_durable=True)

    def works(self):
        """Beside nginx, which has the same answers."""
        exchange_work, exchange_reply = self.code_exchange()
        refresh_work, refresh_reply = self.refresh()
        flow_work, replies, flow_reply = self.code_flow()
        if len({len(reply.body) for reply in (exchange_reply, refresh_reply, flow_reply)}) != 1:
            raise BenchError("a code's answer and a refresh token's are not of one size")
        self.nginx.start({**replies, self.service["token_path"]: refresh_reply})
        return [exchange_work, refresh_work, flow_work]

    def sign_ins(self):
        """How many, and what the guard's callers feel of them."""
        bench, work = self.bench, self.sign_in()
        guard = load.Script([write_request(self.folder, "guard beside", guard_request(
            get_token(self.jeton)["access_token"]))])

        def guard_sample():
            return load.measure(bench.pace, self.jeton, guard, GUARD_CONNECTIONS, GUARD_SECONDS, rate=GUARD_RATE)

        rounds = min(bench.half_rounds, bench.options.rounds)
        samples, idle, busy = [], [], []
        for _ in range(rounds):
            samples.append(load.measure(bench.pace, self.jeton, work.script, SIGN_INS_AT_A_TIME, SIGN_IN_SECONDS,
                                        warm_up=SIGN_IN_WARM_UP_SECONDS))
            idle.append(guard_sample())
            with self.in_the_background(work):
                busy.append(guard_sample())
        found = SignIns(self.hashing, load.median_of(samples), load.median_of(idle), load.median_of(busy),
                        statistics.median(b.p99_ms / i.p99_ms for i, b in zip(idle, busy)))
        return found

    @contextlib.contextmanager
    def in_the_background(self, work):
        """Sign-ins for longer than the guard is measured."""
        seconds = SIGN_IN_WARM_UP_SECONDS + GUARD_SECONDS + 1
        command = self.bench.pace.command(self.jeton, work.script, SIGN_INS_AT_A_TIME, seconds, None)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(SIGN_IN_WARM_UP_SECONDS)
                yield
                text, _ = process.communicate(timeout=seconds + load.GRACE_SECONDS)
            finally:
                process.kill()
        *_, errors, line_count = self.bench.pace.read(text)
        work.script.first += line_count
        if errors:
            raise BenchError(f"sign-ins beside the guard: {errors}")
