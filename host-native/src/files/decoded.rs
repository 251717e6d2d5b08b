//! Files of another system, read through a decoder.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use muster_core::{LogScan, Pricing, Telemetry};

use super::{Progress, open_log};
use crate::config::ModelPrice;
use crate::error::{Failure, describe};
use crate::guest::{Decoder, GuestFile};
use crate::render::plain;

/// Bytes per read.
const CHUNK: usize = 256 << 10;
/// Deeper folders are not looked into.
const MAX_DEPTH: u32 = 16;
/// The ending of the files that are taken from a named folder.
const ENDING: &str = "jsonl";

/// What a decoder reads.
#[derive(Clone, Debug)]
pub struct DecodedFiles {
    /// Files, and folders whose files of lines are read, those below them included.
    pub paths: Vec<PathBuf>,
    /// The decoder.
    pub decoder: GuestFile,
    /// Prices that stand above those of the decoder, the strongest first.
    pub prices: Vec<ModelPrice>,
}

impl DecodedFiles {
    /// The files in the order of reading: as they were named, those of a folder by
    /// name. What is not there stays in the list.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for path in &self.paths {
            if path.is_dir() {
                below(path, 0, &mut files);
            } else {
                files.push(path.clone());
            }
        }
        files
    }

    /// Reads all of them.
    pub(super) fn read(
        &self,
        telemetry: &mut Telemetry,
        progress: &dyn Progress,
    ) -> Result<(), Failure> {
        let mut decoder = Decoder::open(&self.decoder)?;
        let mut prices = decoder.prices()?;
        for entry in self.prices.iter().rev() {
            prices.insert(&entry.model, entry.from, entry.price);
        }
        let mut pricing = Pricing::new(prices);
        let files = self.files();
        if files.is_empty() {
            telemetry.note(format!("no file in the named folders ends in .{ENDING}"));
        }
        let size = |path: &PathBuf| fs::metadata(path).map_or(0, |metadata| metadata.len());
        progress.begin(files.iter().map(size).sum());
        for path in files {
            let name = path.display().to_string();
            decoder.start(&name);
            let mut scan = telemetry.scan(decoder.kind(), 0);
            let read = open_log(&path).and_then(|file| {
                scan_decoded(&file, &mut scan, &mut decoder, &mut pricing, progress)
            });
            match read {
                Ok(bytes) => telemetry.absorb(name, bytes, scan),
                Err(error) => telemetry.note_unreadable(name, decoder.kind(), describe(&error)),
            }
            for complaint in decoder.take_told() {
                telemetry.note(complaint);
            }
        }
        for (model, records) in pricing.unpriced() {
            let model = plain(model);
            telemetry.note(format!(
                "{model} has no price, so {records} calls are left out: add [prices.\"{model}\"] with input and output to muster.toml"
            ));
        }
        progress.end();
        Ok(())
    }
}

fn scan_decoded(
    mut file: &File,
    scan: &mut LogScan,
    decoder: &mut Decoder,
    pricing: &mut Pricing,
    progress: &dyn Progress,
) -> io::Result<u64> {
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(got) => {
                scan.push_decoded(chunk.get(..got).unwrap_or_default(), decoder, pricing);
                bytes += got as u64;
                progress.advance(got as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    scan.finish_decoded(decoder, pricing);
    Ok(bytes)
}

/// Files of lines in a folder and below, by name; links to folders are not followed.
fn below(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) {
    let Ok(entries) = folder.read_dir() else {
        // It is told as a file that cannot be read.
        files.push(folder.to_path_buf());
        return;
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => below(&path, depth + 1, files),
            Ok(kind) if !kind.is_dir() && path.extension().is_some_and(|e| e == ENDING) => {
                files.push(path);
            }
            _ => {}
        }
    }
}
