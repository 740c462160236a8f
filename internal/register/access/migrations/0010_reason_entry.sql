-- The journal entry of a reason, by which its words go at the end of its term; 0 of a reason
-- from before.
ALTER TABLE access_reason ADD COLUMN entry %INT% NOT NULL DEFAULT 0;
