-- Dossiers that came from another system: the same row again adds nothing.
CREATE TABLE dossier_adopted (
  code       %TEXT% NOT NULL PRIMARY KEY,
  dossier_id %INT%  NOT NULL,
  hash       %TEXT% NOT NULL,                -- of the row, so that a changed one is told
  recorded   %INT%  NOT NULL
) %STRICT%;
