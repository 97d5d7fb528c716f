"""How the tables of the gallery came to be."""
