"""What editing widgets do to a microscope's edits, with torch and without widgets."""
