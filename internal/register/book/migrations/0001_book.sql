-- One row a series: the last number given. Its row is what makes takers wait for each other.
CREATE TABLE book_book (
  unit %INT%  NOT NULL,
  kind %TEXT% NOT NULL,
  year %INT%  NOT NULL,
  last %INT%  NOT NULL,
  PRIMARY KEY (unit, kind, year)
) %STRICT%;

-- One row a number. It changes once at most: when it is made void.
CREATE TABLE book_number (
  id           %INT%  NOT NULL PRIMARY KEY,
  unit         %INT%  NOT NULL,
  kind         %TEXT% NOT NULL,
  year         %INT%  NOT NULL,
  n            %INT%  NOT NULL,
  subject_type %TEXT% NOT NULL,
  subject      %INT%  NOT NULL,
  code         %TEXT% NOT NULL,  -- what people call the subject by
  taken_at     %INT%  NOT NULL,
  taken_by     %TEXT% NOT NULL,
  void_at      %INT%,
  void_by      %TEXT% NOT NULL,
  void_why     %TEXT% NOT NULL
) %STRICT%;
CREATE UNIQUE INDEX book_number_n ON book_number (unit, kind, year, n);
