-- Fillings of a demonstration city: how many invented dossiers are wanted, and how many stand.
CREATE TABLE dossier_fill (
  run   %INT% NOT NULL PRIMARY KEY,
  total %INT% NOT NULL,
  done  %INT% NOT NULL,                      -- moves in the transaction that writes the dossiers
  since %INT% NOT NULL,                      -- their submissions lie between since and until
  until %INT% NOT NULL
) %STRICT%;
