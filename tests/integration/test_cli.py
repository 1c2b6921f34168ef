"""The command line: exit statuses, help, the demo's folder, and the operator's commands on a running server."""

import base64
import json
import os
import re
import socket
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import daemon as daemons
import pytest
import yaml


def jeton(*words, **options):
    return subprocess.run([daemons.BINARY, *map(str, words)], capture_output=True, text=True, timeout=60, check=False,
                          **options)


def on(server, *words, **options):
    """The command on this server."""
    return jeton(*words, "--socket", server.data_folder / "control.sock", **options)


def run(server, *words):
    """What the command says to programs."""
    done = on(server, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def error_of(server, *words):
    done = on(server, *words, "--json")
    assert done.returncode == 1
    return json.loads(done.stdout)["error"]


def command_names():
    return re.findall(r"^  ([a-z-]+(?: [a-z-]+)*)  ", jeton("help").stdout, re.M)


def create(server, *more, realm="standard"):
    application = run(server, "app", "create", "--realm", realm, "--name", "Test", *more)
    return application, application["clients"][0]


def get_token(server, client, path="/oauth2/token"):
    return server.post_form(path, {"grant_type": "client_credentials", "client_id": client["client_id"],
                                   "client_secret": client["client_secret"]})


def as_json(reply):
    return json.loads(reply.body)


# --- help and wrong use ---


def test_every_command_explains_itself():
    names = command_names()
    assert {"demo", "serve", "app create", "client secret add", "token inspect"} <= set(names)
    for name in names:
        by_help, by_option = jeton("help", *name.split()), jeton(*name.split(), "--help")
        assert by_help.returncode == by_option.returncode == 0
        assert by_help.stdout == by_option.stdout
        assert by_help.stdout.startswith(f"Usage: jeton {name}")


def test_a_group_lists_its_commands():
    """With what each takes, which the overview does not tell."""
    assert jeton("help", "client", "secret").stdout.count("client secret") == 3
    said = jeton("help", "guard").stdout
    assert "jeton guard test METHOD URI [--realm REALM] [--token TOKEN]\n    Tell which rule decides" in said
    assert "jeton client plan set CLIENT_ID PLAN [--realm REALM]\n" in jeton("help", "client").stdout
    bare = jeton("client", "secret")
    assert bare.returncode == 2
    assert "client secret revoke" in bare.stderr


def test_help_configuration_tells_every_setting():
    text = jeton("help", "configuration").stdout
    assert all(key in text for key in ("data_directory", "listeners", "lifetime_seconds", "for_trusted_clients"))


def test_the_manual_page_is_the_command_table():
    page = Path(daemons.REPOSITORY, "packaging", "man", "jeton.1").read_text()
    assert page == jeton("help", "--man").stdout


@pytest.mark.parametrize("words", [
    [], ["nothing"], ["app"], ["app", "show"], ["app", "show", "one"], ["app", "show", "1", "2"], ["app", "create"],
    ["app", "list", "--unknown"], ["app", "list", "--max"], ["app", "list", "--max", "1", "--max", "2"],
    ["app", "create", "--name", "x", "--public=yes"], ["check"], ["serve"], ["init"], ["help", "nothing"]])
def test_wrong_use_is_status_2(words):
    done = jeton(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "jeton" in done.stderr


def test_version_is_the_repositorys():
    version = Path(daemons.REPOSITORY, "VERSION").read_text().strip()
    assert jeton("version").stdout == f"jeton {version}\n"
    assert jeton("--version").stdout == jeton("version").stdout
    assert json.loads(jeton("version", "--json").stdout) == {"version": version}


@pytest.mark.parametrize("name", ["demo", "serve", "help"])
def test_json_is_offered_only_where_there_is_some(name):
    assert "--json" not in jeton("help", name).stdout
    done = jeton(name, "--json")
    assert done.returncode == 2 and "no option --json" in done.stderr
    assert "--json" in jeton("help", "check").stdout


# --- init and check ---


def test_init_makes_a_configuration_that_is_right(tmp_path):
    folder = tmp_path / "new"
    assert jeton("init", folder).returncode == 0
    assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
    checked = jeton("check", "--config", folder / "jeton.yaml")
    assert (checked.returncode, checked.stdout) == (0, f"{folder}/jeton.yaml: ok\n")


def test_init_overwrites_nothing(tmp_path):
    (tmp_path / "jeton.yaml").write_text("mine")
    done = jeton("init", tmp_path)
    assert done.returncode == 1
    assert (tmp_path / "jeton.yaml").read_text() == "mine"
    assert not (tmp_path / "data").exists()


def test_check_tells_all_mistakes_at_once(tmp_path):
    jeton("init", tmp_path)
    file = tmp_path / "jeton.yaml"
    file.write_text(file.read_text().replace("log_level: info", "log_level: loud").replace("length: 37", "length: 20"))
    done = jeton("check", "--config", file, "--json")
    assert done.returncode == 1
    mistakes = json.loads(done.stdout)["mistakes"]
    assert {mistake["key"] for mistake in mistakes} >= {"log_level", "realms.main.access_token.length"}
    assert all(mistake["line"] > 1 and mistake["file"] == str(file) for mistake in mistakes)
    assert "debug" in next(mistake["allowed"] for mistake in mistakes if mistake["key"] == "log_level")


def test_check_tells_the_mistakes_by_line(tmp_path):
    """However they are found: what is misspelt before what does not fit together."""
    jeton("init", tmp_path)
    file = tmp_path / "jeton.yaml"
    file.write_text("nonsense: 1\n" + file.read_text().replace("length: 37", "length: 20") + "more: nonsense\nworkers: 1\n")
    said = jeton("check", "--config", file).stdout.splitlines()
    lines = [int(re.match(rf"{re.escape(str(file))}:(\d+): ", line).group(1)) for line in said]
    assert len(lines) >= 4 and lines == sorted(lines)
    assert any(line.endswith('workers: found "1", allowed is 0, or 2 to 256') for line in said), said


def test_check_gives_the_words_of_others_as_they_are(tmp_path):
    """A file that is not there, and one that is no YAML: nothing was found that could be another."""
    missing = tmp_path / "nope"
    assert jeton("check", "--config", missing).stdout == f"{missing}: cannot be read: No such file or directory\n"
    (problem,) = json.loads(jeton("check", "--config", missing, "--json").stdout)["mistakes"]
    assert (problem["problem"], problem["found"], problem["allowed"]) == ("cannot be read: No such file or directory", None, None)
    file = tmp_path / "l.yaml"
    file.write_text("a: [1,\n}\n")
    assert jeton("check", "--config", file).stdout == f"{file}:2: this is no YAML: did not find expected node content\n"
    jeton("init", tmp_path / "new")
    file = tmp_path / "new" / "jeton.yaml"
    file.write_text(file.read_text() + "dialect_directory: nowhere\n")
    assert f"dialect_directory: {tmp_path}/new/nowhere cannot be read: No such file" in jeton("check", "--config", file).stdout


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
                    "-out", folder / f"{name}.crt"], check=True, capture_output=True)


