//! What may stand where a request has a picture. A picture is held for by its model's tokens of one, whatever its size; a document, a
//! sound or a film has as many tokens as it has pages or seconds, and some providers take one in a picture's place.

/// Told to whoever sends something else as a picture.
pub const INSTEAD: &str = "A picture is an https address, or a data URL that begins with data:image/. A document, a sound or a film is a part of another type.";

/// Whether this address, as far as it tells, is a picture's: any but a data URL of another kind.
#[must_use]
pub fn is_picture(url: &str) -> bool {
    // Whoever reads the address passes over space and control characters at its head.
    let url = url.trim_start_matches(|char: char| char.is_whitespace() || char.is_control());
    match url.split_once(':') {
        Some((scheme, kind)) if scheme.eq_ignore_ascii_case("data") => is_kind_of_picture(kind),
        _ => true,
    }
}

/// Whether a media type, or what begins with one, is a picture's.
#[must_use]
pub fn is_kind_of_picture(kind: &str) -> bool {
    kind.trim_start().get(..6).is_some_and(|kind| kind.eq_ignore_ascii_case("image/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_picture_passes_for_one() {
        for url in
            ["https://example.com/a", "data:image/png;base64,AA", "DATA:Image/WebP,x", "data: image/gif;base64,AA", ""]
        {
            assert!(is_picture(url), "{url:?}");
        }
        for url in [
            "data:application/pdf;base64,AA",
            "data:video/mp4;base64,AA",
            "Data:audio/wav;base64,AA",
            " data:application/pdf;base64,AA",
            "\u{0}\tdata:video/mp4;base64,AA",
            "data:;base64,AA",
            "data:,",
            "data:imag",
            "data:ïmage/png;base64,AA",
        ] {
            assert!(!is_picture(url), "{url:?}");
        }
    }
}
