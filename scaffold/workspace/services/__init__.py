"""The services of the wire protocol, one module each: they read a request, use engine and store, answer with a DTO."""
