-- The packages that came with the program, each text that there ever was here: a dossier goes on
-- by the one that it was filed under. The archives stand in service_content.
CREATE TABLE service_base (
  digest   %TEXT% NOT NULL PRIMARY KEY,
  service  %TEXT% NOT NULL,
  version  %TEXT% NOT NULL,
  first_at %INT%  NOT NULL
) %STRICT%;
