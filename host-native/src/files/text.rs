//! Text that has to be UTF-8.

use std::fs;
use std::io;
use std::path::Path;

/// The text of a file. Where it is not UTF-8, the error is of the kind `InvalidData`
/// and says at which byte.
pub fn read_text(path: &Path) -> io::Result<String> {
    text_of(fs::read(path)?)
}

/// The text that bytes are, with the error of [`read_text`].
pub fn text_of(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..at).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        let message = format!("it is not UTF-8 at byte {at} (line {line})");
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure, describe};

    #[test]
    fn the_place_is_told() {
        assert_eq!(text_of(b"caf\xc3\xa9\n".to_vec()).unwrap(), "caf\u{e9}\n");
        let error = text_of(b"one\ntwo\xff".to_vec()).unwrap_err();
        assert_eq!(describe(&error), "it is not UTF-8 at byte 7 (line 2)");
        assert_eq!(Failure::reading("x", &error).kind.exit(), 4);
        let absent = read_text(Path::new("/absent")).unwrap_err();
        assert_eq!(Failure::reading("x", &absent).kind.exit(), 3);
    }
}
