"""What several studies need: descents, ranks in records, moments of a run, points of a target set."""
