"""Networks, and instruments that look into them; torch, no widgets."""
