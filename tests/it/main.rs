//! The promises of the gateway. One binary, so that it is linked once.

mod keys;
mod money;
mod platforms;
mod sealed;
