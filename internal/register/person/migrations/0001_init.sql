-- People by keyed digests of what they are found by; all else is sealed (AES-GCM, bound to the id).
CREATE TABLE person_person (
  id           %INT%   NOT NULL PRIMARY KEY,
  number_index %TEXT%  NOT NULL UNIQUE,
  old_index    %TEXT%  NOT NULL,              -- '' where there is none
  phone_index  %TEXT%  NOT NULL,
  sealed       %BYTES% NOT NULL,
  seen_at      %INT%   NOT NULL,
  version      %INT%   NOT NULL
) %STRICT%;
CREATE INDEX person_person_old ON person_person (old_index) WHERE old_index <> '';
CREATE INDEX person_person_phone ON person_person (phone_index) WHERE phone_index <> '';
