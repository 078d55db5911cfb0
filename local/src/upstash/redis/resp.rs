//! RESP2, the protocol that Redis speaks over TCP (redis.io/docs/latest/develop/reference/protocol-spec).

use crate::upstash::reply::Reply;

/// A command as an array of bulk strings.
pub(super) fn encode(command: &[&[u8]]) -> Vec<u8> {
    let size: usize = command.iter().map(|word| word.len() + 16).sum();
    let mut frame = Vec::with_capacity(size + 16);
    frame.extend_from_slice(format!("*{}\r\n", command.len()).as_bytes());
    for word in command {
        frame.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        frame.extend_from_slice(word);
        frame.extend_from_slice(b"\r\n");
    }
    frame
}

/// What the bytes received so far hold.
#[derive(Debug, PartialEq)]
pub(super) enum Parsed {
    /// A reply, and how many bytes it took.
    Integer(Reply, usize),
    Partial,
    /// Not RESP2.
    Garbage,
}

/// Reads one reply from the front of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let mut reader = Reader { bytes, at: 0 };
    match reader.reply() {
        Ok(reply) => Parsed::Integer(reply, reader.at),
        Err(Stop::Partial) => Parsed::Partial,
        Err(Stop::Garbage) => Parsed::Garbage,
    }
}

enum Stop {
    Partial,
    Garbage,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn reply(&mut self) -> Result<Reply, Stop> {
        let line = self.line()?;
        let (kind, rest) = line.split_first().ok_or(Stop::Garbage)?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        match kind {
            b'+' => Ok(Reply::Status(text().into())),
            b'-' => Ok(Reply::error(text())),
            b':' => Ok(Reply::Integer(number(rest)?)),
            b'$' => match number(rest)? {
                -1 => Ok(Reply::Nil),
                length => Ok(Reply::bulk(self.bulk(size(length)?)?)),
            },
            b'*' => match number(rest)? {
                -1 => Ok(Reply::Nil),
                length => (0..size(length)?).map(|_| self.reply()).collect::<Result<_, _>>().map(Reply::Array),
            },
            _ => Err(Stop::Garbage),
        }
    }

    /// The bytes up to the next line break, which is passed over.
    fn line(&mut self) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or(Stop::Partial)?;
        self.at += end + 2;
        Ok(&rest[..end])
    }

    fn bulk(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        let after = rest.get(length..).filter(|after| after.len() >= 2);
        if !after.ok_or(Stop::Partial)?.starts_with(b"\r\n") {
            return Err(Stop::Garbage);
        }
        self.at += length + 2;
        Ok(&rest[..length])
    }
}

fn number(text: &[u8]) -> Result<i64, Stop> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(Stop::Garbage)
}

fn size(length: i64) -> Result<usize, Stop> {
    usize::try_from(length).map_err(|_| Stop::Garbage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        assert_eq!(encode(&[b"GET", b"a\r\n"]), b"*2\r\n$3\r\nGET\r\n$3\r\na\r\n\r\n");
    }

    #[test]
    fn every_kind_of_reply_is_read_however_it_is_cut() {
        let bytes = b"*6\r\n+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*1\r\n*-1\r\n";
        let reply = Reply::Array(vec![
            Reply::OK,
            Reply::error("ERR no"),
            Reply::Integer(-7),
            Reply::bulk(*b"a\r\n"),
            Reply::Nil,
            Reply::Array(vec![Reply::Nil]),
        ]);
        for cut in 0..bytes.len() {
            assert_eq!(parse(&bytes[..cut]), Parsed::Partial, "{cut}");
        }
        assert_eq!(parse(bytes), Parsed::Integer(reply, bytes.len()));
    }

    #[test]
    fn what_is_no_reply_is_said_to_be_none() {
        for bytes in ["?\r\n", "\r\n", ":x\r\n", "$-2\r\n", "$1\r\nabc\r\n", "HTTP/1.1 200\r\n"] {
            assert_eq!(parse(bytes.as_bytes()), Parsed::Garbage, "{bytes}");
        }
    }
}
