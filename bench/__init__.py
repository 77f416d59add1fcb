"""The benchmark: real commands against a served API, measured by the CPU time of whole process trees."""
