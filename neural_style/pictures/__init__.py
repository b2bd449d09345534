"""Pictures and masks: their files, their sizes, their colours."""
