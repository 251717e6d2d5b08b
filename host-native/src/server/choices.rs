//! Choices of the user that outlive the server: small documents in its folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The document of one sort of choices.
#[derive(Clone, Debug)]
pub(super) struct Choices(Option<PathBuf>);

impl Choices {
    /// The document `name` in the server's folder; without one nothing is kept.
    pub(super) fn new(folder: Option<&Path>, name: &str) -> Self {
        Self(folder.map(|folder| folder.join(name)))
    }

    /// What was chosen before. A document that cannot be read is none.
    pub(super) fn load<T: DeserializeOwned + Default>(&self) -> T {
        let text = self.0.as_ref().and_then(|file| fs::read(file).ok());
        text.and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Keeps a choice: afterwards the document is this one or the one before.
    pub(super) fn save<T: Serialize>(&self, choice: &T) -> io::Result<()> {
        let Some(file) = &self.0 else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(&serde_json::to_vec(choice)?)?;
        temporary.as_file().sync_all()?;
        temporary.persist(file).map_err(|error| error.error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_choice_is_there_again_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("ops");
        let choices = Choices::new(Some(&state), "some.json");
        assert_eq!(choices.load::<BTreeSet<String>>(), BTreeSet::new());
        let chosen = BTreeSet::from(["a".to_owned()]);
        choices.save(&chosen).unwrap();
        assert_eq!(choices.load::<BTreeSet<String>>(), chosen);
        fs::write(state.join("some.json"), "[\"a").unwrap();
        assert_eq!(choices.load::<BTreeSet<String>>(), BTreeSet::new());
        let nowhere = Choices::new(None, "some.json");
        nowhere.save(&chosen).unwrap();
        assert_eq!(nowhere.load::<BTreeSet<String>>(), BTreeSet::new());
    }
}
