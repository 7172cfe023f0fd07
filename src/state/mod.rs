//! Where Recorded and the journal are kept.
