//! Rules of users: packs in TOML, turned into the form that the core reads, with every
//! complaint of the core put back onto its line; and guests.

use std::cell::RefCell;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use muster_core::Timestamp;
use muster_core::diagnose::{
    DiagnoseError, DiagnoseOptions, Evidence, ForeignRules as _, Pack, PackError, PackStep,
    Rulebook, diagnose_with,
};
use muster_core::view::{DiagnosisView, PackCheckView};
use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::{Failure, describe};
use crate::files::read_text;
use crate::guest::{GuestFile, RuleGuest};

type Node<'a> = Spanned<DeValue<'a>>;

/// The rules of a diagnosis: the book, and the guests that hold some of them.
#[derive(Debug)]
pub struct Rules {
    /// What packs and guests say of causes and remedies, and what they look at.
    pub book: Rulebook,
    /// A guest remembers, so that asking changes it.
    guests: RefCell<Vec<RuleGuest>>,
}

impl Rules {
    /// The built-in rules, and those of every `*.toml` and `*.wasm` in the folders, in
    /// the order of their names.
    pub fn load(folders: &[PathBuf]) -> Result<Self, Failure> {
        let mut book = Rulebook::gateway();
        let mut guests = Vec::new();
        for folder in folders {
            for path in pack_files(folder)? {
                if is_guest(&path) {
                    guests.push(guest(&mut book, &path, false)?);
                } else {
                    add(&mut book, &read(&path)?, &path)?;
                }
            }
        }
        Ok(Self {
            book,
            guests: RefCell::new(guests),
        })
    }

    /// What they say of a bundle.
    pub fn judge(
        &self,
        bundle: &str,
        options: &DiagnoseOptions,
    ) -> Result<DiagnosisView, DiagnoseError> {
        let evidence = Evidence::parse_bundle(bundle, &self.book, options.records)
            .map_err(DiagnoseError::Bundle)?;
        let now: Option<Timestamp> = options.now.or(evidence.now);
        let now = now.ok_or(DiagnoseError::NoTime)?;
        let guests = &mut *self.guests.borrow_mut();
        Ok(diagnose_with(&evidence, &self.book, now, options, guests))
    }
}

/// Checks one pack or guest against the built-in rules, and says what it holds.
/// `verbose`: of a guest that cannot be used, all is told that the engine says.
pub fn check_pack(path: &Path, verbose: bool) -> Result<PackCheckView, Failure> {
    let mut book = Rulebook::gateway();
    let file = path.display().to_string();
    if is_guest(path) {
        let guest = guest(&mut book, path, verbose)?;
        return Ok(PackCheckView::of_foreign(&file, guest.pack()));
    }
    let pack = add(&mut book, &read(path)?, path)?;
    Ok(PackCheckView::of(&file, &pack))
}

fn is_guest(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "wasm")
}

/// A guest whose rules the book takes in.
fn guest(book: &mut Rulebook, path: &Path, verbose: bool) -> Result<RuleGuest, Failure> {
    let guest = RuleGuest::open(&GuestFile::cached(path, verbose))?;
    book.add_foreign(guest.pack()).map_err(|error| {
        let why = crate::render::plain(&error.to_string());
        Failure::unusable(format!(
            "the rules {} cannot be used: {why}",
            path.display()
        ))
        .hint("docs/rules.md says what a guest has to give")
    })?;
    Ok(guest)
}

/// A pack in the JSON form that every host reads; the error tells the line.
pub fn pack_json(text: &str) -> Result<String, String> {
    let table = parse(text)?;
    Ok(object(table.get_ref()).to_string())
}

/// The packs of a folder; a file stands for itself.
fn pack_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &std::io::Error| {
        Failure::unreachable(format!(
            "cannot read the rules in {}: {}",
            folder.display(),
            describe(error)
        ))
        .hint("--rules names a folder with *.toml and *.wasm files, or one such file")
    };
    if fs::metadata(folder)
        .map_err(|error| failed(&error))?
        .is_file()
    {
        return Ok(vec![folder.to_path_buf()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml" || extension == "wasm")
        {
            files.push(path);
        }
    }
    if files.is_empty() {
        // A wrong folder must not look like rules that find nothing.
        return Err(Failure::unreachable(format!(
            "there is no *.toml and no *.wasm in {}",
            folder.display()
        ))
        .hint("--rules names a folder with such files, or one of them"));
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, Failure> {
    read_text(path).map_err(|error| {
        Failure::reading(
            &format!("cannot read the rules in {}", path.display()),
            &error,
        )
    })
}

fn add(book: &mut Rulebook, text: &str, path: &Path) -> Result<Pack, Failure> {
    let failed = |message: String| {
        Failure::unusable(format!("{}:{message}", path.display())).hint(
            "the format is described in docs/rules.md; `muster gateway rules check FILE` checks it",
        )
    };
    let table = parse(text).map_err(failed)?;
    let json = object(table.get_ref()).to_string();
    let place = |error: PackError| {
        let at = find(table.get_ref(), &error.path).unwrap_or(0..0);
        failed(at_line(text, &at, &error.to_string()))
    };
    let pack = Pack::parse(&json).map_err(place)?;
    book.add(pack.clone()).map_err(place)?;
    Ok(pack)
}

fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, String> {
    DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        at_line(text, &span, error.message())
    })
}

/// `LINE: message`
fn at_line(text: &str, span: &Range<usize>, message: &str) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    format!("{line}: {message}")
}

