//! How long the sound in a file is, as far as the file tells without being decoded.

use super::flac;

/// Bytes of a second at the least: 6 kbit/s, the lowest bit rate of Opus, which no codec of speech goes below.
const FEWEST: u64 = 750;
/// Bytes of a second as speech is usually recorded: 32 kbit/s.
const USUAL: u64 = 4_000;

/// The length of a sound in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// At most, in whole seconds, as providers charge for it.
    pub most: u64,
    /// As it most likely is.
    pub usual: u64,
}

impl Length {
    /// Of a file: exact where it can be told without decoding it (WAV, FLAC), else by its size.
    pub fn of(file: &[u8]) -> Self {
        let size = file.len() as u64;
        let exact = wav(file).map(|a_second| (size * 1_000).div_ceil(a_second)).or_else(|| flac::milliseconds(file));
        match exact {
            Some(length) => Self { most: whole_seconds(length), usual: whole_seconds(length) },
            None => {
                let by = |a_second| whole_seconds((size * 1_000).div_ceil(a_second));
                Self { most: by(FEWEST), usual: by(USUAL) }
            }
        }
    }
}

/// Providers charge for whole seconds, and for one at least.
const fn whole_seconds(milliseconds: u64) -> u64 {
    let seconds = milliseconds.div_ceil(1_000);
    if seconds == 0 { 1_000 } else { seconds * 1_000 }
}

/// Bytes of a second of a WAV file of uncompressed sound (`RIFF`, `fmt `: channels, rate, bits of a sample), as decoders
/// work it out: the field that says it is not believed. What an extensible head (0xFFFE) holds is said behind it, and may be compressed.
fn wav(file: &[u8]) -> Option<u64> {
    if file.get(..4)? != b"RIFF" || file.get(8..12)? != b"WAVE" {
        return None;
    }
    let number = |at: usize, bytes: usize| {
        let field = file.get(at..at + bytes)?;
        Some(field.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
    };
    let mut at: usize = 12;
    while file.get(at..at + 4)? != b"fmt " {
        let size = usize::try_from(number(at + 4, 4)?).ok()?;
        at = at.checked_add(8)?.checked_add(size.next_multiple_of(2))?;
    }
    let (codec, channels, rate, bits) =
        (number(at + 8, 2)?, number(at + 10, 2)?, number(at + 12, 4)?, number(at + 22, 2)?);
    let codec = if codec == 0xFFFE { number(at + 32, 2)? } else { codec };
    let is_plain = matches!(codec, 1 | 3);
    let a_second = channels * rate * bits / 8;
    (is_plain && a_second > 0).then_some(a_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(channels: u16, rate: u32, bits: u16, data: usize) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0".to_vec();
        file.extend(channels.to_le_bytes());
        file.extend(rate.to_le_bytes());
        // What it says of itself is nonsense.
        file.extend([0xFF; 4]);
        file.extend([0; 2]);
        file.extend(bits.to_le_bytes());
        file.extend(vec![0; data]);
        file
    }

    #[test]
    fn a_file_that_tells_its_length_is_believed_and_any_other_is_as_long_as_its_size_allows() {
        let exact = |seconds: u64| Length { most: seconds * 1_000, usual: seconds * 1_000 };
        assert_eq!(Length::of(&wave(2, 8_000, 16, 31_000)), exact(1));
        assert_eq!(Length::of(&wave(1, 8_000, 8, 80_000)), exact(11));
        // One that claims a slow rate is long.
        assert_eq!(Length::of(&wave(1, 1, 8, 100)), exact(148));
        assert_eq!(Length::of(&vec![0xFF; 7_500]), Length { most: 10_000, usual: 2_000 });
        assert_eq!(Length::of(&[]), exact(1));
    }

    #[test]
    fn what_an_extensible_head_holds_is_told_by_its_last_member() {
        let of = |codec: u16| {
            let mut file = b"RIFF\0\0\0\0WAVEfmt \x28\0\0\0\xFE\xFF\x08\0".to_vec();
            file.extend(192_000_u32.to_le_bytes());
            file.extend([0; 6]);
            file.extend([32, 0, 22, 0, 0, 0, 0, 0, 0, 0]);
            file.extend(codec.to_le_bytes());
            file.extend(vec![0; 60_000 - file.len()]);
            Length::of(&file)
        };
        assert_eq!(of(1), Length { most: 1_000, usual: 1_000 });
        // ADPCM, GSM and MP3 are far longer than the head's figures say.
        for compressed in [2, 0x31, 0x55] {
            assert_eq!(of(compressed), Length { most: 80_000, usual: 15_000 });
        }
    }

    #[test]
    fn no_head_breaks_it() {
        for size in 0..60 {
            for head in [wave(1, 8_000, 16, 16), b"fLaC".repeat(20), wave(0, 0, 0, 9)] {
                let length = Length::of(&head[..size.min(head.len())]);
                assert!(length.usual <= length.most && length.most >= 1_000);
            }
        }
        let endless = b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\xff".to_vec();
        assert_eq!(Length::of(&endless).most, 1_000);
    }
}
