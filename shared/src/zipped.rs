//! Texts compressed once: a list of models is a megabyte that hardly ever changes, and nearly every SDK asks for it compressed.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// How many texts are kept: the whole list in each dialect, and a few narrower ones.
const KEPT: usize = 4;

/// The last few texts, each with what gzip makes of it, the latest first.
#[derive(Default)]
pub struct Zipped(Mutex<Vec<(Bytes, Bytes)>>);

impl Zipped {
    /// What gzip makes of `text`; `None` if it cannot be had.
    pub fn of(&self, text: &Bytes) -> Option<Bytes> {
        if let Some(kept) = self.kept(text) {
            return Some(kept);
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zipped = Bytes::from(encoder.write_all(text).and_then(|()| encoder.finish()).ok()?);
        let mut kept = self.lock();
        kept.truncate(KEPT - 1);
        kept.insert(0, (text.clone(), zipped.clone()));
        Some(zipped)
    }

    /// To compare a megabyte takes a hundredth of the time that compressing it takes; most texts are the very bytes that are kept.
    fn kept(&self, text: &Bytes) -> Option<Bytes> {
        let mut kept = self.lock();
        let at = kept.iter().position(|(plain, _)| is_same(plain, text))?;
        kept[..=at].rotate_right(1);
        kept.first().map(|(_, zipped)| zipped.clone())
    }

    /// What is kept is whole, whoever has panicked.
    fn lock(&self) -> MutexGuard<'_, Vec<(Bytes, Bytes)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(one: &Bytes, other: &Bytes) -> bool {
    (one.as_ptr() == other.as_ptr() && one.len() == other.len()) || one == other
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn text(number: usize) -> Bytes {
        Bytes::from(format!("{number} ").repeat(100))
    }

    #[test]
    fn a_text_is_compressed_once_while_it_is_among_the_last() {
        let zipped = Zipped::default();
        let first = zipped.of(&text(0)).expect("gzip");
        let mut unzipped = String::new();
        GzDecoder::new(&first[..]).read_to_string(&mut unzipped).expect("gzip");
        assert_eq!(unzipped, text(0));
        for number in 1..KEPT {
            zipped.of(&text(number)).expect("gzip");
        }
        let same =
            |number: usize, earlier: &Bytes| zipped.of(&text(number)).map(|now| now.as_ptr()) == Some(earlier.as_ptr());
        assert!(same(0, &first));
        // The one that was asked for longest ago goes.
        let second = zipped.of(&text(1)).expect("gzip");
        for number in [KEPT, 0, KEPT + 1, 0, KEPT + 2, 0] {
            zipped.of(&text(number)).expect("gzip");
        }
        assert!(same(0, &first) && !same(1, &second));
    }
}
