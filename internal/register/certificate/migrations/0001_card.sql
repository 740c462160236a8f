-- Digital identity cards of officers and seals of units, from the request on. A row is never deleted: what it signed is
-- verified for as long as papers are kept.
CREATE TABLE certificate_card (
  id            %INT%   NOT NULL PRIMARY KEY,
  kind          %TEXT%  NOT NULL,          -- officer, seal
  account       %INT%   NOT NULL,          -- of an officer; 0 of a seal
  unit          %TEXT%  NOT NULL,          -- scope
  name          %TEXT%  NOT NULL,          -- as the certificate says
  title         %TEXT%  NOT NULL,
  place         %TEXT%  NOT NULL,          -- of the key: city, own
  ref           %TEXT%  NOT NULL,          -- of a key elsewhere
  renews        %INT%   NOT NULL,          -- card that it takes the place of; 0
  basis         %TEXT%  NOT NULL,
  state         %TEXT%  NOT NULL,          -- asked, issued, refused, revoked
  proposer      %INT%   NOT NULL,
  proposer_name %TEXT%  NOT NULL,
  proposed_at   %INT%   NOT NULL,
  decider       %INT%   NOT NULL,
  decider_name  %TEXT%  NOT NULL,
  decided_at    %INT%   NOT NULL,
  serial        %TEXT%  NOT NULL,          -- hexadecimal; '' before it is issued
  der           %BYTES% NOT NULL,
  starts        %INT%   NOT NULL,
  ends          %INT%   NOT NULL,
  revoked_at    %INT%   NOT NULL,
  revoked_by    %TEXT%  NOT NULL,
  reason        %TEXT%  NOT NULL,
  request       %BYTES% NOT NULL,          -- CSR of a key elsewhere
  sealed        %BYTES% NOT NULL           -- key in the city, AES-GCM; empty once revoked
) %STRICT%;
CREATE UNIQUE INDEX certificate_card_serial ON certificate_card (serial) WHERE serial <> '';
CREATE UNIQUE INDEX certificate_card_waits ON certificate_card (kind, account, unit) WHERE state = 'asked';
CREATE INDEX certificate_card_account ON certificate_card (account, id) WHERE state = 'issued';
CREATE INDEX certificate_card_unit ON certificate_card (unit, id) WHERE state = 'issued' AND kind = 'seal';
CREATE INDEX certificate_card_revoked ON certificate_card (ends) WHERE state = 'revoked';
