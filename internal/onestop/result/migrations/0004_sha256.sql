-- Whoever has a file of the city's checks it at /verify: the paper is found by its digest.
CREATE INDEX result_result_sha256 ON result_result (sha256) WHERE sha256 <> '';
