-- Whose account is whose. A person has at most one; who linked it, and on what ground, stands in the journal too.
CREATE TABLE person_account (
  account   %INT%  NOT NULL PRIMARY KEY,
  person    %INT%  NOT NULL UNIQUE,
  basis     %TEXT% NOT NULL,              -- counter, national
  by_name   %TEXT% NOT NULL,
  linked_at %INT%  NOT NULL
) %STRICT%;

-- A code that the owner of an account reads to a clerk. Only its keyed digest is kept; it works once.
CREATE TABLE person_code (
  account %INT%  NOT NULL PRIMARY KEY,
  digest  %TEXT% NOT NULL,
  expires %INT%  NOT NULL,
  tries   %INT%  NOT NULL
) %STRICT%;

-- A check of somebody's card at a counter, up to the link that it makes.
CREATE TABLE person_check (
  id           %INT%   NOT NULL PRIMARY KEY,
  account      %INT%   NOT NULL,
  sealed       %BYTES% NOT NULL,          -- number and facts of the card
  unit         %TEXT%  NOT NULL,
  officer      %INT%   NOT NULL,
  officer_name %TEXT%  NOT NULL,
  state        %TEXT%  NOT NULL,          -- open, waiting (for a colleague), linked, refused
  second       %INT%   NOT NULL,
  second_name  %TEXT%  NOT NULL,
  made_at      %INT%   NOT NULL,
  version      %INT%   NOT NULL
) %STRICT%;
CREATE INDEX person_check_waiting ON person_check (unit, id) WHERE state = 'waiting';

-- A row that was merged points at the one that is read instead of it; nothing else of it changes, so that a merge can be undone.
ALTER TABLE person_person ADD COLUMN merged_into %INT% NOT NULL DEFAULT 0;
ALTER TABLE person_person ADD COLUMN died %TEXT% NOT NULL DEFAULT '';
ALTER TABLE person_person ADD COLUMN birth_index %TEXT% NOT NULL DEFAULT '';  -- name and day of birth
ALTER TABLE person_person ADD COLUMN call_index %TEXT% NOT NULL DEFAULT '';   -- name and telephone number
CREATE INDEX person_person_birth ON person_person (birth_index) WHERE birth_index <> '';
CREATE INDEX person_person_call ON person_person (call_index) WHERE call_index <> '';
CREATE INDEX person_person_merged ON person_person (merged_into) WHERE merged_into <> 0;

-- Two rows that somebody compared and found to be two people.
CREATE TABLE person_distinct (
  low  %INT% NOT NULL,
  high %INT% NOT NULL,
  PRIMARY KEY (low, high)
) %CLUSTERED%;

CREATE TABLE person_merge (
  id      %INT%  NOT NULL PRIMARY KEY,
  kept    %INT%  NOT NULL,
  gone    %INT%  NOT NULL,
  reason  %TEXT% NOT NULL,
  by_name %TEXT% NOT NULL,
  made_at %INT%  NOT NULL,
  undone  %BOOL% NOT NULL
) %STRICT%;

-- Businesses and other bodies by tax code: public facts, not sealed.
CREATE TABLE person_business (
  id         %INT%  NOT NULL PRIMARY KEY,
  tax_code   %TEXT% NOT NULL UNIQUE,       -- 0100109106, 0100109106-001
  enterprise %TEXT% NOT NULL,              -- enterprise code where it differs; ''
  name       %TEXT% NOT NULL,
  address    %TEXT% NOT NULL,
  legal_name %TEXT% NOT NULL,              -- of the representative, as the certificate has it
  legal_mark %TEXT% NOT NULL,              -- keyed digest of their number; ''
  source     %TEXT% NOT NULL,
  seen_at    %INT%  NOT NULL,
  version    %INT%  NOT NULL
) %STRICT%;
