-- Units that were asked whether one person may receive, verify and sign. Without a row: no.
CREATE TABLE identity_duty (
  unit   %INT%  NOT NULL PRIMARY KEY,
  shared %BOOL% NOT NULL,
  reason %TEXT% NOT NULL,
  set_by %TEXT% NOT NULL,
  set_at %INT%  NOT NULL
) %STRICT%;
