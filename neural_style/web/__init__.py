"""The web page over the scripts: forms from their flags, runs one after the other, and the page itself."""
