"""The workspace: collections, decisions, jobs and artefacts, on disk."""
