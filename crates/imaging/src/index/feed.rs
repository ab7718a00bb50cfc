//! Bytes as they are needed, with what is not wanted passed over unread.

use std::io::{self, Read, Seek, SeekFrom};

/// Where header bytes come from.
pub(super) trait Feed: Read {
    /// Passes over `n` bytes; going beyond the end shows at the next read.
    fn pass(&mut self, n: u64) -> io::Result<()>;
}

/// Passing over is a seek.
pub(super) struct Seeking<R>(pub(super) R);

impl<R: Read> Read for Seeking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read + Seek> Feed for Seeking<R> {
    fn pass(&mut self, n: u64) -> io::Result<()> {
        // Beyond what a file can hold lies its end, too.
        let by = i64::try_from(n).unwrap_or(i64::MAX >> 1);
        self.0.seek(SeekFrom::Current(by)).map(|_| ())
    }
}

/// Passing over is reading: inflated bytes cannot be skipped. The reader inside bounds them.
pub(super) struct Streaming<R>(pub(super) R);

impl<R: Read> Read for Streaming<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<R: Read> Feed for Streaming<R> {
    fn pass(&mut self, n: u64) -> io::Result<()> {
        io::copy(&mut self.0.by_ref().take(n), &mut io::sink()).map(|_| ())
    }
}

/// Most headers end within this; one read brings them.
const FIRST: usize = 4096;
/// What a read brings after that.
const MORE: usize = 16_384;

/// A look at the next bytes of a feed.
pub(super) struct Window<F> {
    feed: F,
    buffer: Vec<u8>,
    at: usize,
}

impl<F: Feed> Window<F> {
    pub(super) fn new(feed: F) -> Self {
        Self { feed, buffer: Vec::new(), at: 0 }
    }

    /// The next bytes, at least `n` of them unless the feed ends before.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        while self.buffer.len() - self.at < n {
            let wanted = if self.buffer.is_empty() { FIRST } else { MORE };
            self.buffer.drain(..self.at);
            self.at = 0;
            let old = self.buffer.len();
            self.buffer.resize(old + wanted.max(n - old), 0);
            let found = match self.feed.read(&mut self.buffer[old..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    self.buffer.truncate(old);
                    continue;
                }
                other => other,
            };
            self.buffer.truncate(old + found.as_ref().map_or(0, |n| *n));
            if found? == 0 {
                break;
            }
        }
        Ok(&self.buffer[self.at..])
    }

    /// The next `N` bytes, taken; `None` when the feed ends before.
    pub(super) fn take<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let bytes = self.peek(N)?.first_chunk::<N>().copied();
        self.at += if bytes.is_some() { N } else { 0 };
        Ok(bytes)
    }

    /// Passes over `n` bytes.
    pub(super) fn pass(&mut self, n: u64) -> io::Result<()> {
        let here = self.buffer.len() - self.at;
        match usize::try_from(n) {
            Ok(n) if n <= here => self.at += n,
            _ => {
                self.at = self.buffer.len();
                self.feed.pass(n - here as u64)?;
            }
        }
        Ok(())
    }

    /// What is left of the feed, with the bytes that were looked at in front.
    pub(super) fn into_rest(self) -> impl Read {
        let mut cursor = io::Cursor::new(self.buffer);
        cursor.set_position(self.at as u64);
        cursor.chain(self.feed)
    }
}
