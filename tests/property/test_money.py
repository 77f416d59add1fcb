"""P6: money is exact; what DECIMAL(38,18) cannot hold is refused, never rounded."""

from __future__ import annotations

import json
from decimal import Decimal, localcontext

import duckdb
import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.canonical import money
from pipeline.tables import MONEY

digits = st.text("0123456789", min_size=1, max_size=24)
amounts = st.builds(
    lambda sign, whole, part, exponent: f"{sign}{whole}{part}{exponent}",
    st.sampled_from(["", "-", "+"]),
    digits,
    st.one_of(st.just(""), st.just("."), digits.map(lambda d: f".{d}")),
    st.one_of(st.just(""), st.integers(-25, 25).map(lambda n: f"e{n}")),
)


def exactly(text):
    """The number, or None where 20 digits before and 18 after the point cannot hold it."""
    with localcontext() as context:
        context.prec = 200
        value = Decimal(text)
        scaled = value.scaleb(18)
        return value if scaled == scaled.to_integral_value() and abs(value) < Decimal(10) ** 20 else None


@given(amounts)
def test_p6_an_amount_is_the_number_that_was_written_or_is_refused(text):
    try:
        found = money(json.dumps(text).encode())
    except ValueError:
        found = None
    assert found == exactly(text)


@given(st.lists(amounts, min_size=1, max_size=30))
def test_p6_sums_in_the_warehouse_equal_sums_of_decimals(texts):
    values = [money(json.dumps(text).encode()) for text in texts if exactly(text) is not None]
    assume(values)
    with localcontext() as context:
        context.prec = 200
        total = sum(values)
        assume(abs(total) < Decimal(10) ** 20)
    table = pa.table({"cost": pa.array(values, MONEY)})
    con = duckdb.connect(":memory:")
    con.register("t", table)
    (found,) = con.execute("SELECT sum(cost) AS total FROM t").fetchone()
    con.close()
    assert found == total
