-- People: who they are, where they belong, how they sign in, and what they have allowed.
--
-- What is short-lived (codes, sessions, tickets) has an index over its end and leaves with the sweep. Ids of users and
-- instances are never given twice, as in the first tables. Empty texts are '' where nobody tells "none" from "empty".

ALTER TABLE applications ADD COLUMN website TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN logo_uri TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN verified_at INTEGER;

-- Separated by one blank each: no URI has one.
ALTER TABLE clients ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT '';

CREATE TABLE instances (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    realm_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    title TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (realm_id, name)
);
CREATE INDEX instances_by_realm ON instances (realm_id, id);

-- username: in lower case. password_hash: as crypt(5) writes it; '' opens nothing. totp_key: sealed with a key that is
-- not in the database; '' while there is no such factor. totp_step: the last time step whose code was used.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    realm_id INTEGER NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    roles INTEGER NOT NULL,
    totp_key TEXT NOT NULL DEFAULT '',
    totp_step INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    email_confirmed_at INTEGER,
    disabled_at INTEGER,
    UNIQUE (realm_id, username)
);
CREATE INDEX users_by_realm ON users (realm_id, id);
CREATE INDEX users_by_email ON users (realm_id, email) WHERE email <> '';

CREATE TABLE memberships (
    user_id INTEGER NOT NULL,
    instance_id INTEGER NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (user_id, instance_id)
);

CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

-- credential_id and public_key are base64url, as the browser has them.
CREATE TABLE passkeys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    credential_id TEXT NOT NULL UNIQUE,
    public_key TEXT NOT NULL,
    algorithm INTEGER NOT NULL,
    sign_count INTEGER NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
);
CREATE INDEX passkeys_by_user ON passkeys (user_id, id);

-- factors: what the person has shown, bits of enum factor. expires_at: the absolute end.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    factors INTEGER NOT NULL,
    authenticated_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    client_address TEXT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

ALTER TABLE grants ADD COLUMN user_id INTEGER;
ALTER TABLE grants ADD COLUMN instance_id INTEGER;
-- Live ones only: what a person sees and withdraws.
CREATE INDEX grants_by_user ON grants (user_id, id) WHERE user_id IS NOT NULL AND revoked_at IS NULL;

-- A code that was used stays until forget_at, so that a second use is noticed. submission: of the consent form, so that
-- a form that is sent twice gives one code.
CREATE TABLE codes (
    id INTEGER PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    client_id INTEGER NOT NULL,
    grant_id INTEGER NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT,
    submission BLOB NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL,
    forget_at INTEGER NOT NULL,
    used_at INTEGER
);
CREATE INDEX codes_by_end ON codes (forget_at);

-- Links in mails: what whoever holds one may do, once. content: what it is about (a new e-mail address).
CREATE TABLE tickets (
    id INTEGER PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    user_id INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    content TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX tickets_by_user ON tickets (user_id, purpose);
CREATE INDEX tickets_by_end ON tickets (expires_at);

-- The outbox. due_at: when it is tried next.
CREATE TABLE mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    realm_id INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempt_count INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX mails_by_due ON mails (due_at, id);
