"""Pages: what a browser shows of saved series, each one file that needs no network."""
