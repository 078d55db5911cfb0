//! A call, from its admission to its settle, owned by one task. It knows money and time; the bytes are the format's.
//!
//! The task is handed to the platform before the handler awaits anything; the handler and the response body only read
//! from it. So whatever happens to the client's connection, a hold that was placed is settled.
//!
//! - `context`: a call and everything it needs.
//! - `run`: how it begins. `task`: its life. `alternatives`: one model after the other, where several may answer.
//! - `admit`: the hold and the limits, asked at the same time; what to do when they disagree.
//! - `dispatch`: the candidates in turn, until one has output. `opening`: one of them, of whom `asked` keeps who it is. `hedge`: two at once, where the first is slow.
//! - `deliver`: the answer on its way to the client.
//! - `replay`: the answer of a call that was made before, under the same Idempotency-Key.
//! - `cache_wish`, `cached`: answers that are kept for whoever asks the same again: whether that is asked for, and what becomes of it.
//! - `attempts`: the providers that were asked.
//! - `bill`: what was used and what it costs.
//! - `trace`: all of it for the operator's receiver of traces, where there is one.
//! - `client`, `feed`, `head`, `timing`: the client's side, the response body that reads from the task, the head and what
//!   it says of the time that a call took.

mod admit;
mod alternatives;
mod asked;
mod attempts;
mod bill;
mod cache_wish;
mod cached;
mod client;
mod context;
mod deliver;
mod dispatch;
mod feed;
mod head;
mod hedge;
mod opening;
mod replay;
mod run;
mod task;
mod timing;
mod trace;

pub use context::Origin;
pub use run::{run, run_in_turn};
