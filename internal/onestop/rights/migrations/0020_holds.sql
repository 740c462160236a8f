-- A hold rests on a decision: of a court, an inspector, the police. It names dossiers and persons,
-- and stops their erasure from the moment that the first of two people asked for it until the second
-- agreed that it ends. rights_hold keeps the dossiers named, for programs of before.
CREATE TABLE rights_order (
  id            %INT%  NOT NULL PRIMARY KEY,
  decision      %TEXT% NOT NULL,             -- its number; '' of a hold from before
  ordered_by    %TEXT% NOT NULL,             -- the court or inspector
  since         %TEXT% NOT NULL,             -- day of the decision
  why           %TEXT% NOT NULL,
  state         %TEXT% NOT NULL,             -- asked, held, lifting, lifted, refused
  asked_by      %INT%  NOT NULL,
  asked_name    %TEXT% NOT NULL,
  asked_at      %INT%  NOT NULL,
  agreed_by     %INT%  NOT NULL,
  agreed_name   %TEXT% NOT NULL,
  agreed_at     %INT%  NOT NULL,
  lift_decision %TEXT% NOT NULL,
  lift_why      %TEXT% NOT NULL,
  lift_by       %INT%  NOT NULL,
  lift_name     %TEXT% NOT NULL,
  lift_at       %INT%  NOT NULL,
  ended_by      %INT%  NOT NULL,
  ended_name    %TEXT% NOT NULL,
  ended_at      %INT%  NOT NULL
) %STRICT%;
CREATE INDEX rights_order_decision ON rights_order (decision);

-- What a hold keeps.
CREATE TABLE rights_order_of (
  about %INT%  NOT NULL,
  ord   %INT%  NOT NULL,
  kind  %TEXT% NOT NULL,                     -- dossier, person
  name  %TEXT% NOT NULL,                     -- code of the dossier, masked number of the person
  PRIMARY KEY (about, ord)
) %CLUSTERED%;
CREATE INDEX rights_order_of_ord ON rights_order_of (ord);

INSERT INTO rights_order (id, decision, ordered_by, since, why, state, asked_by, asked_name, asked_at, agreed_by, agreed_name, agreed_at,
 lift_decision, lift_why, lift_by, lift_name, lift_at, ended_by, ended_name, ended_at)
SELECT dossier, '', '', '', why, 'held', by_account, by_name, at, 0, '', 0, '', '', 0, '', 0, 0, '', 0 FROM rights_hold;
INSERT INTO rights_order_of (about, ord, kind, name) SELECT dossier, dossier, 'dossier', code FROM rights_hold;
