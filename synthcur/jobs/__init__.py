"""Background jobs as the web process sees them: submitted, started, watched, cleaned up."""
