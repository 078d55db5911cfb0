//! Trials, as their accounts see them.

pub mod own;
