"""What the author of a collector is helped with: new rooms from the template, reference pages."""
