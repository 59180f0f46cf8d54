"""Starting, probing and ending the processes under test."""
