//! The promises of the gateway. One binary, so that it is linked once.

mod endings;
mod money;
mod observability;
mod platforms;
