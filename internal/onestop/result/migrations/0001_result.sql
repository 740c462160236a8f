-- One row a result. Its number, dossier and day never change; its state does.
CREATE TABLE result_result (
  id          %INT%  NOT NULL PRIMARY KEY,
  dossier     %INT%  NOT NULL,
  code        %TEXT% NOT NULL,
  public      %TEXT% NOT NULL,   -- by which the paper is found
  service     %TEXT% NOT NULL,
  package     %TEXT% NOT NULL,
  kind        %TEXT% NOT NULL,
  register    %TEXT% NOT NULL,
  unit        %INT%  NOT NULL,
  number      %INT%  NOT NULL,   -- of book_number
  number_text %TEXT% NOT NULL,
  holder      %TEXT% NOT NULL,   -- initials
  signer      %INT%  NOT NULL,
  signer_name %TEXT% NOT NULL,
  state       %TEXT% NOT NULL,   -- intended, issued, failed, replaced, revoked
  at          %INT%  NOT NULL,
  sha256      %TEXT% NOT NULL,
  size        %INT%  NOT NULL,
  signed      %INT%  NOT NULL,
  entry       %INT%  NOT NULL,   -- of record_entry; 0
  replaces    %INT%  NOT NULL,
  after       %INT%  NOT NULL,
  changes     %TEXT% NOT NULL,   -- of a correction
  issued_at   %INT%  NOT NULL,
  ended_at    %INT%  NOT NULL,
  ended_by    %TEXT% NOT NULL,
  reason      %TEXT% NOT NULL,
  basis       %TEXT% NOT NULL,
  posted_at   %INT%  NOT NULL,
  tracking    %TEXT% NOT NULL,
  version     %INT%  NOT NULL
) %STRICT%;
CREATE UNIQUE INDEX result_result_public ON result_result (public);
CREATE INDEX result_result_dossier ON result_result (dossier, id);
CREATE INDEX result_result_unit ON result_result (unit, id);
-- Of one dossier one result is being made at a time, and one stands.
CREATE UNIQUE INDEX result_result_making ON result_result (dossier) WHERE state = 'intended';
CREATE UNIQUE INDEX result_result_stands ON result_result (dossier) WHERE state = 'issued';
