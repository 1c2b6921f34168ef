"""The operator's commands about people: users, their passwords and roles, instances and who belongs to them."""

import json
import sqlite3
import uuid
from contextlib import closing

import pytest
from test_cli import error_of, on, run

REALM = ("--realm", "standard")


def add(server, *more, name=None, **options):
    name = name or f"user-{uuid.uuid4().hex[:12]}"
    done = on(server, "user", "add", name, *REALM, "--json", *more, **options)
    assert done.returncode == 0, done.stderr
    user = json.loads(done.stdout)
    server.secrets |= {user["password"]} if "password" in user else set()
    return user


def stored_hash(server, user):
    with closing(sqlite3.connect(server.data_folder / "jeton.db")) as database:
        return database.execute("SELECT password_hash FROM users WHERE id = ?", (user["user_id"],)).fetchone()[0]


# --- users ---


def test_a_user_gets_a_password_that_is_shown_once(shared_demo):
    user = add(shared_demo, "--display-name", "Ada Lovelace", "--email", "Ada@Example.org")
    assert len(user["password"]) == 20
    assert (user["display_name"], user["email"], user["roles"]) == ("Ada Lovelace", "ada@example.org", [])
    shown = run(shared_demo, "user", "show", user["username"], *REALM)
    assert "password" not in shown and user["password"] not in json.dumps(shown)
    assert shown["instances"] == [] and shown["disabled_at"] is None and shown["session_count"] == 0
    assert stored_hash(shared_demo, user).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_people_are_told_to_keep_the_password(shared_demo):
    done = on(shared_demo, "user", "add", f"user-{uuid.uuid4().hex[:12]}", *REALM)
    assert "password " in done.stdout and "Keep the secret now" in done.stderr


def test_names_are_compared_in_lower_case(shared_demo):
    name = f"Grace-{uuid.uuid4().hex[:8]}@Example.org"
    user = add(shared_demo, name=name)
    assert user["username"] == user["email"] == name.lower()
    assert run(shared_demo, "user", "show", name.upper(), *REALM)["user_id"] == user["user_id"]
    assert error_of(shared_demo, "user", "add", name.swapcase(), *REALM) == "there is a user of that name"


def test_the_same_name_in_another_realm_is_somebody_else(shared_demo):
    user = add(shared_demo)
    assert error_of(shared_demo, "user", "show", user["username"], "--realm", "podio")
    other = run(shared_demo, "user", "add", user["username"], "--realm", "podio")
    assert other["user_id"] != user["user_id"] and other["realm"] == "podio"
    assert "several realms" in error_of(shared_demo, "user", "show", user["username"])


@pytest.mark.parametrize("words", [
    ("two words",), ("@example.org",), ("",), ("x" * 201,), ("fine", "--roles", "emperor"),
    ("fine", "--email", "nobody"), ("fine", "--display-name", "a\nb"), ("fine", "--instance", "no-such-place")])
def test_what_no_user_can_be(shared_demo, words):
    before = run(shared_demo, "user", "list", *REALM)
    assert error_of(shared_demo, "user", "add", *words, *REALM)
    assert run(shared_demo, "user", "list", *REALM) == before


def test_users_are_listed_in_slices(shared_demo):
    made = [add(shared_demo)["user_id"] for _ in range(3)]
    listed = run(shared_demo, "user", "list", *REALM, "--after", made[0] - 1, "--max", 2)
    assert [user["user_id"] for user in listed] == made[:2]
    listed = run(shared_demo, "user", "list", *REALM, "--after", made[1])
    assert [user["user_id"] for user in listed] == made[2:]
    assert all("password" not in user and user["realm"] == "standard" for user in listed)


# --- passwords ---


def test_a_password_is_never_an_argument(shared_demo):
    done = on(shared_demo, "user", "add", "somebody", *REALM, "--password", "correct horse battery")
    assert done.returncode == 2 and "stdin only" in done.stderr
    done = on(shared_demo, "user", "reset-password", "somebody", *REALM, "--password=correct horse battery")
    assert done.returncode == 2 and "stdin only" in done.stderr


