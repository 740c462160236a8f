-- Seven of ten commands cost a row here; what is old is found by walking the table once an
-- hour instead of by an index that every command would write.
DROP INDEX once_request_at;
