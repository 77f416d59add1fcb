"""The pipeline, plain Python: fetch -> land -> decode -> flatten -> stage -> merge -> check -> publish."""
