//! Nothing that opens anything is anywhere but where it belongs, and nobody learns of anybody else.

mod addresses;
mod full_run;
mod strangers;
