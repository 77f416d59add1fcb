"""The only code that knows Prefect, and the order of things."""
