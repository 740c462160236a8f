-- One row an entry: which register, whose, and which version stands.
CREATE TABLE record_entry (
  id       %INT%  NOT NULL PRIMARY KEY,
  register %TEXT% NOT NULL,
  unit     %INT%  NOT NULL,
  version  %INT%  NOT NULL
) %STRICT%;
CREATE INDEX record_entry_unit ON record_entry (register, unit, id);

-- One row a version. Rows are only added.
CREATE TABLE record_version (
  entry       %INT%  NOT NULL,
  version     %INT%  NOT NULL,
  key         %TEXT% NOT NULL,
  status      %TEXT% NOT NULL,  -- inForce, suspended, revoked
  body        %TEXT% NOT NULL,  -- values by field, JSON as it was hashed
  valid_from  %TEXT% NOT NULL,  -- days; '' is open
  valid_until %TEXT% NOT NULL,
  source_type %TEXT% NOT NULL,
  source      %INT%  NOT NULL,
  source_code %TEXT% NOT NULL,
  act         %TEXT% NOT NULL,
  effective   %TEXT% NOT NULL,  -- day since when this version counts
  recorded    %INT%  NOT NULL,
  actor       %INT%  NOT NULL,
  by_name     %TEXT% NOT NULL,
  reason      %TEXT% NOT NULL,
  authority   %TEXT% NOT NULL,
  PRIMARY KEY (entry, version)
) %STRICT%;

-- Values that no two entries in force share.
CREATE TABLE record_key (
  register %TEXT% NOT NULL,
  fields   %TEXT% NOT NULL,
  value    %TEXT% NOT NULL,
  entry    %INT%  NOT NULL,
  PRIMARY KEY (register, fields, value)
) %STRICT%;
CREATE INDEX record_key_entry ON record_key (entry);

-- Folded words that an entry is found by.
CREATE TABLE record_word (
  register %TEXT% NOT NULL,
  word     %TEXT% NOT NULL,
  entry    %INT%  NOT NULL,
  PRIMARY KEY (register, word, entry)
) %STRICT%;
CREATE INDEX record_word_entry ON record_word (entry);
