-- The embedded facts of each program that ever ran here, so that a date counted by them
-- can be counted again.
CREATE TABLE holiday_edition (
  version  %TEXT% NOT NULL PRIMARY KEY,
  facts    %TEXT% NOT NULL,
  recorded %INT%  NOT NULL
) %STRICT%;

-- What the city adds. A row changes once: when it is decided.
CREATE TABLE holiday_change (
  id            %INT%  NOT NULL PRIMARY KEY,
  unit          %INT%  NOT NULL,             -- 0: the whole city
  kind          %TEXT% NOT NULL,             -- what was asked for, as the form calls it
  body          %TEXT% NOT NULL,             -- days, days taken back, week
  source        %TEXT% NOT NULL,             -- the decision it rests on
  status        %TEXT% NOT NULL,             -- proposed, approved, rejected
  number        %INT%,                       -- of the version it made; none until approved
  proposer      %INT%  NOT NULL,
  proposer_name %TEXT% NOT NULL,
  proposed_at   %INT%  NOT NULL,
  decider       %INT%  NOT NULL,             -- 0 until decided
  decider_name  %TEXT% NOT NULL,
  decided_at    %INT%,
  reason        %TEXT% NOT NULL              -- why it was rejected
) %STRICT%;
CREATE UNIQUE INDEX holiday_change_number ON holiday_change (number) WHERE number IS NOT NULL;
CREATE INDEX holiday_change_unit ON holiday_change (unit, id);

-- Goes up by one with every approval, so that each node sees when to read again.
CREATE TABLE holiday_epoch (
  one %INT% NOT NULL PRIMARY KEY,
  n   %INT% NOT NULL
) %STRICT%;
INSERT INTO holiday_epoch (one, n) VALUES (1, 0);
