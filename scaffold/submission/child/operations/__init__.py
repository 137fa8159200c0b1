"""What can be asked, a module a subject: ``OPERATIONS`` has functions of a session and arguments by their names."""
