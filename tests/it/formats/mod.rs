//! The wire formats: each is tested, and each keeps to its place.

mod assembled;
mod list;
mod seam;
