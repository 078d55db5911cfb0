//! What the HTTP client does about its connections.
//!
//! - `kept`: whether a request went over a kept connection, which its server may have closed meanwhile.
//! - `ahead`: connections that are opened before a request needs them.
//! - `tls`: whom it trusts.

pub mod ahead;
pub mod kept;
pub mod tls;
