-- Who may act for whom. A row is never deleted: dossiers name it.
CREATE TABLE mandate_mandate (
  id          %INT%  NOT NULL PRIMARY KEY,
  kind        %TEXT% NOT NULL,             -- legal, employee, parent, guardian, attorney
  giver       %TEXT% NOT NULL,             -- p:person or b:business, for whom
  giver_name  %TEXT% NOT NULL,
  holder      %INT%  NOT NULL,             -- person who acts; 0 before they accepted
  holder_name %TEXT% NOT NULL,
  holder_mark %TEXT% NOT NULL,             -- keyed digest of their number
  services    %TEXT% NOT NULL,             -- ids by space; '' for all
  starts      %TEXT% NOT NULL,
  ends        %TEXT% NOT NULL,             -- last day; '' where open
  paper       %TEXT% NOT NULL,
  status      %TEXT% NOT NULL,             -- offered, active, declined, ended
  basis       %TEXT% NOT NULL,             -- own (granted by the giver), counter
  by_name     %TEXT% NOT NULL,
  unit        %TEXT% NOT NULL,
  made_at     %INT%  NOT NULL,
  ended_at    %INT%,
  ended_by    %TEXT% NOT NULL,
  reason      %TEXT% NOT NULL,
  version     %INT%  NOT NULL
) %STRICT%;
CREATE INDEX mandate_mandate_giver ON mandate_mandate (giver, id);
CREATE INDEX mandate_mandate_holder ON mandate_mandate (holder, id) WHERE holder <> 0;
CREATE INDEX mandate_mandate_mark ON mandate_mandate (holder_mark) WHERE status = 'offered';
