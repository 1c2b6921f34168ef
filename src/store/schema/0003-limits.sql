-- Limits of requests.

-- The plan whose limits hold for the client; NULL: the realm's default for the client's environment.
ALTER TABLE clients ADD COLUMN plan TEXT;
CREATE INDEX clients_by_plan ON clients (realm_id, plan) WHERE plan IS NOT NULL;

-- How far limits are used up: written each second for those that have changed. owner: clients.id. subject: 0 for the
-- client as a whole. window_id: which limit, by a digest of what it says.
CREATE TABLE windows (
    owner INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    window_id INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (owner, subject, window_id)
) WITHOUT ROWID;
CREATE INDEX windows_by_end ON windows (ends_at);
