-- What clients did, by rule and hour; hours become days when they are old. Times are UTC's; client_id 0 is nobody known.
-- subjects and times are sketches of the meter's; NULL is empty.
--
-- The key begins with the time: rows are appended, and old ones leave as a range.

CREATE TABLE usage_hours (
    begins_at INTEGER NOT NULL,
    realm_id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    rule TEXT NOT NULL,
    requests INTEGER NOT NULL,
    refused_token INTEGER NOT NULL,
    refused_scope INTEGER NOT NULL,
    refused_limit INTEGER NOT NULL,
    refused_rule INTEGER NOT NULL,
    refused_other INTEGER NOT NULL,
    points INTEGER NOT NULL,
    tokens_issued INTEGER NOT NULL,
    subjects BLOB,
    times BLOB,
    PRIMARY KEY (begins_at, realm_id, client_id, rule)
);
CREATE INDEX usage_hours_by_client ON usage_hours (client_id, begins_at);

CREATE TABLE usage_days (
    begins_at INTEGER NOT NULL,
    realm_id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    rule TEXT NOT NULL,
    requests INTEGER NOT NULL,
    refused_token INTEGER NOT NULL,
    refused_scope INTEGER NOT NULL,
    refused_limit INTEGER NOT NULL,
    refused_rule INTEGER NOT NULL,
    refused_other INTEGER NOT NULL,
    points INTEGER NOT NULL,
    tokens_issued INTEGER NOT NULL,
    subjects BLOB,
    times BLOB,
    PRIMARY KEY (begins_at, realm_id, client_id, rule)
);
CREATE INDEX usage_days_by_client ON usage_days (client_id, begins_at);
