//! Records to windows; says what may seal. Pure: time is an argument.
