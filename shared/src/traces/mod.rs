//! Traces for the operator's OpenTelemetry receiver: OTLP over HTTP in JSON, one POST a call, where a receiver is named.
//!
//! - `context`: who is whose part, in W3C's terms. `sampling`: which calls are traced.
//! - `names`: the attributes' names, all in one table: those of the GenAI conventions are still in development.
//! - `content`: what was said in a call, of a key that lets it be told.
//! - `span`: a span as OTLP/JSON has it. `exporter`: the way to the receiver, which no call waits for.
//!
//! A span holds figures, names of ours and of the catalog, and the ids by which a call is found. No prompt, no answer, no key and
//! nothing that tells whose call it was is in any; nor are words of a caller's or a provider's, unless the key of the call says so.

pub mod content;
pub mod context;
pub mod exporter;
pub mod names;
pub mod sampling;
pub mod span;

pub use context::TraceContext;
pub use exporter::Exporter;
pub use span::Span;
