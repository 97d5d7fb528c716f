"""The web pages, served beside /v1 by the same process."""
