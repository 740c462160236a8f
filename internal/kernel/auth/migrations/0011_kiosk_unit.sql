-- The unit that set a kiosk up, as the scope of a post: "unit:17". Empty, of kiosks older than this
-- column: the city's.
ALTER TABLE auth_kiosk ADD COLUMN unit %TEXT% NOT NULL DEFAULT '';
