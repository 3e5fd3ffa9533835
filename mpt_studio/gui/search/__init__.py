"""The page Search: setting one up, watching it, its outcome; made of the Train page's fields, above that room."""