def test_a_password_from_stdin_is_taken_and_not_shown(shared_demo):
    secret = "correct horse battery staple"
    user = add(shared_demo, "--password", "-", input=secret + "\n")
    assert "password" not in user
    before = stored_hash(shared_demo, user)
    assert before.startswith("$argon2id$")
    done = on(shared_demo, "user", "reset-password", user["username"], *REALM, "--password", "-",
              input="quite another long one\n")
    assert done.returncode == 0 and "another" not in done.stdout
    assert stored_hash(shared_demo, user) != before
    for text in (secret, "quite another long one"):
        assert text not in shared_demo.log()


@pytest.mark.parametrize("password, problem", [
    ("short one", "the password is too short"), ("user-of-mine", "the password is the user's name or address"),
    ("Password123", "the password is one of the most common ones"), ("x" * 1025, "longer than 1024 bytes")])
def test_a_password_that_is_not_fit(shared_demo, password, problem):
    done = on(shared_demo, "user", "add", "user-of-mine", *REALM, "--json", "--password", "-", input=password + "\n")
    assert done.returncode == 1 and problem in json.loads(done.stdout)["error"]
    assert error_of(shared_demo, "user", "show", "user-of-mine", *REALM) == "there is no such user in the realm"


def test_a_new_password_is_made_up(shared_demo):
    user = add(shared_demo)
    before = stored_hash(shared_demo, user)
    again = run(shared_demo, "user", "reset-password", user["username"], *REALM)
    shared_demo.secrets.add(again["password"])
    assert len(again["password"]) == 20 and again["password"] != user["password"]
    assert stored_hash(shared_demo, user) != before


def test_users_of_another_system_bring_their_hashes(shared_demo):
    bcrypt = "$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"
    user = add(shared_demo, "--password-hash", "-", input=bcrypt + "\n")
    assert "password" not in user and stored_hash(shared_demo, user) == bcrypt
    done = on(shared_demo, "user", "add", "imported", *REALM, "--json", "--password-hash", "-", input="plain text\n")
    assert "none that crypt(5)" in json.loads(done.stdout)["error"]


# --- roles, and being switched off ---


def test_roles_are_set_anew(shared_demo):
    user = add(shared_demo, "--roles", "operator", "--roles", "developer")
    assert user["roles"] == ["developer", "operator"]
    words = ("user", "roles", user["username"], *REALM)
    assert run(shared_demo, *words, "--roles", "developer")["roles"] == ["developer"]
    assert run(shared_demo, *words, "--roles", "")["roles"] == []
    assert error_of(shared_demo, *words, "--roles", "developer king") == "roles are developer and operator"
    assert on(shared_demo, *words).returncode == 2


def test_a_user_is_disabled_and_enabled(shared_demo):
    user = add(shared_demo)
    assert run(shared_demo, "user", "disable", user["username"], *REALM)["disabled_at"]
    assert run(shared_demo, "user", "show", user["username"], *REALM)["disabled_at"]
    assert run(shared_demo, "user", "enable", user["username"], *REALM)["disabled_at"] is None


def test_second_steps_are_taken_away(own_demo):
    """App, recovery codes and passkeys, of this user only."""
    users = [add(own_demo), add(own_demo)]
    own_demo.stop()
    with closing(sqlite3.connect(own_demo.data_folder / "jeton.db")) as database, database:
        for number in (user["user_id"] for user in users):
            database.execute("UPDATE users SET totp_key = 'sealed' WHERE id = ?", (number,))
            database.execute("INSERT INTO recovery_codes VALUES (?, x'00')", (number,))
            database.execute("INSERT INTO passkeys (user_id, credential_id, public_key, algorithm, sign_count, label,"
                             " created_at) VALUES (?, ?, 'key', -7, 0, 'mine', 1)", (number, f"id-{number}"))
    own_demo.start()
    shown = [run(own_demo, "user", "show", user["username"], *REALM) for user in users]
    assert [(user["second_factor"], user["passkey_count"]) for user in shown] == [(True, 1)] * 2
    assert run(own_demo, "user", "reset-factors", users[0]["username"], *REALM)["second_factor"] is False
    shown = [run(own_demo, "user", "show", user["username"], *REALM) for user in users]
    assert [(user["second_factor"], user["passkey_count"]) for user in shown] == [(False, 0), (True, 1)]
    with closing(sqlite3.connect(own_demo.data_folder / "jeton.db")) as database:
        assert database.execute("SELECT user_id FROM recovery_codes").fetchall() == [(users[1]["user_id"],)]


