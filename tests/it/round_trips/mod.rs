//! One round trip: what a request waits for, counted at the stores.

mod completions;
mod others;
