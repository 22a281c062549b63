"""What a recording says of the run: findings with their evidence, read from the recorded facts alone."""
