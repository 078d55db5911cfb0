//! How long the sound in a FLAC file is (RFC 9639): as long as its frames. The figure in its head is a wish, which no decoder heeds, and
//! providers charge for what they decode.

use memchr::memchr_iter;

/// Samples a second at the least: speech is none below it, and chance bytes that look like a frame weigh no more than a minute.
const SLOWEST: u64 = 1_000;

/// The length in milliseconds, of a file that is FLAC and says its rate.
pub fn milliseconds(file: &[u8]) -> Option<u64> {
    if file.get(..4)? != b"fLaC" {
        return None;
    }
    // `STREAMINFO`: the rate in 20 bits, and samples in 36.
    let info = file.get(18..26)?.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let (rate, samples) = (info >> 44, info & 0xF_FFFF_FFFF);
    if rate == 0 {
        return None;
    }
    let heads = memchr_iter(0xFF, file).filter_map(|at| Frame::read(&file[at..], rate));
    let microseconds: u64 = heads.map(|frame| (frame.samples * 1_000_000).div_ceil(frame.rate.max(SLOWEST))).sum();
    let length = (samples * 1_000).div_ceil(rate).max(microseconds.div_ceil(1_000));
    (length > 0).then_some(length)
}

/// What a frame's head says.
struct Frame {
    samples: u64,
    rate: u64,
}

impl Frame {
    /// Of the frame that begins here, if one does: its head ends with a checksum of itself.
    fn read(bytes: &[u8], usual_rate: u64) -> Option<Self> {
        let [0xFF, 0xF8 | 0xF9, codes, channels, first, ..] = *bytes else { return None };
        if channels >> 4 > 10 || channels & 0b1111 == 0b0110 || channels & 1 == 1 {
            return None;
        }
        // The number of the frame or of its first sample, in as many bytes as its first one has leading ones.
        let further = match first.leading_ones() {
            0 => 0,
            ones @ 2..=7 => ones as usize - 1,
            _ => return None,
        };
        let mut at = 5 + further;
        let mut number = |width: usize| {
            let field = bytes.get(at..at + width)?;
            at += width;
            Some(field.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
        };
        let samples = match codes >> 4 {
            0 => return None,
            1 => 192,
            code @ 2..=5 => 144 << code,
            6 => number(1)? + 1,
            7 => number(2)? + 1,
            code => 1 << code,
        };
        let rate = match codes & 0b1111 {
            0 => usual_rate,
            code @ 1..=11 => RATES[usize::from(code) - 1],
            12 => number(1)? * 1_000,
            13 => number(2)?,
            14 => number(2)? * 10,
            _ => return None,
        };
        (checksum(bytes.get(..at)?) == *bytes.get(at)?).then_some(Self { samples, rate })
    }
}

/// Rates that have a code of their own.
const RATES: [u64; 11] = [88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];

/// CRC-8 with the polynomial x⁸ + x² + x + 1.
fn checksum(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0, |sum, byte| (0..8).fold(sum ^ byte, |sum: u8, _| if sum >= 0x80 { sum << 1 ^ 0x07 } else { sum << 1 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file whose head says so many samples at 16 kHz, and that has so many frames of 4096.
    fn file(told: u64, frames: u8) -> Vec<u8> {
        let mut file =
            [&b"fLaC\x80\0\0\x22"[..], &[0; 10], &(16_000_u64 << 44 | told).to_be_bytes(), &[0; 16]].concat();
        for number in 0..frames {
            let head = [0xFF, 0xF8, 0xC0, 0x08, number];
            file.extend(head);
            file.push(checksum(&head));
            // Silence: a constant, and the checksum of the frame.
            file.extend([0, 0, 0, 0, 0]);
        }
        file
    }

    #[test]
    fn a_file_is_as_long_as_its_frames_whatever_its_head_says() {
        assert_eq!(milliseconds(&file(32_000, 0)), Some(2_000));
        for told in [0, 1, 16_000] {
            // 125 frames of 256 ms.
            assert_eq!(milliseconds(&file(told, 125)), Some(32_000), "{told}");
        }
        assert_eq!(milliseconds(&file(0, 0)), None);
        assert_eq!(milliseconds(b"fLaC"), None);
    }

    #[test]
    fn heads_are_read_in_all_their_forms() {
        for (head, samples, rate) in [
            (&[0xFF, 0xF8, 0x19, 0x18, 0x00][..], 192, 44_100),
            (&[0xFF, 0xF9, 0x5A, 0x18, 0xC2, 0x80], 4_608, 48_000),
            (&[0xFF, 0xF9, 0x6C, 0xA8, 0xFE, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x0F, 0x08], 16, 8_000),
            (&[0xFF, 0xF8, 0x7D, 0x08, 0x01, 0xFF, 0xFF, 0x1F, 0x40], 65_536, 8_000),
            (&[0xFF, 0xF8, 0xFE, 0x08, 0x01, 0x03, 0x20], 32_768, 8_000),
            (&[0xFF, 0xF8, 0x80, 0x08, 0x01], 256, 16_000),
        ] {
            let whole = [head, &[checksum(head)]].concat();
            let frame = Frame::read(&whole, 16_000).unwrap_or_else(|| panic!("{head:x?}"));
            assert_eq!((frame.samples, frame.rate), (samples, rate), "{head:x?}");
            for end in 0..whole.len() {
                assert!(Frame::read(&whole[..end], 16_000).is_none(), "{head:x?}");
            }
            let wrong = [head, &[!checksum(head)]].concat();
            assert!(Frame::read(&wrong, 16_000).is_none(), "{head:x?}");
        }
        // The checksum of RFC 9639's first example (appendix D.1.2).
        assert_eq!(checksum(&[0xFF, 0xF8, 0x69, 0x18, 0x00, 0x00]), 0xBF);
    }
}
