"""The verbs: one enterprise integration pattern of Hohpe & Woolf's book each. `docs/patterns.md` has a row a file."""
