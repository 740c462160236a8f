-- A child dossier hangs at a token of its parent: at most one for each.
ALTER TABLE dossier_dossier ADD COLUMN parent %INT% NOT NULL DEFAULT 0;
ALTER TABLE dossier_dossier ADD COLUMN parent_token %INT% NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX dossier_dossier_parent ON dossier_dossier (parent, parent_token) WHERE parent <> 0;
