//! A pattern and a line to fields. Pure.
