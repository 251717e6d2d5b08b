//! Marks of finished work, and changes that are whole or not there.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a file, as lower-case hex.
pub(crate) fn hash_file(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    feed_file(&mut hash, path)?;
    Ok(hex(&hash.finalize()))
}

/// One hash over names and contents of files and folders (walked in name order; `skip` names
/// files and folders to leave out) and over `words`.
pub(crate) fn hash_inputs(paths: &[PathBuf], skip: &[&str], words: &[&str]) -> Result<String> {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(word.as_bytes());
        hash.update([0]);
    }
    for path in paths {
        for file in files_under(path, skip)? {
            let name = file.strip_prefix(path).unwrap_or(&file);
            hash.update(name.to_string_lossy().as_bytes());
            hash.update([0]);
            feed_file(&mut hash, &file)?;
            hash.update([0]);
        }
    }
    Ok(hex(&hash.finalize()))
}

/// All files below `path` in name order, or `path` itself when it is a file, or nothing when it
/// is not there.
pub(crate) fn files_under(path: &Path, skip: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if path.is_file() {
        files.push(path.to_path_buf());
    } else if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .with_context(|| format!("the folder {} cannot be read", path.display()))?;
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default();
            if !skip.iter().any(|skipped| name == *skipped) {
                files.extend(files_under(&entry, skip)?);
            }
        }
    }
    Ok(files)
}

fn feed_file(hash: &mut Sha256, path: &Path) -> Result<()> {
    let mut feed = || -> io::Result<()> {
        let mut file = fs::File::open(path)?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            hash.update(&buffer[..read]);
        }
    };
    feed().with_context(|| format!("{} cannot be read", path.display()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A mark that some work was finished for some inputs.
pub(crate) struct Stamp {
    path: PathBuf,
    value: String,
}

impl Stamp {
    /// A mark at `path` that holds when the work was last finished for `value`.
    pub(crate) fn new(path: PathBuf, value: String) -> Self {
        Self { path, value }
    }

    /// Whether the work was finished for these inputs.
    pub(crate) fn holds(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|text| text == self.value)
    }

    /// Does the work: the old mark goes first, so that work cut short is never taken for done.
    pub(crate) fn renew(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        remove(&self.path)?;
        work()?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("{} cannot be made", folder.display()))?;
        }
        fs::write(&self.path, &self.value)
            .with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// Removes a file or a folder with all it holds. That it is not there is fine.
pub(crate) fn remove(path: &Path) -> Result<()> {
    let result = match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", path.display()))
        }
        _ => Ok(()),
    }
}

/// Makes a folder by `work` under a temporary name beside it, then puts it in the place of
/// `folder`.
pub(crate) fn replace_folder(folder: &Path, work: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut name = folder.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let partial = folder.with_file_name(name);
    remove(&partial)?;
    fs::create_dir_all(&partial)
        .with_context(|| format!("{} cannot be made", partial.display()))?;
    if let Err(error) = work(&partial) {
        remove(&partial)?;
        return Err(error);
    }
    remove(folder)?;
    fs::rename(&partial, folder)
        .with_context(|| format!("{} cannot be put in place", folder.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use anyhow::bail;

    use super::{Stamp, files_under, hash_file, hash_inputs, replace_folder};

    #[test]
    fn the_hash_is_sha_256() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("abc");
        fs::write(&file, "abc").expect("written");
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hash_file(&file).expect("read"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn inputs_differ_by_content_name_and_words_and_not_by_what_is_skipped() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let root = dir.path().join("in");
        fs::create_dir_all(root.join("out")).expect("made");
        fs::write(root.join("a"), "1").expect("written");
        let hash = || hash_inputs(std::slice::from_ref(&root), &["out"], &["w"]).expect("read");
        let first = hash();
        fs::write(root.join("out/x"), "other").expect("written");
        assert_eq!(hash(), first);
        assert_eq!(files_under(&root, &["out"]).expect("read").len(), 1);
        fs::write(root.join("a"), "2").expect("written");
        assert_ne!(hash(), first);
        fs::write(root.join("a"), "1").expect("written");
        assert_eq!(hash(), first);
        fs::rename(root.join("a"), root.join("b")).expect("renamed");
        assert_ne!(hash(), first);
    }

    #[test]
    fn work_cut_short_leaves_no_mark() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let stamp = Stamp::new(dir.path().join("s/mark"), "1".into());
        assert!(!stamp.holds());
        stamp.renew(|| Ok(())).expect("done");
        assert!(stamp.holds());
        stamp.renew(|| bail!("cut short")).expect_err("failed");
        assert!(!stamp.holds());
    }

    #[test]
    fn a_folder_is_replaced_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = dir.path().join("out");
        let fill =
            |text: &'static str| move |at: &std::path::Path| Ok(fs::write(at.join("f"), text)?);
        replace_folder(&folder, fill("one")).expect("made");
        replace_folder(&folder, |at| {
            fs::write(at.join("f"), "half")?;
            bail!("cut short")
        })
        .expect_err("failed");
        assert_eq!(fs::read_to_string(folder.join("f")).expect("there"), "one");
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1);
        replace_folder(&folder, fill("two")).expect("made again after a failure");
        assert_eq!(fs::read_to_string(folder.join("f")).expect("there"), "two");
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1);
    }
}
