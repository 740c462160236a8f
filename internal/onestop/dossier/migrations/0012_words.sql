-- The words of applicants' names, each once: the beginning of a word is looked up here and asked for as the words that it may mean.
CREATE TABLE dossier_word (
    word %TEXT% NOT NULL PRIMARY KEY
) %CLUSTERED%;