@pytest.mark.parametrize("certificate, key, wrong, found", [
    ("garbage", "one.key", "certificate_file", "no certificate"), ("one.crt", "garbage", "key_file", "no key"),
    ("cut", "one.key", "certificate_file", "no certificate"), ("one.crt", "two.key", "key_file", "does not fit"),
    ("one.crt", "one.key", None, None), ("chain", "one.key", None, None), ("chain", "two.key", "key_file", "not fit")])
def test_check_reads_certificate_and_key(tmp_path, certificate, key, wrong, found):
    """What TLS could not start with is a mistake of the configuration, with its line."""
    jeton("init", tmp_path)
    for name in ("one", "two"):
        make_certificate(tmp_path, name)
    one, two = (tmp_path / "one.crt").read_text(), (tmp_path / "two.crt").read_text()
    for name, text in (("garbage", "garbage\n"), ("chain", one + two), ("cut", one + two[:200])):
        (tmp_path / name).write_text(text)
    file = tmp_path / "jeton.yaml"
    lines = f"serves: [public]\n    certificate_file: {certificate}\n    key_file: {key}"
    file.write_text(file.read_text().replace("serves: [public]", lines))
    mistakes = json.loads(jeton("check", "--config", file, "--json").stdout)["mistakes"]
    assert [mistake["key"].rsplit(".", 1)[-1] for mistake in mistakes] == ([wrong] if wrong else [])
    for mistake in mistakes:
        assert found in mistake["found"] and mistake["allowed"]
        assert file.read_text().splitlines()[mistake["line"] - 1].strip().startswith(f"{wrong}:")


