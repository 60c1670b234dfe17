//! Finds files, knows them by identity, reads whole lines from a byte cursor, follows rotations.
