"""The pages: what is in the store, shown to its owner; reads the store only."""
