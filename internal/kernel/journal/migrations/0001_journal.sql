-- One row an entry. digest = SHA-256(salt ‖ payload); salt and payload become NULL
-- when the entry is erased, nothing else ever changes.
CREATE TABLE journal_entry (
    id           %INT%   NOT NULL PRIMARY KEY,
    at           %INT%   NOT NULL,
    occurred     %INT%   NOT NULL,
    kind         %TEXT%  NOT NULL,
    subject_type %TEXT%  NOT NULL,
    subject_id   %INT%   NOT NULL,
    actor        %INT%   NOT NULL,
    unit         %TEXT%  NOT NULL,
    request      %TEXT%  NOT NULL,
    digest       %BYTES% NOT NULL,
    salt         %BYTES%,
--pg xid        BIGINT  NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    payload      %BYTES%
) %BY_RANGE(id)%;

-- Ids are unique over all types, so the type would only make the index longer.
CREATE INDEX journal_entry_subject ON journal_entry (subject_id, id);

-- What the sequencer has not numbered yet lies at the end of the table: a BRIN
-- index finds it and costs an insert next to nothing.
--pg CREATE INDEX journal_entry_xid ON journal_entry USING brin (xid) WITH (pages_per_range = 16, autosummarize = on);

-- Ids carry their time: 2016 + (id >> 22) ms. A range a year, and one on each side.
--pg CREATE TABLE journal_entry_early PARTITION OF journal_entry FOR VALUES FROM (MINVALUE) TO (1191531302092800000);
--pg CREATE TABLE journal_entry_2025  PARTITION OF journal_entry FOR VALUES FROM (1191531302092800000) TO (1323802873036800000);
--pg CREATE TABLE journal_entry_2026  PARTITION OF journal_entry FOR VALUES FROM (1323802873036800000) TO (1456074443980800000);
--pg CREATE TABLE journal_entry_late  PARTITION OF journal_entry FOR VALUES FROM (1456074443980800000) TO (MAXVALUE);

-- Entries in the order of the log: count entries from number first on. ids: varint
-- differences. hashes: the tree's stored hashes that these entries complete, in the order
-- of sumdb/tlog. edge: roots of the perfect subtrees after the batch, left to right.
CREATE TABLE journal_batch (
    first  %INT%   NOT NULL PRIMARY KEY,
    count  %INT%   NOT NULL,
    at     %INT%   NOT NULL,
    xid    %INT%   NOT NULL,
    ids    %BYTES% NOT NULL,
    hashes %BYTES% NOT NULL,
    edge   %BYTES% NOT NULL
) %STRICT%;
CREATE INDEX journal_batch_at ON journal_batch (at);

CREATE TABLE journal_checkpoint (
    size %INT%   NOT NULL PRIMARY KEY,
    at   %INT%   NOT NULL,
    note %TEXT%  NOT NULL
) %STRICT%;

-- How far each follower has come: the number of the next entry it will read.
CREATE TABLE journal_cursor (
    name %TEXT% NOT NULL PRIMARY KEY,
    seq  %INT%  NOT NULL
) %CLUSTERED%;

-- The engines refuse what the program never does.
--sqlite CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry
--sqlite WHEN NOT (NEW.id IS OLD.id AND NEW.at IS OLD.at AND NEW.occurred IS OLD.occurred AND NEW.kind IS OLD.kind
--sqlite     AND NEW.subject_type IS OLD.subject_type AND NEW.subject_id IS OLD.subject_id AND NEW.actor IS OLD.actor
--sqlite     AND NEW.unit IS OLD.unit AND NEW.request IS OLD.request AND NEW.digest IS OLD.digest
--sqlite     AND NEW.salt IS NULL AND NEW.payload IS NULL)
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: an entry is never changed'); END;
--sqlite CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: an entry is never deleted'); END;
--sqlite CREATE TRIGGER journal_batch_no_update BEFORE UPDATE ON journal_batch
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: a batch is never changed'); END;
--sqlite CREATE TRIGGER journal_batch_no_delete BEFORE DELETE ON journal_batch
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: a batch is never deleted'); END;
--sqlite CREATE TRIGGER journal_checkpoint_no_update BEFORE UPDATE ON journal_checkpoint
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: a checkpoint is never changed'); END;
--sqlite CREATE TRIGGER journal_checkpoint_no_delete BEFORE DELETE ON journal_checkpoint
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: a checkpoint is never deleted'); END;

--pg CREATE FUNCTION journal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
--pg BEGIN
--pg     RAISE EXCEPTION 'journal: a row of % is never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
--pg END $$;
--pg CREATE TRIGGER journal_entry_no_update BEFORE UPDATE ON journal_entry FOR EACH ROW
--pg     WHEN ((NEW.id, NEW.at, NEW.occurred, NEW.kind, NEW.subject_type, NEW.subject_id, NEW.actor, NEW.unit, NEW.request, NEW.digest, NEW.xid)
--pg         IS DISTINCT FROM (OLD.id, OLD.at, OLD.occurred, OLD.kind, OLD.subject_type, OLD.subject_id, OLD.actor, OLD.unit, OLD.request, OLD.digest, OLD.xid)
--pg         OR NEW.salt IS NOT NULL OR NEW.payload IS NOT NULL)
--pg     EXECUTE FUNCTION journal_refuse();
--pg CREATE TRIGGER journal_entry_no_delete BEFORE DELETE ON journal_entry FOR EACH ROW EXECUTE FUNCTION journal_refuse();
--pg CREATE TRIGGER journal_entry_no_truncate BEFORE TRUNCATE ON journal_entry EXECUTE FUNCTION journal_refuse();
--pg CREATE TRIGGER journal_batch_fixed BEFORE UPDATE OR DELETE ON journal_batch FOR EACH ROW EXECUTE FUNCTION journal_refuse();
--pg CREATE TRIGGER journal_batch_no_truncate BEFORE TRUNCATE ON journal_batch EXECUTE FUNCTION journal_refuse();
--pg CREATE TRIGGER journal_checkpoint_fixed BEFORE UPDATE OR DELETE ON journal_checkpoint FOR EACH ROW EXECUTE FUNCTION journal_refuse();
--pg CREATE TRIGGER journal_checkpoint_no_truncate BEFORE TRUNCATE ON journal_checkpoint EXECUTE FUNCTION journal_refuse();
