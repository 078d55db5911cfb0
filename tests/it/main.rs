//! The promises of the gateway. One binary, so that it is linked once.

mod account;
mod admin;
mod api_keys;
mod audit;
mod billing;
mod catalog;
mod documentation;
mod endings;
mod first_admin;
mod input;
mod keys;
mod life;
mod limits;
mod money;
mod observability;
mod own_keys;
mod platforms;
mod providers;
mod roles;
mod round_trips;
mod samples;
mod sealed;
mod secrecy;
mod sign_in;
mod stores;
mod usage;