# --- the demo's folder ---


def test_the_demo_says_what_it_made(shared_demo):
    services = shared_demo.description["services"]
    assert set(services) == {"podio", "producthunt", "podchaser", "radioworkflow", "podero", "standard"}
    for name, service in services.items():
        assert {"client_id", "client_secret", "token_path", "try", "call"} <= set(service), name
        assert set(service["resource_server"]) == {"client_id", "client_secret"}
        assert {"username", "password"} == set(service["user"])
        assert [set(instance) for instance in service["instances"]] == [{"name", "title"}] * 2
        assert service["redirect_uri"] == "http://localhost:8765/callback"
        assert {"scope", "sign_in_path", "applications_path"} <= set(service)
        assert ("authorize_path" in service) == ("authorize_url" in service) == (name != "podero")
    assert {"app_id", "app_token"} <= set(services["podio"])
    assert set(services["podchaser"]["development"]) == {"client_id", "client_secret"}
    assert "refresh_path" in services["radioworkflow"]
    port = shared_demo.description["origin"].rsplit(":", 1)[1]
    assert services["podero"]["sandbox"]["host"] == f"sandbox.localhost:{port}"


def test_the_demo_keeps_its_credentials_to_itself(shared_demo):
    folder = shared_demo.folder / "demo"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("demo.json", "jeton.yaml", "data/control.sock"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600, name


def test_the_demo_tells_its_credentials_to_people_too(shared_demo):
    """demo.json is indented: README sends people there."""
    text = (shared_demo.folder / "demo" / "demo.json").read_text()
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def test_each_line_to_try_gets_a_token(shared_demo):
    for service in shared_demo.description["services"].values():
        done = subprocess.run(service["try"], shell=True, capture_output=True, text=True, timeout=60, check=True)
        assert re.search(r'"access_token": ?"\w+"', done.stdout), service["try"]


def test_the_demo_prints_the_lines_and_then_ready(folder):
    command = [daemons.BINARY, "demo", "--dir", f"{folder}/demo", "--listen", "localhost:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        printed = []
        for line in process.stdout:
            printed.append(line.rstrip("\n"))
            if line == "ready\n":
                break
        process.terminate()
        assert process.wait(60) == 0
    assert printed[-1:] == ["ready"]
    services = json.loads(Path(folder, "demo", "demo.json").read_text())["services"]
    assert [line for line in printed if line.startswith("curl ")] == [told["try"] for told in services.values()]
    assert [line for line in printed if line.startswith("TOKEN=")] == [told["call"] for told in services.values()]
    assert [line for line in printed if line.startswith("http")] == [
        told["authorize_url"] for told in services.values() if "authorize_url" in told]
    for told in services.values():
        assert ("authorize_url" not in told) or any(told["user"]["password"] in line for line in printed)


def credentials(server):
    return {name: (told["client_id"], told["client_secret"], told["resource_server"], told["user"]["password"])
            for name, told in server.description["services"].items()}


def test_a_demo_started_again_keeps_its_credentials(own_demo):
    before = credentials(own_demo)
    own_demo.stop()
    own_demo.start()
    daemons.read_description(own_demo)
    assert credentials(own_demo) == before
    assert get_token(own_demo, own_demo.description["services"]["standard"]).status == 200


def test_a_demo_started_elsewhere_says_so_everywhere(own_demo):
    before, origin = credentials(own_demo), own_demo.description["origin"]
    own_demo.stop()
    port = daemons.free_port(2)
    own_demo.arguments[-1] = f"localhost:{port}"
    own_demo.address = ("localhost", port)
    own_demo.start()
    daemons.read_description(own_demo)
    assert own_demo.description["origin"] == f"http://localhost:{port}" != origin
    assert credentials(own_demo) == before
    for name in ("demo.json", "jeton.yaml"):
        assert origin not in (own_demo.data_folder.parent / name).read_text()
    assert get_token(own_demo, own_demo.description["services"]["standard"]).status == 200


def test_a_demo_started_again_leaves_the_configuration_to_the_operator(own_demo):
    configuration = own_demo.data_folder.parent / "jeton.yaml"
    own_demo.stop()
    configuration.write_text(configuration.read_text() + "# mine\n")
    own_demo.start()
    assert configuration.read_text().endswith("# mine\n")


OF_PEOPLE = ("user", "instances", "redirect_uri", "authorize_path", "authorize_url", "scope", "sign_in_path",
             "applications_path")


def make_demo_of_before(server):
    """The folder as a version without people has left it."""
    folder = server.data_folder.parent
    configuration = yaml.safe_load((folder / "jeton.yaml").read_text())
    del configuration["mail"]
    for realm in configuration["realms"].values():
        realm["grants"] = {name: policy for name, policy in realm["grants"].items()
                           if name not in ("authorization_code", "implicit", "password")}
        for section in ("code", "authorize", "appearance", "people"):
            realm.pop(section, None)
    mark = "# Made by `jeton demo`, and made anew when --listen changes.\n"
    (folder / "jeton.yaml").write_text(mark + yaml.safe_dump(configuration, sort_keys=False))
    description = json.loads((folder / "demo.json").read_text())
    for service in description["services"].values():
        for member in OF_PEOPLE:
            service.pop(member, None)
    (folder / "demo.json").write_text(json.dumps(description))
    with closing(sqlite3.connect(server.data_folder / "jeton.db")) as database, database:
        for table in ("users", "instances", "memberships"):
            database.execute(f"DELETE FROM {table}")
        database.execute("UPDATE clients SET redirect_uris = ''")


def test_a_demo_of_before_is_brought_up_to_date(own_demo):
    """It keeps its credentials; people, instances and redirect_uris are added."""
    folder, before = own_demo.data_folder.parent, own_demo.description["services"]
    token = as_json(get_token(own_demo, before["standard"]))["access_token"]
    own_demo.stop()
    make_demo_of_before(own_demo)
    old_configuration = (folder / "jeton.yaml").read_text()
    own_demo.start()
    daemons.read_description(own_demo)
    services = own_demo.description["services"]
    for name, told in services.items():
        assert {**told, "user": None} == {**before[name], "user": None}
        client = run(own_demo, "client", "show", told["client_id"], "--realm", name)
        assert client["redirect_uris"] == [told["redirect_uri"]]
        members = run(own_demo, "member", "list", told["user"]["username"], "--realm", name)
        assert [member["instance"] for member in members] == sorted(
            (instance["name"] for instance in told["instances"]), key=lambda found: title_of(told, found))
    development = run(own_demo, "client", "show", services["podchaser"]["development"]["client_id"])
    assert development["redirect_uris"] == [services["podchaser"]["redirect_uri"]]
    assert (folder / "jeton.yaml.before").read_text() == old_configuration
    assert "authorization_code" in (folder / "jeton.yaml").read_text()
    whoami = own_demo.request("GET", "/oauth2/whoami", {"Authorization": f"Bearer {token}"})
    assert whoami.status == 200


def title_of(service, name):
    return next(instance["title"] for instance in service["instances"] if instance["name"] == name)


def test_a_demo_whose_user_is_not_told_gets_another_password(own_demo):
    folder, before = own_demo.data_folder.parent, own_demo.description["services"]
    own_demo.stop()
    description = json.loads((folder / "demo.json").read_text())
    del description["services"]["podio"]["user"]
    (folder / "demo.json").write_text(json.dumps(description))
    own_demo.start()
    daemons.read_description(own_demo)
    user = own_demo.description["services"]["podio"]["user"]
    assert user["username"] == before["podio"]["user"]["username"]
    assert user["password"] != before["podio"]["user"]["password"]
    assert own_demo.description["services"]["standard"]["user"] == before["standard"]["user"]


def test_the_demo_registers_anew_what_the_database_forgot(own_demo):
    before = credentials(own_demo)
    own_demo.stop()
    for file in own_demo.data_folder.iterdir():
        file.unlink()
    own_demo.start()
    daemons.read_description(own_demo)
    assert not set(map(str, before.values())) & set(map(str, credentials(own_demo).values()))
    assert get_token(own_demo, own_demo.description["services"]["standard"]).status == 200


def test_the_demo_leaves_a_strangers_folder_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    done = jeton("demo", "--dir", tmp_path, "--listen", "localhost:0")
    assert done.returncode == 1
    assert "neither empty nor a demo" in done.stderr
    assert os.listdir(tmp_path) == ["letter.txt"]


def test_a_running_demo_keeps_its_files(own_demo):
    """A second one in the same folder is told so before it writes anything."""
    folder = own_demo.data_folder.parent
    before = {name: (folder / name).read_bytes() for name in ("jeton.yaml", "demo.json")}
    done = jeton("demo", "--dir", folder, "--listen", "localhost:0")
    assert done.returncode == 1 and done.stdout == ""
    assert "another daemon uses this folder" in done.stderr
    assert before == {name: (folder / name).read_bytes() for name in before}


def test_the_demo_tells_a_busy_port_and_makes_nothing(tmp_path):
    """Either loopback address may be the busy one."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.create_server((host, 0), family=family) as busy:
            listen = f"localhost:{busy.getsockname()[1]}"
            done = jeton("demo", "--dir", tmp_path / "demo", "--listen", listen)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (f"jeton demo: {listen}: Address already in use; choose another with "
                               "--listen HOST:PORT\n")
        assert not (tmp_path / "demo").exists()


def test_the_demo_says_that_a_name_does_not_resolve(tmp_path):
    done = jeton("demo", "--dir", tmp_path / "demo", "--listen", "nowhere.invalid:0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nowhere.invalid:0: the name does not resolve" in done.stderr
    assert not (tmp_path / "demo").exists()


def test_serve_says_which_address_it_cannot_have(tmp_path):
    """In words, beside the log's line."""
    jeton("init", tmp_path)
    file = tmp_path / "jeton.yaml"
    with socket.create_server(("127.0.0.1", 0)) as busy:
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        text = file.read_text().replace("127.0.0.1:8080", address).replace("127.0.0.1:8081", "127.0.0.1:0")
        file.write_text(text)
        done = jeton("serve", "--config", file)
    assert done.returncode == 1
    assert f"jeton: cannot listen on {address}: Address already in use\n" in done.stderr


@pytest.mark.parametrize("listen", ["localhost", ":8080", "localhost:99999", "localhost:http"])
def test_the_demo_wants_host_and_port(tmp_path, listen):
    done = jeton("demo", "--dir", tmp_path / "demo", "--listen", listen)
    assert done.returncode == 2
    assert "HOST:PORT" in done.stderr
    assert not (tmp_path / "demo").exists()


def test_a_damaged_database_is_not_called_a_mistake_of_the_configuration(own_demo):
    """Pages behind the first are overwritten, so it still opens; the file, the cause and the cure are said."""
    own_demo.stop()
    database = own_demo.data_folder / "jeton.db"
    with open(database, "r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 10 * 4096)
    done = jeton("serve", "--config", own_demo.data_folder.parent / "jeton.yaml")
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"jeton: {database}: ") and "damaged" in said and "backup" in said
    assert "malformed" in done.stderr and "realms" not in said


# --- the operator's commands ---


def test_the_socket_is_found_by_option_configuration_environment_and_folder(shared_demo):
    folder = shared_demo.folder
    ways = [(["--socket", shared_demo.data_folder / "control.sock"], {}, None),
            (["--config", folder / "demo" / "jeton.yaml"], {}, None),
            ([], {"JETON_SOCKET": str(shared_demo.data_folder / "control.sock")}, None),
            ([], {}, folder), ([], {}, folder / "demo")]
    for words, environment, cwd in ways:
        done = jeton("stats", "--json", *words, env={**os.environ, **environment}, cwd=cwd)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["store_is_ready"] is True


def test_no_daemon_is_status_1_and_says_where_it_looked(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != "JETON_SOCKET"}
    done = jeton("stats", "--json", cwd=tmp_path, env=environment)
    assert done.returncode == 1
    assert "./demo/data/control.sock" in json.loads(done.stdout)["error"]
    assert "--socket" in done.stderr


def test_realms_are_listed(shared_demo):
    names = [realm["name"] for realm in run(shared_demo, "realm", "list")]
    assert "standard" in names and "podero-sandbox" in names


def test_a_new_application_gets_tokens_at_once(shared_demo):
    application, client = create(shared_demo, "--development")
    assert [made["environment"] for made in application["clients"]] == ["production", "development"]
    for made in application["clients"]:
        assert get_token(shared_demo, made).status == 200
    shown = run(shared_demo, "app", "show", application["application_id"])
    assert shown["clients"][0]["client_id"] == client["client_id"]
    assert client["client_secret"] not in json.dumps(shown)


def test_suspension_is_heard_by_the_next_request_and_lifted(shared_demo):
    application, client = create(shared_demo)
    number = application["application_id"]
    token = as_json(get_token(shared_demo, client))["access_token"]
    assert run(shared_demo, "token", "inspect", token)["active"] is True
    run(shared_demo, "app", "suspend", number)
    assert get_token(shared_demo, client).status == 401
    assert run(shared_demo, "token", "inspect", token)["active"] is False
    run(shared_demo, "app", "resume", number)
    assert get_token(shared_demo, client).status == 200


def test_a_client_and_an_account_are_suspended_from_the_command_line(shared_demo):
    _, client = create(shared_demo)
    assert run(shared_demo, "client", "suspend", client["client_id"])["suspended_at"]
    assert get_token(shared_demo, client).status == 401
    assert run(shared_demo, "client", "resume", client["client_id"])["suspended_at"] is None
    assert get_token(shared_demo, client).status == 200
    assert run(shared_demo, "client", "set", client["client_id"], "--trusted", "yes")["trusted"] is True
    account = run(shared_demo, "account", "create", "--realm", "standard")["account_id"]
    assert run(shared_demo, "account", "suspend", account, "--realm", "standard")["suspended_at"]
    assert run(shared_demo, "account", "resume", account, "--realm", "standard")["suspended_at"] is None
    assert account in [row["account_id"] for row in run(shared_demo, "account", "list", "--realm", "standard")]
    assert error_of(shared_demo, "account", "suspend", "nobody", "--realm", "standard") == "there is no such account"


def test_a_deleted_application_is_gone_with_its_tokens(shared_demo):
    application, client = create(shared_demo)
    token = as_json(get_token(shared_demo, client))["access_token"]
    run(shared_demo, "app", "delete", application["application_id"])
    assert get_token(shared_demo, client).status == 401
    reply = shared_demo.request("GET", "/oauth2/whoami", {"Authorization": f"Bearer {token}"})
    assert reply.status == 401
    assert error_of(shared_demo, "app", "show", application["application_id"]) == "there is no such application"


def test_secrets_overlap_and_are_revoked_one_by_one(shared_demo):
    _, client = create(shared_demo)
    name = client["client_id"]
    added = run(shared_demo, "client", "secret", "add", name, "--label", "next")
    new = {**client, "client_secret": added["client_secret"]}
    assert get_token(shared_demo, client).status == get_token(shared_demo, new).status == 200
    old = next(secret for secret in run(shared_demo, "client", "secret", "list", name) if secret["label"] != "next")
    run(shared_demo, "client", "secret", "revoke", name, old["secret_id"])
    assert get_token(shared_demo, client).status == 401
    assert get_token(shared_demo, new).status == 200


def test_a_sixth_secret_is_refused(shared_demo):
    _, client = create(shared_demo)
    for _ in range(4):
        run(shared_demo, "client", "secret", "add", client["client_id"])
    assert "five live secrets" in error_of(shared_demo, "client", "secret", "add", client["client_id"])


def test_a_trusted_client_may_what_others_may_not(shared_demo):
    _, stranger = create(shared_demo, realm="radioworkflow")
    _, partner = create(shared_demo, "--trusted", realm="radioworkflow")
    path = shared_demo.description["services"]["radioworkflow"]["token_path"]
    statuses = []
    for client in (stranger, partner):
        login = (client["client_id"] + ":" + client["client_secret"]).encode()
        header = {"Authorization": "Basic " + base64.b64encode(login).decode()}
        statuses.append(shared_demo.post_form(path, {"grant_type": "client_credentials"}, header).status)
    assert statuses == [400, 200]


def test_a_client_belongs_to_one_realm(shared_demo):
    _, client = create(shared_demo)
    assert error_of(shared_demo, "client", "show", client["client_id"], "--realm", "podio")
    assert run(shared_demo, "client", "show", client["client_id"], "--realm", "standard")["realm"] == "standard"


def test_an_application_says_where_it_lives(shared_demo):
    made = run(shared_demo, "app", "create", "--realm", "standard", "--name", "With a face", "--public",
               "--website", "https://app.example/", "--logo-uri", "https://app.example/logo.svg",
               "--redirect-uri", "https://app.example/back", "--redirect-uri", "http://127.0.0.1:1/back com.example:/b")
    assert "client_secret" not in made["clients"][0]
    shown = run(shared_demo, "app", "show", made["application_id"])
    assert (shown["website"], shown["logo_uri"]) == ("https://app.example/", "https://app.example/logo.svg")
    assert shown["verified_at"] is None
    assert shown["clients"][0]["redirect_uris"] == [
        "https://app.example/back", "http://127.0.0.1:1/back", "com.example:/b"]
    assert shown["clients"][0]["public"] is True


@pytest.mark.parametrize("words", [
    ("--website", "http://app.example/"), ("--website", "javascript:alert(1)"), ("--logo-uri", "http://app.example/l"),
    ("--redirect-uri", "https://app.example/#part"), ("--redirect-uri", "/back"), ("--redirect-uri", "app.example")])
def test_an_application_lives_nowhere_odd(shared_demo, words):
    assert error_of(shared_demo, "app", "create", "--realm", "standard", "--name", "Odd", *words)


def test_redirect_uris_are_set_anew(shared_demo):
    _, client = create(shared_demo, "--redirect-uri", "https://one.example/")
    words = ("client", "redirect-uris", "set", client["client_id"])
    changed = run(shared_demo, *words, "--redirect-uri", "https://two.example/ https://three.example/")
    assert changed["redirect_uris"] == ["https://two.example/", "https://three.example/"]
    assert run(shared_demo, "client", "show", client["client_id"])["redirect_uris"] == changed["redirect_uris"]
    assert error_of(shared_demo, *words, "--redirect-uri", "https://a.example/ https://a.example/")
    assert run(shared_demo, *words, "--redirect-uri", "")["redirect_uris"] == []
    assert on(shared_demo, *words).returncode == 2


def test_an_application_is_verified_and_not_any_more(shared_demo):
    application, _ = create(shared_demo)
    number = application["application_id"]
    run(shared_demo, "app", "verify", number)
    assert run(shared_demo, "app", "show", number)["verified_at"]
    run(shared_demo, "app", "unverify", number)
    assert run(shared_demo, "app", "show", number)["verified_at"] is None
    made = run(shared_demo, "app", "create", "--realm", "standard", "--name", "Ours", "--verified")
    assert run(shared_demo, "app", "show", made["application_id"])["verified_at"]
    assert error_of(shared_demo, "app", "verify", 999999) == "there is no such application"


def test_a_service_account_gets_the_id_that_was_asked(shared_demo):
    words = ("account", "create", "--realm", "podio", "--account-id", "22342", "--name", "Machine")
    account = run(shared_demo, *words)
    assert account["account_id"] == "22342"
    assert error_of(shared_demo, *words) == "account_id is taken"


def test_a_token_is_revoked_from_stdin_and_refused_by_the_next_request(shared_demo):
    _, client = create(shared_demo)
    token = as_json(get_token(shared_demo, client))["access_token"]
    whoami = {"Authorization": f"Bearer {token}"}
    assert shared_demo.request("GET", "/oauth2/whoami", whoami).status == 200
    assert on(shared_demo, "token", "revoke", "-", input=token + "\n").returncode == 0
    assert shared_demo.request("GET", "/oauth2/whoami", whoami).status == 401
    assert token not in shared_demo.log()


def test_a_backup_is_a_whole_database_and_overwrites_nothing(shared_demo, tmp_path):
    _, client = create(shared_demo)
    assert on(shared_demo, "backup", "copy.db", cwd=tmp_path).returncode == 0
    copy = sqlite3.connect(tmp_path / "copy.db")
    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert client["client_id"] in "\n".join(copy.iterdump())
    copy.close()
    assert on(shared_demo, "backup", "copy.db", cwd=tmp_path).returncode == 1


def test_people_see_columns_and_secrets_once(shared_demo):
    made = on(shared_demo, "app", "create", "--realm", "standard", "--name", "Für Menschen")
    assert "client_secret" in made.stdout and "Keep the secret now" in made.stderr
    number = re.search(r"application_id +(\d+)", made.stdout).group(1)
    listed = on(shared_demo, "app", "list", "--realm", "standard").stdout.splitlines()
    row = next(line for line in listed if line.startswith(number + " "))
    assert row.index("Für Menschen") == listed[0].index("name")
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row)


def test_changes_are_audited_without_secrets(shared_demo):
    application, client = create(shared_demo)
    events = shared_demo.log_events("operator_command")
    event = next(event for event in events if event.get("application_id") == str(application["application_id"]))
    assert (event["command"], event["uid"], event["realm"]) == ("app create", os.getuid(), "standard")
    assert client["client_secret"] not in shared_demo.log()


def test_no_key_comes_twice_in_a_line_of_the_log(own_demo):
    """Of any command that changes something; log_events refuses a line that has one twice."""
    application, client = create(own_demo)
    number, name = application["application_id"], client["client_id"]
    token = as_json(get_token(own_demo, client))["access_token"]
    account = run(own_demo, "account", "create", "--realm", "standard")["account_id"]
    there = ("--realm", "standard")
    secret = run(own_demo, "client", "secret", "add", name)["secret_id"]
    commands = [
        *(("app", verb, number) for verb in ("suspend", "resume", "verify", "unverify")),
        ("client", "suspend", name), ("client", "resume", name, *there), ("client", "secret", "revoke", name, secret),
        ("client", "set", name, "--trusted", "yes", "--may-introspect", "no", *there),
        ("client", "redirect-uris", "set", name, "--redirect-uri", "https://one.example/", *there),
        ("client", "plan", "set", name, "standard"), ("client", "plan", "reset", name), ("client", "plan", "clear", name),
        ("account", "suspend", account, *there), ("account", "resume", account, *there),
        ("user", "add", "bee@example.com", *there), ("user", "roles", "bee@example.com", "--roles", "developer", *there),
        *(("user", verb, "bee@example.com", *there) for verb in ("disable", "enable", "reset-password", "reset-factors")),
        ("instance", "add", "bees", *there), ("member", "add", "bee@example.com", "bees", *there),
        ("member", "remove", "bee@example.com", "bees", *there), ("mail", "test", "bee@example.com", *there),
        ("token", "revoke", token), ("backup", own_demo.folder / "copy.db"), ("app", "delete", number)]
    for words in commands:
        run(own_demo, *words)
    events = own_demo.log_events("operator_command")
    assert len(events) >= len(commands)
    (event,) = [event for event in events if event["command"] == "client redirect-uris set" and event["realm"] == "standard"
                and event["client_id"] == name]
    assert event["outcome"] == "ok"
