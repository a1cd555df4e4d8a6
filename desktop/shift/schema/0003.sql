-- Whom the agent has promised to call back. What is needed of its shift stands here, too, so that a callback needs no shift to be kept.

CREATE TABLE callback (
    id           INTEGER PRIMARY KEY,
    shift_id     INTEGER NOT NULL,
    call_id      TEXT    NOT NULL,              -- the call in which it was agreed
    place        TEXT    NOT NULL,              -- shift.service
    campaign_id  INTEGER NOT NULL,
    due_at       TEXT    NOT NULL,              -- in UTC like every time here, so that the soonest is the smallest
    zone         TEXT    NOT NULL,              -- on whose clock it was agreed (America/Chicago); empty: on the agent's own
    caller       TEXT    NOT NULL,
    phone_number TEXT    NOT NULL,
    agreed_at    TEXT    NOT NULL,
    done_at      TEXT,                          -- empty: still to be done
    UNIQUE (shift_id, call_id)
);

CREATE INDEX open_callbacks ON callback (due_at) WHERE done_at IS NULL;
