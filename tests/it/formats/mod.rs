//! The wire formats: each is tested, and each keeps to its place.

mod assembled;
mod cut;
mod list;
mod seam;
mod translated;
