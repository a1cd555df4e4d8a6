-- What calls are found by in the history: see Journal.history. The words are taken in with the next response that is settled, and
-- before a search; until then, and again when the entries change, a call is marked as not indexed.

ALTER TABLE call ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;

CREATE INDEX not_indexed ON call (id) WHERE NOT indexed;

-- The words of finding.py, by the call's id. An index for each length of a beginning is what makes a common one as quick as a rare
-- one: without it, all that begins so is read and merged before the newest call is known.
CREATE VIRTUAL TABLE call_words USING fts5 (
    words, detail = 'none', columnsize = 0, tokenize = 'ascii', prefix = '1 2 3 4 5 6 7 8 9 10 11 12'
);

CREATE TRIGGER call_changed AFTER UPDATE OF fields, disposition, notes, answers ON call WHEN old.indexed
BEGIN
    UPDATE call SET indexed = 0 WHERE id = old.id;
END;

CREATE TRIGGER call_deleted AFTER DELETE ON call WHEN old.indexed
BEGIN
    DELETE FROM call_words WHERE rowid = old.id;
END;
