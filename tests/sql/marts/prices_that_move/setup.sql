-- A price that changes at noon, a rule that is disabled, one that is removed and comes back, rules beside the list price.
INSERT INTO ledger.loads (load_id, began_at) VALUES ('l', '2026-11-24T02:00:00Z');
INSERT INTO models (id, slug, name) VALUES ('m-noon', 'a/noon', 'Noon'), ('m-off', 'a/off', 'Off');
INSERT INTO pricing_history (
    id, model_id, rule_effect_code, model_input_id, match_value, min_value, max_value, price, currency_code, unit_code,
    sort_order, valid_from, valid_to, assumed
) VALUES
    ('noon', 'm-noon', 'base', NULL, NULL, NULL, NULL, '0.10', 'USD', 'request', 0, '2026-11-01T00:00:00Z', '2026-11-22T12:00:00Z', true),
    ('noon', 'm-noon', 'base', NULL, NULL, NULL, NULL, '0.15', 'USD', 'request', 0, '2026-11-22T12:00:00Z', NULL, false),
    ('noon-2k', 'm-noon', 'set', 'in-1', '"2K"', NULL, NULL, '9', 'USD', 'request', -1, '2026-11-01T00:00:00Z', NULL, false),
    ('noon-big', 'm-noon', 'set', NULL, NULL, '24', '48', '9', 'USD', 'request', -1, '2026-11-01T00:00:00Z', NULL, false),
    ('noon-fee', 'm-noon', 'base', NULL, 'null', NULL, NULL, '9', 'USD', 'request', 1, '2026-11-01T00:00:00Z', NULL, false),
    ('off', 'm-off', 'base', NULL, NULL, NULL, NULL, '0.20', 'USD', 'request', 0, '2026-11-01T00:00:00Z', '2026-11-22T06:00:00Z', false),
    ('off', 'm-off', 'base', NULL, NULL, NULL, NULL, '0.20', 'USD', 'request', 0, '2026-11-22T06:00:00Z', '2026-11-22T06:00:00Z', false),
    ('back', 'm-back', 'base', NULL, NULL, NULL, NULL, '0.30', 'USD', 'request', 0, '2026-11-01T00:00:00Z', '2026-11-22T02:00:00Z', false),
    ('back', 'm-back', 'base', NULL, NULL, NULL, NULL, '0.30', 'USD', 'request', 0, '2026-11-23T02:00:00Z', NULL, false);
INSERT INTO runs (id, model_id, status_code, created_at, started_at, cost) VALUES
    ('01-before-any', 'm-noon', 'succeeded', '2026-10-31T23:59:59Z', '2026-10-31T23:59:59.999999Z', '0.10'),
    ('02-first', 'm-noon', 'succeeded', '2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z', '0.10'),
    ('03-morning', 'm-noon', 'succeeded', '2026-11-22T11:00:00Z', '2026-11-22T11:59:59.999999Z', '0.10'),
    ('04-noon', 'm-noon', 'succeeded', '2026-11-22T11:00:00Z', '2026-11-22T12:00:00Z', '0.15'),
    ('05-never-started', 'm-noon', 'cancelled', '2026-11-22T12:30:00Z', NULL, NULL),
    ('06-off-before', 'm-off', 'succeeded', '2026-11-22T05:00:00Z', '2026-11-22T05:59:59.999999Z', '0.20'),
    ('07-off-at', 'm-off', 'succeeded', '2026-11-22T05:00:00Z', '2026-11-22T06:00:00Z', '0.20'),
    ('08-gone', 'm-back', 'succeeded', '2026-11-22T07:00:00Z', '2026-11-22T07:00:00Z', '0.30'),
    ('09-back', 'm-back', 'succeeded', '2026-11-23T02:00:00Z', '2026-11-23T02:00:00Z', '0.30'),
    ('10-there', 'm-back', 'succeeded', '2026-11-21T02:00:00Z', '2026-11-21T02:00:00Z', '0.30'),
    ('11-no-rule', 'm-none', 'succeeded', '2026-11-23T03:00:00Z', '2026-11-23T03:00:00Z', '1'),
    ('12-no-model', NULL, 'succeeded', '2026-11-23T03:00:00Z', '2026-11-23T03:00:00Z', '2'),
    ('13-no-time', 'm-noon', 'succeeded', NULL, NULL, '4');
