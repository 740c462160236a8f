-- The unit whose matter a message is of: that of its dossier or case. 0: of no unit, or older than
-- this column; the city reads it.
ALTER TABLE notify_message ADD COLUMN unit %INT% NOT NULL DEFAULT 0;
CREATE INDEX notify_message_unit ON notify_message (unit, id);
