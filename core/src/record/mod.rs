//! The records that agent systems write, one file per record.
//!
//! Each is read by a `parse` that takes one line and gives the record, borrowed
//! from the line where it can be, or the first thing that is wrong with it.

pub mod usage;
