-- A paper may wait for its signer's hand (ADR 0250): it is drawn, not signed and not issued.
ALTER TABLE result_result ADD COLUMN hand %TEXT% NOT NULL DEFAULT '';       -- '', waits, given
ALTER TABLE result_result ADD COLUMN drawn_sha %TEXT% NOT NULL DEFAULT '';  -- of the file that waits
ALTER TABLE result_result ADD COLUMN drawn_size %INT% NOT NULL DEFAULT 0;
ALTER TABLE result_result ADD COLUMN drawn_at %INT% NOT NULL DEFAULT 0;
ALTER TABLE result_result ADD COLUMN place %TEXT% NOT NULL DEFAULT '';      -- where the signature shows
ALTER TABLE result_result ADD COLUMN batch %INT% NOT NULL DEFAULT 0;        -- the act in which it was signed
ALTER TABLE result_result ADD COLUMN fault %TEXT% NOT NULL DEFAULT '';      -- why it could not be signed: key of the sentence
CREATE INDEX result_result_hand ON result_result (signer, id) WHERE hand <> '';
CREATE INDEX result_result_batch ON result_result (batch, id) WHERE batch <> 0;

-- One act of a signer over many papers.
CREATE TABLE result_batch (
  id      %INT%  NOT NULL PRIMARY KEY,
  actor   %INT%  NOT NULL,
  at      %INT%  NOT NULL,
  asked   %INT%  NOT NULL,   -- papers that were marked
  refused %TEXT% NOT NULL    -- those that could not be taken, with why; JSON
) %STRICT%;

-- How an agency signs, where it chose: by the act that decides, or each paper by hand.
CREATE TABLE result_choice (
  unit    %INT%  NOT NULL PRIMARY KEY,
  batch   %INT%  NOT NULL,
  by_name %TEXT% NOT NULL,
  at      %INT%  NOT NULL
) %STRICT%;
