//! The endpoints: a folder an area, a file a path. Each parses, calls the domain and answers.

pub mod account;
pub mod admin;
pub mod admin_coupons;
pub mod answer;
pub mod api_keys;
pub mod catalog;
pub mod chats;
pub mod coupons;
pub mod cron;
pub mod docs;
pub mod inference;
pub mod input;
pub mod members;
pub mod notifications;
pub mod openrouter;
pub mod payments;
pub mod plans;
pub mod public;
pub mod referrals;
pub mod responses;
pub mod sign_in;
pub mod subscriptions;
pub mod trials;
pub mod usage;
pub mod window;
