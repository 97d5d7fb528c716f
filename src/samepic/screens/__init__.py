"""Whether two screenshots show the same screen: pixel against pixel, and what changed in terms of layout."""
