//! Everything the gateway's functions share: the domain, the platforms it runs on and the endpoints.
#![forbid(unsafe_code)]
#![expect(unused_qualifications, reason = "utoipa::path names parameter types by their whole path")]

pub mod answer_headers;
pub mod api_key;
pub mod app;
pub mod call;
pub mod caller;
pub mod chats;
pub mod cold_start;
pub mod config;
pub mod connections;
pub mod credits;
pub mod deployment;
pub mod email_address;
pub mod endpoints;
pub mod error;
pub mod formats;
pub mod function;
mod host;
pub mod html;
pub mod idempotency;
pub mod integer;
pub mod key_environment;
mod key_first;
pub mod keyring;
pub mod limits;
pub mod mail;
pub mod memory;
pub mod money;
pub mod object;
pub mod openapi;
pub mod payments;
pub mod providers;
pub mod readable_code;
mod reason;
mod repeated_member;
pub mod request_id;
mod resealing;
pub mod route;
pub mod routes;
pub mod scopes;
pub mod serve;
pub mod sign_in;
pub mod stored;
pub mod stripe;
pub mod supabase;
pub mod upstash;
