-- What a reorganisation left of the city that a dossier was filed in: which unit stands for
-- which; '' for the others.
ALTER TABLE dossier_dossier ADD COLUMN heritage %TEXT% NOT NULL DEFAULT '';
