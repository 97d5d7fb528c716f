"""Any source -> Picture: what a viewer would show. The only package that knows file formats."""
