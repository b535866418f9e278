"""Training a network and keeping what happened; torch, no widgets."""
