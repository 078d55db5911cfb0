//! Forms with files (`multipart/form-data`, RFC 7578), as OpenAI's SDKs send sound and images.
//!
//! A form is read into what a JSON request is: an object of its members, beside which stand the files. So whatever checks a
//! request checks a form, too. It goes on as a form of the same members and files.
//!
//! - `read`: a form, or JSON that holds its files in base64. `write`: a form for a provider.

mod read;
mod write;

use bytes::Bytes;

pub use read::{data_url, read};
pub use write::write;

/// A request that came as a form.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Its members as a JSON object: texts, and what OpenAI's API has as numbers, truth values, lists and objects.
    pub members: Bytes,
    /// Its files, in their order.
    pub files: Vec<File>,
}

/// A file of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The member that it is: `file`, `image` (without the brackets of a list), `mask`.
    pub member: String,
    /// What it is called; providers go by its extension.
    pub name: String,
    /// Its type, where the form says it.
    pub content_type: Option<String>,
    /// What is in it.
    pub content: Bytes,
}
