-- What was erased, by number: a restore of an earlier instant erases it again.
CREATE TABLE backup_erasure (
  id   %INT%  NOT NULL PRIMARY KEY,          -- journal entry that says it
  at   %INT%  NOT NULL,
  kind %TEXT% NOT NULL,
  target %INT% NOT NULL
) %STRICT%;
