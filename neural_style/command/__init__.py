"""The command line: flags, progress, interruptions, and errors as one line."""
