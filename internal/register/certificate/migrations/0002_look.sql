-- Images of a person's signature and of an agency's seal, that show on paper (Decree 30/2020, annex I). Apart from the
-- cards, so that lists stay light. A row goes with its card: who no longer signs needs no image here.
CREATE TABLE certificate_look (
  card   %INT%   NOT NULL PRIMARY KEY,
  image  %BYTES% NOT NULL                  -- PNG
) %STRICT%;
