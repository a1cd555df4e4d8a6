-- Notes that will never get to the call center are offered to the agent until they are put away; see Journal.kept_notes.

ALTER TABLE call ADD COLUMN put_away_at TEXT;  -- empty: still offered
