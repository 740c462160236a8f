-- What a person had restricted: the grant of a request, until a later one lifts it. person is 0
-- while the account is linked to nobody; about is 0 where it counts for all of their data.
CREATE TABLE rights_limit (
  request   %INT%  NOT NULL PRIMARY KEY,
  account   %INT%  NOT NULL,
  person    %INT%  NOT NULL,
  kind      %TEXT% NOT NULL,                  -- restriction: nobody opens it without the dossier; objection: no new uses
  about     %INT%  NOT NULL,
  code      %TEXT% NOT NULL,
  since     %INT%  NOT NULL,
  lifted_at %INT%  NOT NULL,
  lifted_by %INT%  NOT NULL                   -- request
) %STRICT%;
CREATE INDEX rights_limit_account ON rights_limit (account) WHERE lifted_at = 0;
CREATE INDEX rights_limit_person ON rights_limit (person) WHERE lifted_at = 0 AND person <> 0;
