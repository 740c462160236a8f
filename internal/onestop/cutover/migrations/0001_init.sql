-- A file of an old one-stop system, looked at and then brought in. At most one is at work.
CREATE TABLE cutover_import (
  id          %INT%  NOT NULL PRIMARY KEY,
  file        %TEXT% NOT NULL,
  sha256      %TEXT% NOT NULL,
  size        %INT%  NOT NULL,
  account     %INT%  NOT NULL,
  name        %TEXT% NOT NULL,               -- of the account
  units       %TEXT% NOT NULL,               -- JSON: agencies whose dossiers may come in; null: all
  lane        %INT%  NOT NULL,               -- 1: there is one
  status      %TEXT% NOT NULL,               -- checking, checked, running, done, dropped
  total       %INT%  NOT NULL,               -- rows of the file
  unreadable  %INT%  NOT NULL,               -- of these
  place       %INT%  NOT NULL,               -- readable rows that the stage has dealt with
  added       %INT%  NOT NULL,
  open        %INT%  NOT NULL,
  same        %INT%  NOT NULL,
  changed     %INT%  NOT NULL,
  refused     %INT%  NOT NULL,
  doubts      %INT%  NOT NULL,
  uploaded_at %INT%  NOT NULL,
  started_at  %INT%,
  ended_at    %INT%
) %STRICT%;
CREATE UNIQUE INDEX cutover_import_one ON cutover_import (lane) WHERE status IN ('checking', 'running');
CREATE INDEX cutover_import_account ON cutover_import (account, id);

-- The file, while it is needed.
CREATE TABLE cutover_part (
  import_id %INT%   NOT NULL,
  n         %INT%   NOT NULL,
  bytes     %BYTES% NOT NULL,
  PRIMARY KEY (import_id, n)
) %STRICT%;

-- What is to be said of a row, by the stage that found it.
CREATE TABLE cutover_note (
  import_id %INT%  NOT NULL,
  line      %INT%  NOT NULL,
  message   %TEXT% NOT NULL,                 -- key of the sentence
  outcome   %TEXT% NOT NULL,                 -- refused, changed, doubt
  code      %TEXT% NOT NULL,
  params    %TEXT% NOT NULL,                 -- JSON
  PRIMARY KEY (import_id, line, message)
) %CLUSTERED%;
