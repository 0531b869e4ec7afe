"""What lets one process be a whole node: broker, channel layer, jobs and their watch."""
