-- For whom a dossier was filed, where the city knows: a person or a business, and by which mandate (0: by themselves).
CREATE TABLE dossier_behalf (
  dossier_id %INT%  NOT NULL PRIMARY KEY,
  party      %TEXT% NOT NULL,
  mandate    %INT%  NOT NULL
) %STRICT%;
CREATE INDEX dossier_behalf_party ON dossier_behalf (party, dossier_id);
