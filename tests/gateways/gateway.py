"""The gateways of examples/gateways, started for real with the very files; only addresses, paths and the realm's name
are others.

What an example leaves to the machine's own configuration (nginx's http block, Apache's modules) stands in a frame
here. No frame holds a line about the guard.
"""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from daemon import REPOSITORY, die_with_parent, free_port, wait_until
from http1 import Connection, ConnectionEnded, request_bytes

EXAMPLES = REPOSITORY / "examples" / "gateways"

NGINX_FRAME = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; large_client_header_buffers 4 32k;
{example}
}}
"""

CADDY_FRAME = """{{
	admin off
	auto_https off
	default_bind 127.0.0.1
	storage file_system {folder}/storage
	log {{
		output file {folder}/error.log
	}}
}}

{example}"""

APACHE_FRAME = """
ServerRoot {folder}
ServerName gateway.example
PidFile {folder}/httpd.pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule lua_module /usr/lib/apache2/modules/mod_lua.so
LimitRequestFieldSize 32768
{example}
"""

# kind: (program, the frame, the example, its other files, arguments). {file} is the framed example in its own folder.
KINDS = {
    "nginx": ("/usr/sbin/nginx", NGINX_FRAME, "nginx.conf", (), ["-p", "{folder}", "-c", "{file}"]),
    "nginx-cached": ("/usr/sbin/nginx", NGINX_FRAME, "nginx-cached.conf", (), ["-p", "{folder}", "-c", "{file}"]),
    "caddy": ("/usr/bin/caddy", CADDY_FRAME, "Caddyfile", (),
              ["run", "--adapter", "caddyfile", "--config", "{file}"]),
    "haproxy": ("/usr/sbin/haproxy", "{example}", "haproxy.cfg", ("jeton-haproxy.lua",), ["-db", "-f", "{file}"]),
    "apache": ("/usr/sbin/apache2", APACHE_FRAME, "apache.conf", ("jeton-apache.lua",),
               ["-X", "-d", "{folder}", "-f", "{file}"]),
}


def substitute(text, places):
    """The example with this machine's places. A place that no file of the example names is a mistake of ours."""
    for written, place in places.items():
        text = text.replace(written, place)
    return text


def write_files(kind, folder, places):
    """The path of the framed example. Each of the places stands in one of its files at least."""
    _, frame, name, others, _ = KINDS[kind]
    texts = {file: (EXAMPLES / file).read_text() for file in (name, *others)}
    for written in places:
        assert any(written in text for text in texts.values()) or written.startswith("/"), written
    for file, text in texts.items():
        text = substitute(text, places)
        (folder / file).write_text(frame.format(folder=folder, example=text) if file == name else text)
    return folder / name


def spellings(name):
    """All ways to write the name with hyphens and underscores."""
    first, *rest = name.split("-")
    for marks in itertools.product("-_", repeat=len(rest)):
        yield first + "".join(mark + part for mark, part in zip(marks, rest))


class Gateway:
    """A running gateway in front of `realm`."""

    def __init__(self, kind, realm, guard, api):
        self.kind, self.realm = kind, realm
        self.folder = Path(tempfile.mkdtemp(prefix=f"jeton-{kind}-"))
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        places = {"127.0.0.1:8081": guard, "127.0.0.1:8000": api, "/guard/main": f"/guard/{realm}", "/usage/main": f"/usage/{realm}",
                  **({'"main $request': f'"{realm} $request'} if kind == "nginx-cached" else {}),
                  **({"http://:8080": f"http://:{self.port}"} if kind == "caddy" else
                     {"0.0.0.0:8080": f"127.0.0.1:{self.port}"}),
                  "/etc/haproxy/": f"{self.folder}/", "/etc/apache2/": f"{self.folder}/",
                  "/var/cache/nginx/": f"{self.folder}/", "/run/jeton-cache": f"{self.folder}/cache"}
        file = write_files(kind, self.folder, places)
        program, _, _, _, arguments = KINDS[kind]
        arguments = [argument.format(folder=self.folder, file=file) for argument in arguments]
        self.output = open(self.folder / "output", "wb")
        self.process = subprocess.Popen([program, *arguments], stdout=self.output, stderr=self.output,
                                        stdin=subprocess.DEVNULL, preexec_fn=die_with_parent,
                                        env={**os.environ, "HOME": str(self.folder)})
        try:
            wait_until(self.is_there, what=f"{kind} in front of {realm}")
        except AssertionError as never:
            self.process.kill()
            raise AssertionError(f"{never}\n{self.log()}")

    def is_there(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.kind} ended with {self.process.returncode}")
        try:
            return self.request("GET", "/").status
        except (ConnectionRefusedError, ConnectionEnded):
            return None

    def log(self):
        self.output.flush()
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-4000:]}"
                         for path in (self.folder / "output", self.folder / "error.log") if path.exists())

    def connect(self):
        return Connection(self.address)

    def request(self, method, target, headers=None, body=None):
        with self.connect() as connection:
            return send(connection, method, target, headers, body)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.process.wait()
            self.output.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def send(connection, method, target, headers=None, body=None):
    """One request on a connection that may serve more."""
    try:
        connection.send(request_bytes(method, target, {"Host": "api.example", **(headers or {})}, body))
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before all of it was read: the reply says why
    return connection.reply(to_head=method == "HEAD")


def start(kind, realm, **places):
    return Gateway(kind, realm, **places)
