//! The lines of a log one by one, for what is passed on rather than added up.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use muster_core::{Line, LineSplitter};

use super::open_log;

/// Bytes per read.
const CHUNK: usize = 256 << 10;

/// Hands every line of the file at `path` to `each`, up to the size that the file
/// has now. Stops at the first error of `each`.
pub fn for_each_line<E: From<io::Error>>(
    path: &Path,
    mut each: impl FnMut(Line<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let file: File = open_log(path)?;
    let size = file.metadata()?.len();
    let mut file = file.take(size);
    let mut splitter = LineSplitter::new(0);
    let mut chunk = vec![0; CHUNK];
    let mut outcome = Ok(());
    let mut hand = |line: Line<'_>| {
        if outcome.is_ok() {
            outcome = each(line);
        }
    };
    loop {
        let got = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        splitter.push(&chunk[..got], &mut hand);
    }
    splitter.finish(&mut hand);
    outcome
}
