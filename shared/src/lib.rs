//! Everything the gateway's functions share: the domain, the platforms it runs on and the endpoints.
#![forbid(unsafe_code)]

pub mod app;
pub mod config;
pub mod endpoints;
pub mod error;
pub mod money;
pub mod providers;
pub mod request_id;
pub mod routes;
pub mod serve;
pub mod supabase;
pub mod upstash;
