//! What can be seen of a call from the outside: the log and the times in the answer's head.

mod log;
mod timing;
