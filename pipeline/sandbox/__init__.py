"""A simulated Runflow API on loopback. It imports nothing of ours, or both sides would share one mistake."""
