-- Dossiers that are being taken in.
CREATE TABLE counter_intake (
  id         %INT%  NOT NULL PRIMARY KEY,
  unit       %INT%  NOT NULL,                 -- whose counter
  officer    %INT%  NOT NULL,
  made_by    %TEXT% NOT NULL,
  service    %TEXT% NOT NULL,
  variant    %TEXT% NOT NULL,
  person     %INT%  NOT NULL,                 -- of the register of persons; 0 while unknown
  content    %TEXT% NOT NULL,
  code       %TEXT% NOT NULL,                 -- of the dossier that it became
  act        %TEXT% NOT NULL,
  updated_at %INT%  NOT NULL,
  version    %INT%  NOT NULL
) %STRICT%;
CREATE INDEX counter_intake_open ON counter_intake (unit, updated_at) WHERE code = '';
CREATE INDEX counter_intake_updated ON counter_intake (updated_at);

-- Which person filed which dossier at a counter, and what a counter takes most.
CREATE TABLE counter_filing (
  dossier_id %INT%  NOT NULL PRIMARY KEY,
  person     %INT%  NOT NULL,
  unit       %INT%  NOT NULL,
  service    %TEXT% NOT NULL,
  filed_at   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX counter_filing_person ON counter_filing (person, dossier_id) WHERE person <> 0;
CREATE INDEX counter_filing_unit ON counter_filing (unit, filed_at);

-- Originals that were kept: who holds each, since when.
CREATE TABLE counter_original (
  id          %INT%  NOT NULL PRIMARY KEY,
  dossier_id  %INT%  NOT NULL,
  code        %TEXT% NOT NULL,
  applicant   %TEXT% NOT NULL,
  package     %TEXT% NOT NULL,                -- names the paper
  paper       %TEXT% NOT NULL,
  originals   %INT%  NOT NULL,
  unit        %INT%  NOT NULL,
  holder      %INT%  NOT NULL,                -- account
  holder_name %TEXT% NOT NULL,
  since       %INT%  NOT NULL,
  state       %TEXT% NOT NULL,                -- held, givenBack
  batch       %INT%  NOT NULL,                -- the one open batch that it may stand in; 0: none
  version     %INT%  NOT NULL
) %STRICT%;
CREATE INDEX counter_original_dossier ON counter_original (dossier_id);
CREATE INDEX counter_original_holder ON counter_original (holder, id) WHERE state = 'held';
CREATE INDEX counter_original_unit ON counter_original (unit, id) WHERE state = 'held';

CREATE TABLE counter_batch (
  id        %INT%  NOT NULL PRIMARY KEY,
  from_unit %INT%  NOT NULL,
  giver     %INT%  NOT NULL,
  from_name %TEXT% NOT NULL,
  to_unit   %INT%  NOT NULL,
  receiver  %INT%  NOT NULL,                  -- 0: any post of to_unit
  to_name   %TEXT% NOT NULL,
  papers    %INT%  NOT NULL,                  -- lines
  made_at   %INT%  NOT NULL,
  state     %TEXT% NOT NULL,                  -- open, received, withdrawn
  ended_at  %INT%,
  ended_by  %TEXT% NOT NULL,
  version   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX counter_batch_giver ON counter_batch (giver, id);
CREATE INDEX counter_batch_receiver ON counter_batch (receiver, id) WHERE receiver <> 0;
CREATE INDEX counter_batch_unit ON counter_batch (to_unit, id);

CREATE TABLE counter_line (
  batch    %INT%  NOT NULL,
  original %INT%  NOT NULL,
  refused  %TEXT% NOT NULL,                   -- why the receiver did not take it
  PRIMARY KEY (batch, original)
) %STRICT%;

CREATE TABLE counter_call (
  id         %INT%  NOT NULL PRIMARY KEY,
  dossier_id %INT%  NOT NULL,
  called_at  %INT%  NOT NULL,
  how        %TEXT% NOT NULL,                 -- phone, sms, notice
  called_by  %TEXT% NOT NULL,
  note       %TEXT% NOT NULL
) %STRICT%;
CREATE INDEX counter_call_dossier ON counter_call (dossier_id, id);

CREATE TABLE counter_return (
  dossier_id  %INT%  NOT NULL PRIMARY KEY,
  returned_at %INT%  NOT NULL,
  returned_by %TEXT% NOT NULL,
  identity    %TEXT% NOT NULL,                -- card, paper, authorised
  who         %TEXT% NOT NULL,                -- received it
  paid        %TEXT% NOT NULL,                -- before, here; '' where nothing is paid
  receipt     %TEXT% NOT NULL,
  amount      %INT%  NOT NULL,
  note        %TEXT% NOT NULL
) %STRICT%;
