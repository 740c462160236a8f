CREATE TABLE upload_upload (
  id         %INT%  PRIMARY KEY,
  scope      %TEXT% NOT NULL,               -- draft:…, dossier:…
  owner      %TEXT% NOT NULL,               -- account:…, browser:…; whose quota it counts against
  paper      %TEXT% NOT NULL,
  name       %TEXT% NOT NULL,
  declared   %TEXT% NOT NULL,               -- media type as declared
  mark       %TEXT% NOT NULL,               -- by which the sender finds it again
  size       %INT%  NOT NULL,               -- bytes announced
  received   %INT%  NOT NULL,               -- bytes here
  kind       %TEXT% NOT NULL,               -- '' while it arrives
  sha256     %TEXT% NOT NULL,               -- '' while it arrives
  updated_at %INT%  NOT NULL
) %STRICT%;
CREATE INDEX upload_upload_scope ON upload_upload (scope);
CREATE INDEX upload_upload_owner ON upload_upload (owner);
CREATE INDEX upload_upload_age ON upload_upload (updated_at);
