-- The book of a one-stop in the order of reception, and what an agency had to settle in a
-- period: what was closed since, and what is open still, stand at the end of its range.
CREATE INDEX dossier_dossier_book ON dossier_dossier (receiving_unit, accepted_at, id) WHERE accepted_at IS NOT NULL;
CREATE INDEX dossier_dossier_report ON dossier_dossier (competent_unit, COALESCE(closed_at, 9223372036854775807)) WHERE accepted_at IS NOT NULL;
