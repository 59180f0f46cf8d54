"""What people read: numbers, tables and pages made of results."""
