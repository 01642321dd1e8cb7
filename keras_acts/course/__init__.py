"""The course's exercises: starters, solutions, and checks that run anywhere. See `python -m keras_acts.course`."""
