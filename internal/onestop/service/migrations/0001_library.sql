-- Packages that were submitted, and what became of each. The newest act is kept on the
-- row; every act is an entry of the journal.
CREATE TABLE service_submission (
  id             %INT%  PRIMARY KEY,
  service        %TEXT% NOT NULL,
  version        %TEXT% NOT NULL,
  digest         %TEXT% NOT NULL,            -- of the package's manifest
  procedure      %TEXT% NOT NULL,            -- national code
  author         %TEXT% NOT NULL,            -- name of the key that signed
  state          %TEXT% NOT NULL,            -- submitted, reviewed, published, retired, rejected
  submitted_by   %INT%  NOT NULL,
  submitted_name %TEXT% NOT NULL,
  submitted_at   %INT%  NOT NULL,
  reviewed_by    %INT%  NOT NULL,            -- 0 before
  reviewed_name  %TEXT% NOT NULL,
  reviewed_at    %INT%  NOT NULL,
  published_by   %INT%  NOT NULL,
  published_name %TEXT% NOT NULL,
  published_at   %INT%  NOT NULL,
  from_day       %TEXT% NOT NULL,            -- first day in force; '' before publication
  until_day      %TEXT% NOT NULL,            -- first day on which it is no more; '' while it is
  retired_by     %INT%  NOT NULL,
  retired_name   %TEXT% NOT NULL,
  reason         %TEXT% NOT NULL,            -- of the rejection or the retirement
  row_version    %INT%  NOT NULL
) %STRICT%;

-- One version of a service is one package: another is refused unless the first was rejected.
CREATE UNIQUE INDEX service_submission_version ON service_submission (service, version) WHERE state <> 'rejected';
CREATE INDEX service_submission_state ON service_submission (state, id);

-- The packages themselves, as archives of a few ten KB. They stand in the database, so that
-- each node can load a new one within a second and every backup holds them.
CREATE TABLE service_content (
  digest  %TEXT%  PRIMARY KEY,
  archive %BYTES% NOT NULL                   -- zip, with the signatures in MANIFEST
) %STRICT%;

-- Keys of the authors that the city takes packages from.
CREATE TABLE service_author (
  name       %TEXT% PRIMARY KEY,
  public_key %TEXT% NOT NULL,
  added_by   %INT%  NOT NULL,
  added_at   %INT%  NOT NULL
) %STRICT%;

-- Goes up by one with every publication and retirement, so that each node sees when to read again.
CREATE TABLE service_epoch (
  one %INT% NOT NULL PRIMARY KEY,
  n   %INT% NOT NULL
) %STRICT%;

INSERT INTO service_epoch (one, n) VALUES (1, 0);
