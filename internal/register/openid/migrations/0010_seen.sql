-- Proofs that came once and must not come again on any node until they are over: the hash of the
-- key and of the proof's own name.
CREATE TABLE openid_seen (
  mark    %TEXT% NOT NULL PRIMARY KEY,
  expires %INT%  NOT NULL
) %CLUSTERED%;

CREATE INDEX openid_seen_expires ON openid_seen (expires);
