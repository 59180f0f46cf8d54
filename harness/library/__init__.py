"""Clients made of the libraries that applications use."""
