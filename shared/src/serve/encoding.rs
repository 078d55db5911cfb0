//! Request bodies that come compressed (`Content-Encoding`, RFC 9110 §8.4).

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, HeaderValue, header};

use crate::error::{Code, Error};

/// What is taken, as `accept-encoding` of a refusal says it (RFC 9110 §15.5.16).
const TAKEN: &str = "gzip, deflate, zstd";
/// The largest window of a zstd frame, as a power of two: 8 MB, which RFC 8878 §3.1.1.1.2 asks every decoder to take.
/// A frame may ask for gigabytes.
const ZSTD_WINDOW: u32 = 23;

/// The body as its sender wrote it, of at most `most` bytes however small it came.
///
/// # Errors
/// `unsupported_media_type` for an encoding that is not taken, `payload_too_large`, and `invalid_request` for what is
/// not in the encoding that the header names.
pub(super) fn decoded(headers: &HeaderMap, body: Bytes, most: usize) -> Result<Bytes, Error> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(encoding) = encodings.next() else { return Ok(body) };
    let encoding = if encodings.next().is_some() { None } else { encoding.to_str().ok() };
    let encoding = encoding.map(|name| name.trim().to_ascii_lowercase());
    let encoded: &[u8] = &body;
    let plain = match encoding.as_deref() {
        Some("identity" | "") => return Ok(body),
        Some("gzip" | "x-gzip") => read(MultiGzDecoder::new(encoded), most),
        // Its name means the zlib format; some send what it wraps.
        Some("deflate") if is_zlib(encoded) => read(ZlibDecoder::new(encoded), most),
        Some("deflate") => read(DeflateDecoder::new(encoded), most),
        Some("zstd") => zstd::stream::read::Decoder::with_buffer(encoded).and_then(|mut decoder| {
            decoder.window_log_max(ZSTD_WINDOW)?;
            read(decoder, most)
        }),
        _ => return Err(not_taken()),
    };
    let plain = plain.map_err(|_| {
        let message =
            "The body is not in the encoding that `content-encoding` names. Send it as it is, without the header.";
        Error::invalid("content-encoding", message)
    })?;
    if plain.len() > most {
        return Err(
            Error::new(Code::PayloadTooLarge).with_message("The request body is larger than 4.5 MB once decoded.")
        );
    }
    Ok(plain.into())
}

/// Reads on to one byte more than a body may have.
fn read(decoder: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.take(most as u64 + 1).read_to_end(&mut plain)?;
    Ok(plain)
}

/// Whether it begins as the zlib format does (RFC 1950 §2.2).
fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [method, flags, ..] if method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31))
}

fn not_taken() -> Error {
    let message = format!("This content-encoding is not taken. Send the body as it is, or in one of {TAKEN}.");
    Error::new(Code::UnsupportedMediaType)
        .with_param("content-encoding")
        .with_message(message)
        .with_headers(|headers| drop(headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(TAKEN))))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn decode(encoding: &str, body: Vec<u8>) -> Result<Bytes, Error> {
        let headers = [(header::CONTENT_ENCODING, encoding.parse().expect("a value"))].into_iter().collect();
        decoded(&headers, body.into(), 4_718_592)
    }

    fn encoded(encoding: &str, plain: &[u8]) -> Vec<u8> {
        let write = "in memory";
        match encoding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).expect(write);
                encoder.finish().expect(write)
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).expect(write);
                encoder.finish().expect(write)
            }
            "raw deflate" => {
                let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(plain).expect(write);
                encoder.finish().expect(write)
            }
            _ => zstd::encode_all(plain, 3).expect(write),
        }
    }

    #[test]
    fn what_is_taken_comes_out_as_it_was_written() {
        let plain = br#"{"model":"m"}"#;
        for encoding in ["gzip", "deflate", "raw deflate", "zstd"] {
            let body = encoded(encoding, plain);
            let name = encoding.trim_start_matches("raw ");
            assert_eq!(decode(name, body.clone()).expect(encoding), plain.as_slice());
            assert_eq!(decode(&name.to_uppercase(), body.clone()).expect(encoding), plain.as_slice());
            let cut = decode(name, body[..body.len() - 5].to_vec()).expect_err(encoding);
            assert_eq!(cut.http_status(), 400, "{encoding}");
            assert_eq!(decode(name, vec![0xff; 40]).expect_err(encoding).http_status(), 400, "{encoding}");
        }
        assert_eq!(decode("identity", plain.to_vec()).expect("as it is"), plain.as_slice());
    }

    #[test]
    fn a_bomb_is_too_large_and_never_whole_in_memory() {
        for encoding in ["gzip", "deflate", "zstd"] {
            let bomb = encoded(encoding, &vec![b' '; 64 << 20]);
            assert!(bomb.len() < 128 * 1024);
            assert_eq!(decode(encoding, bomb).expect_err(encoding).code, Code::PayloadTooLarge);
        }
        // A window of a gigabyte is refused before it is made, and so is any above what everybody must take.
        for window in [ZSTD_WINDOW + 1, 30] {
            let mut wide = zstd::stream::Encoder::new(Vec::new(), 1).expect("an encoder");
            wide.window_log(window).expect("a window");
            wide.write_all(b"x").expect("in memory");
            assert_eq!(decode("zstd", wide.finish().expect("in memory")).expect_err("wide").http_status(), 400);
        }
    }

    #[test]
    fn what_is_encoded_twice_is_not_taken_in_two_headers_either() {
        let gzip = HeaderValue::from_static("gzip");
        let headers =
            [(header::CONTENT_ENCODING, gzip.clone()), (header::CONTENT_ENCODING, gzip)].into_iter().collect();
        let refused = decoded(&headers, encoded("gzip", b"{}").into(), 100).expect_err("two");
        assert_eq!(refused.code, Code::UnsupportedMediaType);
    }

    #[test]
    fn any_other_is_told_what_is_taken() {
        for encoding in ["br", "compress", "gzip, gzip", "x"] {
            let refused = decode(encoding, vec![1, 2, 3]).expect_err(encoding);
            assert_eq!((refused.http_status().as_u16(), refused.code), (415, Code::UnsupportedMediaType));
            assert_eq!(refused.headers.expect("headers")["accept-encoding"], TAKEN);
        }
    }
}