fn object(table: &DeTable<'_>) -> Value {
    let fields = table
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), json(value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn json(node: &Node<'_>) -> Value {
    match node.get_ref() {
        DeValue::String(text) => Value::from(&**text),
        DeValue::Integer(integer) => {
            i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
                .map_or_else(|_| Value::from(integer.as_str()), Value::from)
        }
        DeValue::Float(float) => float
            .as_str()
            .replace('_', "")
            .parse::<f64>()
            .map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::from(*flag),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(items) => items.iter().map(json).collect(),
        DeValue::Table(table) => object(table),
    }
}

/// Where the end of a way stands in the text, or the farthest place on it.
fn find(root: &DeTable<'_>, path: &[PackStep]) -> Option<Range<usize>> {
    let (PackStep::Key(first), rest) = path.split_first()? else {
        return None;
    };
    let (key, value) = root.iter().find(|(key, _)| *key.get_ref() == *first)?;
    Some(below(value, rest).unwrap_or_else(|| key.span()))
}

fn below(node: &Node<'_>, path: &[PackStep]) -> Option<Range<usize>> {
    let (step, rest) = path.split_first()?;
    match (node.get_ref(), step) {
        (DeValue::Array(items), PackStep::Index(index)) => {
            let item = items.get(*index)?;
            Some(below(item, rest).unwrap_or_else(|| item.span()))
        }
        (DeValue::Table(table), PackStep::Key(_)) => find(table, path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_core::diagnose::GATEWAY_PACK;

    const GATEWAY_TOML: &str = include_str!("../../../core/src/diagnose/pack/gateway.toml");

    #[test]
    fn the_built_in_rules_are_those_of_the_file_for_people() {
        let made = pack_json(GATEWAY_TOML).unwrap() + "\n";
        if std::env::var_os("MUSTER_BLESS").is_some() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../core/src/diagnose/pack/gateway.json");
            fs::write(path, &made).unwrap();
        }
        assert!(
            made == GATEWAY_PACK,
            "gateway.json is not what gateway.toml says: run \
             `MUSTER_BLESS=1 cargo test -p muster --lib packs`"
        );
    }

    #[track_caller]
    fn complaint(text: &str) -> String {
        let mut book = Rulebook::gateway();
        let failure = add(&mut book, text, Path::new("my.toml")).unwrap_err();
        failure.message
    }

    const HEAD: &str = "muster_pack = 1\nname = \"mine\"\n";

    #[test]
    fn complaints_point_at_the_line() {
        for (text, says) in [
            ("name = \"mine\"", "my.toml:1: `muster_pack` is missing"),
            (
                "muster_pack = 2\nname = \"x\"",
                "my.toml:1: muster_pack: this Muster reads version 1",
            ),
            ("muster_pack = 1\nname = [", "my.toml:2: "),
            (
                &format!(
                    "{HEAD}\n[[cause]]\nid = \"a.b\"\nlayer = \"error-log\"\nverdict = \"bad\"\ntitle = \"t\""
                ),
                "my.toml:7: cause[0].verdict: `bad` is none of ok, degraded, failed",
            ),
            (
                &format!("{HEAD}[[log]]\nid = \"x\"\nlog = \"l\"\ntext = \"a{{b\""),
                "my.toml:6: log[0].text: a `{` without its `}`",
            ),
            (
                &format!(
                    "{HEAD}[[log]]\nid = \"x\"\nlog = \"l\"\ntext = \"a\"\ncause = \"none.such\""
                ),
                "my.toml:7: log[0].cause: no pack has a cause `none.such`",
            ),
            (
                &format!(
                    "{HEAD}[[log]]\nid = \"x\"\nlog = \"l\"\ntext = \"a\"\nwhere = {{ n = {{ atleast = 3 }} }}"
                ),
                "my.toml:7: log[0].where.n.atleast: not a name that is known here",
            ),
            (
                &format!("{HEAD}[[port]]\nid = \"x\"\nport = 70000\ncause = \"c\""),
                "my.toml:5: port[0].port: not a port from 1 to 65535",
            ),
            (
                &format!(
                    "{HEAD}[[cause]]\nid = \"process.not_running\"\nlayer = \"process\"\nverdict = \"failed\"\ntitle = \"t\""
                ),
                "my.toml:4: cause[0].id: the cause `process.not_running` is there already",
            ),
            (
                &format!(
                    "{HEAD}[[value]]\nid = \"v\"\ndocument = \"status\"\npath = \"a\"\ncause = \"process.not_running\""
                ),
                "my.toml:4: value[0].id: no test: one of equals",
            ),
            (
                &format!("{HEAD}[[log]]\nid = \"x\"\ntext = \"a\""),
                "my.toml:3: log[0]: `log` is missing",
            ),
        ] {
            let got = complaint(text);
            assert!(got.starts_with(says), "{got}\nnot\n{says}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_unreachable() {
        let failure = Rules::load(&[PathBuf::from("/nowhere/at/all")]).unwrap_err();
        assert_eq!(failure.kind.exit(), 3);
    }
}
