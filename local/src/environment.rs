//! The variables of whoever runs a command.

/// Takes over what stands in `.env`. A file that is not there is none; one that cannot be read should say so.
///
/// # Errors
/// When it cannot be read.
pub fn load() -> Result<(), dotenvy::Error> {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => Err(error),
        _ => Ok(()),
    }
}
