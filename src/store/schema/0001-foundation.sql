-- The first tables.
--
-- Ids of applications, clients, accounts and grants are never given twice (AUTOINCREMENT): a token of a deleted client
-- must not become a token of the next one. Times are seconds since 1970; NULL is never. Nothing refers by FOREIGN KEY:
-- what a deleted row leaves behind is dead by look-up and swept in slices.

CREATE TABLE realms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    realm_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    suspended_at INTEGER
);
CREATE INDEX applications_by_realm ON applications (realm_id, id);

CREATE TABLE clients (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    realm_id INTEGER NOT NULL,
    application_id INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    environment TEXT NOT NULL,
    scope TEXT,
    flags INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    suspended_at INTEGER,
    UNIQUE (realm_id, client_id)
);
CREATE INDEX clients_by_application ON clients (application_id, id);

CREATE TABLE secrets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id INTEGER NOT NULL,
    label TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER,
    expires_at INTEGER
);
CREATE INDEX secrets_by_client ON secrets (client_id, id);

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    realm_id INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    suspended_at INTEGER,
    UNIQUE (realm_id, account_id)
);

-- AUTOINCREMENT here too: readers remember the text of a number without asking whether it is still there.
CREATE TABLE scope_sets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL UNIQUE
);

-- ends_at: when the last of its tokens expires; NULL while it has one that never does; 0 while it has none.
CREATE TABLE grants (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id INTEGER NOT NULL,
    account_id INTEGER,
    scope_set INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER,
    ends_at INTEGER
);

-- Rows are appended in the order of their ids and leave as ranges, so there is no further index.
CREATE TABLE access_tokens (
    id INTEGER PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    client_id INTEGER NOT NULL,
    grant_id INTEGER,
    scope_set INTEGER NOT NULL,
    expires_at INTEGER
);

CREATE TABLE refresh_tokens (
    id INTEGER PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    client_id INTEGER NOT NULL,
    grant_id INTEGER NOT NULL,
    scope_set INTEGER NOT NULL,
    expires_at INTEGER,
    rotated_at INTEGER,
    successor_id INTEGER,
    successor_access_id INTEGER
);

-- Ids up to here may have been given; moved ahead a second at a time.
CREATE TABLE token_ids (
    reserved_until INTEGER NOT NULL
);
INSERT INTO token_ids (reserved_until) VALUES (0);

-- Ids below swept_until hold no token of this lifetime that has expired.
CREATE TABLE lifetimes (
    lifetime_seconds INTEGER PRIMARY KEY,
    swept_until INTEGER NOT NULL
);

-- Sweeps over a whole table. position: the next id to look at, 0 when none is under way. is_wanted: asked for since the
-- last one began.
CREATE TABLE passes (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    is_wanted INTEGER NOT NULL
);
INSERT INTO passes (name, position, begun_at, is_wanted) VALUES ('grants', 0, 0, 0), ('tokens', 0, 0, 0);

-- The search for scope sets that no row names. stage: 0 when none is under way. position: the next id to look at in the
-- stage's table. Tokens and sets above the two ends are newer than the search: it leaves them alone.
CREATE TABLE scope_sweep (
    stage INTEGER NOT NULL,
    position INTEGER NOT NULL,
    tokens_end INTEGER NOT NULL,
    sets_end INTEGER NOT NULL
);
INSERT INTO scope_sweep (stage, position, tokens_end, sets_end) VALUES (0, 0, 0, 0);

-- The sets that it has found in use.
CREATE TABLE scope_marks (
    scope_set INTEGER PRIMARY KEY
);
