CREATE TABLE apply_draft (
  id         %INT%  PRIMARY KEY,
  key_hash   %TEXT% NOT NULL UNIQUE,
  owner      %INT%  NOT NULL,               -- account, 0 for a visitor
  service    %TEXT% NOT NULL,
  package    %TEXT% NOT NULL,               -- digest of the version it was begun under
  variant    %TEXT% NOT NULL,
  answers    %TEXT% NOT NULL,
  papers     %TEXT% NOT NULL,
  filing     %TEXT% NOT NULL,
  code       %TEXT% NOT NULL,               -- of the dossier it became; '' before
  access     %TEXT% NOT NULL,               -- access key of that dossier
  updated_at %INT%  NOT NULL,
  version    %INT%  NOT NULL
) %STRICT%;
CREATE INDEX apply_draft_owner ON apply_draft (owner, updated_at) WHERE owner <> 0;
CREATE INDEX apply_draft_age ON apply_draft (updated_at);