@pytest.mark.parametrize("words", [("disable",), ("enable",), ("reset-password",), ("reset-factors",),
                                   ("roles", "--roles", "developer"), ("show",)])
def test_nobody_is_nobody(shared_demo, words):
    assert error_of(shared_demo, "user", words[0], "nobody-at-all", *REALM, *words[1:]) == \
        "there is no such user in the realm"


def test_changes_are_audited_by_number(shared_demo):
    """Who did what to whom, without names and secrets."""
    user = add(shared_demo, name=f"{uuid.uuid4().hex}@example.org")
    run(shared_demo, "user", "disable", user["username"], *REALM)
    events = [event for event in shared_demo.log_events("operator_command")
              if event.get("user_id") == str(user["user_id"])]
    assert [event["command"] for event in events] == ["user add", "user disable"]
    assert user["username"] not in shared_demo.log() and user["password"] not in shared_demo.log()


# --- instances ---


def test_instances_and_their_members(shared_demo):
    names = [f"station-{uuid.uuid4().hex[:8]}" for _ in range(2)]
    first = run(shared_demo, "instance", "add", names[0], *REALM, "--title", "Radio Eins")
    second = run(shared_demo, "instance", "add", names[1], *REALM)
    assert (first["title"], second["title"]) == ("Radio Eins", names[1])
    listed = [row["name"] for row in run(shared_demo, "instance", "list", *REALM)]
    assert listed.index(names[0]) < listed.index(names[1])
    user = add(shared_demo, "--instance", names[0])
    words = (user["username"], names[1], *REALM)
    assert run(shared_demo, "member", "list", user["username"], *REALM) == [
        {"instance": names[0], "title": "Radio Eins", "role": "member"}]
    joined = run(shared_demo, "member", "add", *words, "--role", "editor")
    assert {"instance": names[1], "title": names[1], "role": "editor"} in joined and len(joined) == 2
    assert run(shared_demo, "user", "show", user["username"], *REALM)["instances"] == joined
    changed = run(shared_demo, "member", "add", *words, "--role", "chief")
    assert [row["role"] for row in changed if row["instance"] == names[1]] == ["chief"]
    left = run(shared_demo, "member", "remove", *words)
    assert [row["instance"] for row in left] == [names[0]]
    assert error_of(shared_demo, "member", "remove", *words) == "the user is no member of the instance"


def test_what_no_instance_can_be(shared_demo):
    name = f"station-{uuid.uuid4().hex[:8]}"
    run(shared_demo, "instance", "add", name, *REALM)
    assert error_of(shared_demo, "instance", "add", name, *REALM) == "there is an instance of that name"
    for odd in ("Upper", "two words", "x" * 64):
        assert "an instance's name is" in error_of(shared_demo, "instance", "add", odd, *REALM)
    user = add(shared_demo)
    assert error_of(shared_demo, "member", "add", user["username"], "nowhere", *REALM) == \
        "there is no such instance in the realm"
    assert "a role is" in error_of(shared_demo, "member", "add", user["username"], name, *REALM, "--role", "Not fit")


def test_an_instance_belongs_to_one_realm(shared_demo):
    name = f"station-{uuid.uuid4().hex[:8]}"
    run(shared_demo, "instance", "add", name, "--realm", "podio")
    user = add(shared_demo)
    assert error_of(shared_demo, "member", "add", user["username"], name, *REALM) == \
        "there is no such instance in the realm"
