-- New dates that a change of the calendar makes right, until somebody has decided on each.
CREATE TABLE dossier_redate (
  id         %INT%  NOT NULL PRIMARY KEY,
  dossier_id %INT%  NOT NULL,
  change     %INT%  NOT NULL,                -- of the calendar (holiday)
  unit       %INT%  NOT NULL,                -- agency that promised the date
  old_due    %INT%  NOT NULL,
  new_due    %INT%  NOT NULL,                -- never earlier
  days       %INT%  NOT NULL,                -- working days between the two
  count      %TEXT% NOT NULL,                -- how new_due was counted
  was        %TEXT% NOT NULL,                -- the occasion on which old_due was counted
  status     %TEXT% NOT NULL,                -- open, accepted, kept
  made_at    %INT%  NOT NULL,
  decided_by %TEXT% NOT NULL,
  decided_at %INT%,
  reason     %TEXT% NOT NULL                 -- why the printed date was kept
) %STRICT%;
CREATE UNIQUE INDEX dossier_redate_open ON dossier_redate (dossier_id) WHERE status = 'open';
CREATE INDEX dossier_redate_unit ON dossier_redate (unit, old_due, id) WHERE status = 'open';
