-- What the agent has entered in the form of the campaign, by the questions' ids, as JSON: a part of the draft.

ALTER TABLE call ADD COLUMN answers TEXT NOT NULL DEFAULT '{}';
