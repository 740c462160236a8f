-- The browser that began the draft (hash of its cookie); '' where it had none.
ALTER TABLE apply_draft ADD COLUMN browser %TEXT% NOT NULL DEFAULT '';
CREATE INDEX apply_draft_browser ON apply_draft (browser, updated_at) WHERE browser <> '';
