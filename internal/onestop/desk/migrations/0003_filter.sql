-- Filters of the queue, kept under a name.
CREATE TABLE desk_filter (
  id         %INT%  NOT NULL PRIMARY KEY,
  account    %INT%  NOT NULL,            -- whose own it is; 0: shared with its unit
  unit       %INT%  NOT NULL,            -- whose queue it narrows
  name       %TEXT% NOT NULL,
  query      %TEXT% NOT NULL,            -- as in an address, without the unit
  is_default %BOOL% NOT NULL,            -- the queue opens with it; of an own one only
  version    %INT%  NOT NULL,
  kept_by    %TEXT% NOT NULL,            -- name as shown
  kept_at    %INT%  NOT NULL
) %STRICT%;
CREATE INDEX desk_filter_owner ON desk_filter (account, unit, id);
