-- Papers that somebody signs with a key which is not in this house (ADR 0251).
CREATE TABLE signature_errand (
  id    %INT%  NOT NULL PRIMARY KEY,
  owner %INT%  NOT NULL,   -- account
  kind  %TEXT% NOT NULL,   -- application, result
  chain %BYTES% NOT NULL,  -- certificates, DER one behind the other, the signer's first
  at    %INT%  NOT NULL
) %STRICT%;
CREATE TABLE signature_paper (
  id            %INT%  NOT NULL PRIMARY KEY,
  errand        %INT%  NOT NULL,
  subject_type  %TEXT% NOT NULL,
  subject_id    %INT%  NOT NULL,
  name          %TEXT% NOT NULL,
  reason        %TEXT% NOT NULL,
  of_sha        %TEXT% NOT NULL,   -- the file as it was
  prepared_sha  %TEXT% NOT NULL,   -- with room for the signature
  prepared_size %INT%  NOT NULL,
  gap_from      %INT%  NOT NULL,
  gap_to        %INT%  NOT NULL,
  attributes    %BYTES% NOT NULL,  -- what is signed
  signed_sha    %TEXT% NOT NULL,
  signed_size   %INT%  NOT NULL,
  signed_at     %INT%  NOT NULL,
  signer        %TEXT% NOT NULL    -- name in the certificate
) %STRICT%;
CREATE INDEX signature_paper_errand ON signature_paper (errand, id);
CREATE INDEX signature_paper_subject ON signature_paper (subject_type, subject_id, id);
