-- Who holds which node number of the id generator, and until when (epoch ms).
CREATE TABLE db_node (
    node   %INT% NOT NULL PRIMARY KEY,
    holder %TEXT% NOT NULL,
    until  %INT% NOT NULL
) %STRICT%;
