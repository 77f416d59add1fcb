-- User objects that speak of a person, whose id is given in small letters.
SELECT DISTINCT f.created_by_user::VARCHAR AS person
FROM warehouse.main.flows AS f
WHERE list_contains($ids::VARCHAR[], lower(f.created_by_user ->> '$.id'));
