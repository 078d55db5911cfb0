//! The promises of the gateway. One binary, so that it is linked once.

mod admin;
mod api_keys;
mod billing;
mod catalog;
mod endings;
mod first_admin;
mod input;
mod keys;
mod limits;
mod money;
mod observability;
mod platforms;
mod providers;
mod round_trips;
mod samples;
mod sealed;
mod stores;
