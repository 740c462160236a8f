-- Since when a fee is due that has not come. Null: nothing is owed. The state is 6 meanwhile where
-- the dossier is at work; this stands also before acceptance and when the result is ready.
ALTER TABLE dossier_dossier ADD COLUMN unpaid_at %INT%;
CREATE INDEX dossier_dossier_unpaid ON dossier_dossier (receiving_unit, unpaid_at, id) WHERE unpaid_at IS NOT NULL;
