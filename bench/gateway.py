"""The guard as gateways meet it: with rules and limits on, alone and behind nginx."""

import dataclasses

import load
from servers import Nginx, quoted
from works import REALM, get_token, raw_request, write_work

NAME = "guard, rules and limits"
CONNECTIONS = 64
RULE_COUNT = 100
# Of one realm: a hundred rules of which the last fits, and the plan's two windows.
RULES = "".join(f'        - {{path: "/things-{i}/*/parts/**", method: [GET, POST], scope: read, cost: 2}}\n'
                for i in range(RULE_COUNT))
TARGET = f"/things-{RULE_COUNT - 1}/42/parts/7?page=2"


@dataclasses.dataclass
class Added:
    """What auth_request adds to nginx's own image, at half of what it can do."""

    pair: load.Pair
    rate: float


class GuardedNginx(Nginx):
    """Two paths with the same image of nginx's own: one asks the guard before."""

    def start_before(self, guard_port):
        self.serve(f"""
    location = /plain {{ empty_gif; }}
    location = /guarded {{ auth_request /_guard; empty_gif; }}
    location = /_guard {{
      internal;
      proxy_pass http://jeton_guard/guard/{REALM};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_request_body off;
      proxy_pass_request_headers off;
      proxy_set_header Host $host;
      proxy_set_header Authorization $http_authorization;
      proxy_set_header X-Original-Method $request_method;
      proxy_set_header X-Original-URI {quoted(TARGET)};
    }}""", f"upstream jeton_guard {{ server 127.0.0.1:{guard_port}; keepalive 256; }}")


class Gateway:
    """The daemon whose realm has rules; the bench's client is limited already."""

    def __init__(self, bench):
        self.bench = bench
        self.jeton = bench.jeton("jeton-rules")
        self.jeton.start()
        self.jeton.stop()
        configuration = self.jeton.configuration()
        text = configuration.read_text()
        head = f"\n  {REALM}:\n"
        configuration.write_text(text.replace(head, f"{head}    guard:\n      rules:\n{RULES}", 1))
        self.jeton.start()
        self.token = get_token(self.jeton)["access_token"]

    def work(self):
        headers = {"Authorization": f"Bearer {self.token}", "X-Original-Method": "GET", "X-Original-URI": TARGET}
        return write_work(self.bench.folder, NAME, raw_request("GET", f"/guard/{REALM}", headers))

    def through_nginx(self):
        """Peak of the guarded path, then both at half of it in turn."""
        bench, nginx = self.bench, GuardedNginx(self.bench.folder, "nginx-gateway")
        bench.stack.callback(nginx.stop)
        nginx.start_before(self.jeton.port)
        headers = {"Authorization": f"Bearer {self.token}"}
        plain, guarded = (write_work(bench.folder, f"nginx {path}", raw_request("GET", f"/{path}", headers)).script
                          for path in ("plain", "guarded"))
        peak = load.median_of([bench.measure(bench.pace, nginx, guarded, CONNECTIONS)
                               for _ in range(bench.half_rounds)])
        rate = max(1.0, peak.rate / 2)
        pair = load.measure_pair(
            bench.options.rounds,
            lambda: bench.measure(bench.pace, nginx, plain, CONNECTIONS, rate=rate),
            lambda: bench.measure(bench.pace, nginx, guarded, CONNECTIONS, rate=rate))
        nginx.stop()
        return Added(pair, rate)
