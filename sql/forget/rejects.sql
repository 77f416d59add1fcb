-- A rejected object says nothing more of a forgotten person, and refers to the page as it was written anew.
UPDATE warehouse.ledger.rejects AS r
SET reject_id = g.reject_id, raw = g.raw, sha256 = g.sha256
FROM given_rows AS g
WHERE r.reject_id = g.known_as;
