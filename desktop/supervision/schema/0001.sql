-- The audit log: what team leads had done. Times are ISO 8601 in UTC. No secret is ever written here, and no row is ever changed.

CREATE TABLE asked (                            -- written before anything is sent
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    at          TEXT    NOT NULL,
    who         TEXT    NOT NULL,               -- the system's user and computer
    service     TEXT    NOT NULL,               -- the WSDL address
    function    TEXT    NOT NULL,               -- as the WSDL calls it
    campaign_id INTEGER NOT NULL,
    agent_id    TEXT    NOT NULL,               -- empty: the function is not about an agent
    reason      TEXT    NOT NULL,               -- the lead's own words
    given       TEXT    NOT NULL                -- what else the function was given, as JSON
);

CREATE TABLE answered (                         -- written when it is known what came of it; without it, nobody knows
    number  INTEGER PRIMARY KEY REFERENCES asked (number),
    at      TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'not sent', 'not known')),
    answer  TEXT NOT NULL                       -- what the service returned or said; or why it is not known
);

CREATE TRIGGER asked_is_not_changed BEFORE UPDATE ON asked BEGIN SELECT raise(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER asked_is_not_deleted BEFORE DELETE ON asked BEGIN SELECT raise(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER asked_is_not_replaced BEFORE INSERT ON asked WHEN EXISTS (SELECT 1 FROM asked WHERE number = NEW.number)
    BEGIN SELECT raise(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER answered_is_not_changed BEFORE UPDATE ON answered BEGIN SELECT raise(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER answered_is_not_deleted BEFORE DELETE ON answered BEGIN SELECT raise(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER answered_is_not_replaced BEFORE INSERT ON answered WHEN EXISTS (SELECT 1 FROM answered WHERE number = NEW.number)
    BEGIN SELECT raise(ABORT, 'the audit log is not changed'); END;
