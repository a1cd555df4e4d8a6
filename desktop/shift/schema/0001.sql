-- What must survive a crash. Times are ISO 8601 in UTC. No secret is ever written here.

CREATE TABLE shift (
    id          INTEGER PRIMARY KEY,
    service     TEXT    NOT NULL,               -- the WSDL address, so that nothing is sent to another call center
    campaign_id INTEGER NOT NULL,
    agent_id    TEXT    NOT NULL,
    began_at    TEXT    NOT NULL,
    ended_at    TEXT,                           -- empty: the program did not live to see the end
    ended_how   TEXT
);

CREATE TABLE call (
    id           INTEGER PRIMARY KEY,
    shift_id     INTEGER NOT NULL REFERENCES shift (id),
    call_id      TEXT    NOT NULL,              -- the CallType's id; where `told` is 0, a name of ours
    told         INTEGER NOT NULL DEFAULT 1,    -- 0: the agent heard somebody, the call center never told who it was
    connected_at TEXT    NOT NULL,
    fields       TEXT    NOT NULL,              -- the CallType as received, as JSON
    disposition  TEXT    NOT NULL DEFAULT '',   -- the draft, kept while the agent types
    notes        TEXT    NOT NULL DEFAULT '',
    drafted_at   TEXT,
    UNIQUE (shift_id, call_id)
);

CREATE TABLE response (
    id           INTEGER PRIMARY KEY,
    call         INTEGER NOT NULL UNIQUE REFERENCES call (id),
    disposition  TEXT    NOT NULL,
    notes        TEXT    NOT NULL,
    last         INTEGER NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('sending', 'unsent', 'stored', 'refused', 'unsure')),
    decided_at   TEXT    NOT NULL,
    settled_at   TEXT,
    reason       TEXT    NOT NULL DEFAULT ''
);

CREATE TABLE attempt (
    response   INTEGER NOT NULL REFERENCES response (id),
    number     INTEGER NOT NULL,
    began_at   TEXT    NOT NULL,
    ended_at   TEXT,
    outcome    TEXT,                            -- of this send, as response.state; empty: the program did not live to see it
    PRIMARY KEY (response, number)
) WITHOUT ROWID;

-- Calls that are not stored, as far as anybody knows: never answered, not sent, refused, or in doubt.
CREATE VIEW open_call AS
    SELECT call.shift_id, response.state
    FROM call LEFT JOIN response ON response.call = call.id
    WHERE call.told AND response.state IS NOT 'stored';

CREATE INDEX unfinished_shifts ON shift (id) WHERE ended_at IS NULL;
CREATE INDEX calls_of_a_shift ON call (shift_id);
CREATE INDEX unsettled ON response (state) WHERE state IN ('sending', 'unsent', 'unsure');
