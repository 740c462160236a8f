-- The account with which a business itself signs in. A business has at most one.
CREATE TABLE person_business_account (
  account   %INT% NOT NULL PRIMARY KEY,
  business  %INT% NOT NULL UNIQUE,
  linked_at %INT% NOT NULL
) %STRICT%;
