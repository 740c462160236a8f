-- Who received, verified and signed a dossier: a line each with duty, account and name. Tasks
-- carry a copy, so that a list marks what its reader may not do. Dossiers of before name nobody.
ALTER TABLE dossier_dossier ADD COLUMN did %TEXT% NOT NULL DEFAULT '';
ALTER TABLE dossier_task ADD COLUMN did %TEXT% NOT NULL DEFAULT '';
