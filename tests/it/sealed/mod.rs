//! The database is sealed: there is no way in but its functions, and those are the service's alone.

mod functions;
mod migrations;
mod rpc;
mod tables;
