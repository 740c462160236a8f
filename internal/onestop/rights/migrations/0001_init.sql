-- What an account said about a use of its data. Who said nothing has no row.
CREATE TABLE rights_consent (
  account %INT%  NOT NULL,
  purpose %TEXT% NOT NULL,
  given   %BOOL% NOT NULL,
  at      %INT%  NOT NULL,
  PRIMARY KEY (account, purpose)
) %CLUSTERED%;

-- Questions about looks, and requests about data: each a case with a term.
CREATE TABLE rights_request (
  id          %INT%  NOT NULL PRIMARY KEY,
  account     %INT%  NOT NULL,
  name        %TEXT% NOT NULL,
  kind        %TEXT% NOT NULL,               -- question, correction, restriction, objection, deletion
  type        %TEXT% NOT NULL,               -- of about: dossier, person, account
  about       %INT%  NOT NULL,
  code        %TEXT% NOT NULL,
  look        %INT%  NOT NULL,               -- of a question; else 0
  looker      %INT%  NOT NULL,               -- who looked: never answers
  words       %TEXT% NOT NULL,
  fact        %TEXT% NOT NULL,               -- of a correction
  value       %TEXT% NOT NULL,
  paper       %TEXT% NOT NULL,               -- SHA-256 of what proves it
  paper_name  %TEXT% NOT NULL,
  paper_size  %INT%  NOT NULL,
  unit        %INT%  NOT NULL,               -- that answers
  state       %TEXT% NOT NULL,               -- open, granted, refused, answered
  made_at     %INT%  NOT NULL,
  due_at      %INT%  NOT NULL,
  warned      %INT%  NOT NULL,               -- 0, 1 near its term, 2 past it
  answer      %TEXT% NOT NULL,
  answerer    %INT%  NOT NULL,
  answered_by %TEXT% NOT NULL,
  answered_at %INT%  NOT NULL
) %STRICT%;
CREATE INDEX rights_request_account ON rights_request (account, id);
CREATE INDEX rights_request_open ON rights_request (due_at) WHERE state = 'open';
CREATE INDEX rights_request_unit ON rights_request (unit, id);

-- Exports of all that is held of an account; the file lies in staging until it expires.
CREATE TABLE rights_export (
  id      %INT%  NOT NULL PRIMARY KEY,
  account %INT%  NOT NULL,
  state   %TEXT% NOT NULL,                   -- waiting, ready, gone
  size    %INT%  NOT NULL,
  made_at %INT%  NOT NULL,
  until   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX rights_export_account ON rights_export (account, id);
CREATE INDEX rights_export_until ON rights_export (until) WHERE state = 'ready';

-- Dossiers whose term is over, gathered for two people to agree.
CREATE TABLE rights_batch (
  id         %INT%  NOT NULL PRIMARY KEY,
  rule       %TEXT% NOT NULL,
  state      %TEXT% NOT NULL,                -- found, agreed, running, done, refused
  n          %INT%  NOT NULL,
  erased     %INT%  NOT NULL,
  found_at   %INT%  NOT NULL,
  first      %INT%  NOT NULL,
  first_name %TEXT% NOT NULL,
  second     %INT%  NOT NULL,
  second_name %TEXT% NOT NULL,
  ended_at   %INT%  NOT NULL
) %STRICT%;
CREATE TABLE rights_due (
  batch   %INT%  NOT NULL,
  dossier %INT%  NOT NULL,
  done    %BOOL% NOT NULL,
  PRIMARY KEY (batch, dossier)
) %CLUSTERED%;
CREATE UNIQUE INDEX rights_due_dossier ON rights_due (dossier);

-- A hold stops the erasure of a dossier until it is lifted.
CREATE TABLE rights_hold (
  dossier   %INT%  NOT NULL PRIMARY KEY,
  code      %TEXT% NOT NULL,
  why       %TEXT% NOT NULL,
  by_account %INT% NOT NULL,
  by_name   %TEXT% NOT NULL,
  at        %INT%  NOT NULL
) %STRICT%;
