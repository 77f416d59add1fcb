"""Reads a published database with whatever DuckDB this process finds; prints its version, row counts and spend."""

import json
import sys

import duckdb

con = duckdb.connect(sys.argv[1], read_only=True)
con.execute("SET TimeZone = 'UTC'")
names = con.execute(
    "SELECT table_schema || '.' || table_name FROM information_schema.tables "
    "WHERE table_catalog = current_database() AND table_schema IN ('main', 'marts', 'ledger')"
).fetchall()
counts = {name: len(con.execute(f"SELECT * FROM {name}").fetchall()) for (name,) in names}
(spend,) = con.execute("SELECT sum(cost)::VARCHAR FROM main.runs").fetchone()
json.dump({"version": duckdb.__version__, "counts": counts, "spend": spend}, sys.stdout)
