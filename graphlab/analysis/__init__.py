"""What a recording says of the run, from its facts alone: findings with evidence, local rules with their numbers."""
