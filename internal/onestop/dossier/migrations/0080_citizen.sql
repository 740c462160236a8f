-- Dossiers that an account follows beside those that it filed: it showed the phone number or
-- the access key that is written on them.
CREATE TABLE dossier_link (
  account    %INT% NOT NULL,
  dossier_id %INT% NOT NULL,
  made_at    %INT% NOT NULL,
  PRIMARY KEY (account, dossier_id)
) %STRICT%;

-- What an applicant says of a finished dossier, once. Who said it stands nowhere.
CREATE TABLE dossier_rating (
  dossier_id %INT%  NOT NULL PRIMARY KEY,
  unit       %INT%  NOT NULL,                -- agency that decided
  score      %INT%  NOT NULL,                -- 1 to 5
  reasons    %TEXT% NOT NULL,                -- keys of what it is about, with a blank between
  comment    %TEXT% NOT NULL,
  rated_at   %INT%  NOT NULL
) %STRICT%;
CREATE INDEX dossier_rating_unit ON dossier_rating (unit, rated_at);
