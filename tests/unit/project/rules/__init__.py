"""What each rule finds, and what it must leave alone: cases by theme, run by ``tests/unit/project/test_rules.py``."""
