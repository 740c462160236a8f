-- What others said about a checkpoint: the signature line of a witness (C2SP cosignature/v1).
CREATE TABLE journal_cosignature (
    size %INT%  NOT NULL,
    name %TEXT% NOT NULL,
    at   %INT%  NOT NULL,
    line %TEXT% NOT NULL,
    PRIMARY KEY (size, name)
) %CLUSTERED%;

-- Tokens of an authority for time (RFC 3161) over SHA-256 of a checkpoint's signed note.
CREATE TABLE journal_timestamp (
    size  %INT%   NOT NULL PRIMARY KEY,
    at    %INT%   NOT NULL,
    token %BYTES% NOT NULL
) %STRICT%;

-- Restores. cut: entries that the log held when the epoch was opened; old: the signed checkpoint
-- that the city had given before, which may have been larger. The first epoch has no row.
CREATE TABLE journal_epoch (
    epoch %INT%  NOT NULL PRIMARY KEY,
    cut   %INT%  NOT NULL,
    at    %INT%  NOT NULL,
    entry %INT%  NOT NULL,
    old   %TEXT% NOT NULL
) %STRICT%;

--sqlite CREATE TRIGGER journal_epoch_no_update BEFORE UPDATE ON journal_epoch
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: an epoch is never changed'); END;
--sqlite CREATE TRIGGER journal_epoch_no_delete BEFORE DELETE ON journal_epoch
--sqlite BEGIN SELECT RAISE(ABORT, 'journal: an epoch is never deleted'); END;
--pg CREATE TRIGGER journal_epoch_fixed BEFORE UPDATE OR DELETE ON journal_epoch FOR EACH ROW EXECUTE FUNCTION journal_refuse();
--pg CREATE TRIGGER journal_epoch_no_truncate BEFORE TRUNCATE ON journal_epoch EXECUTE FUNCTION journal_refuse();
