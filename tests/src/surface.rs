//! The public surface of the core, read from its sources.
//!
//! Two documents are made of it and pinned by a test: the items that other
//! crates can use, and the fields of every JSON document.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use quote::ToTokens;
use syn::{Attribute, Fields, ImplItem, Item, ItemStruct, Visibility};

/// All items of the core's sources, by name.
#[derive(Default)]
pub struct Surface {
    /// Names that `lib.rs` and the public modules export.
    exported: BTreeSet<String>,
    structs: BTreeMap<String, ItemStruct>,
    enums: BTreeMap<String, syn::ItemEnum>,
    /// Signatures of public functions and constants, by the type or `fn`/`const` they belong to.
    members: BTreeMap<String, BTreeSet<String>>,
    /// What stands before the names of the file that is being read: the path of a
    /// module whose names are not exported further up.
    prefix: String,
}

impl Surface {
    /// Reads every source file below `folder`.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut surface = Self::default();
        surface.read_folder(folder)?;
        let root = fs::read_to_string(folder.join("lib.rs"))?;
        surface.export_uses(&syn::parse_file(&root)?.items);
        for module in ["bridge", "delivery", "diagnose", "entry", "view"] {
            let text = fs::read_to_string(folder.join(module).join("mod.rs"))?;
            surface.export_uses(&syn::parse_file(&text)?.items);
        }
        Ok(surface)
    }

    fn read_folder(&mut self, folder: &Path) -> Result<()> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            paths.push(entry?.path());
        }
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.read_folder(&path)?;
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path)?;
                let file = syn::parse_file(&text).with_context(|| path.display().to_string())?;
                self.prefix = prefix(folder, &path);
                let public_module = folder.ends_with("record")
                    || path.ends_with("usage/mod.rs")
                    || !self.prefix.is_empty();
                self.read_items(file.items, public_module);
            }
        }
        Ok(())
    }

    fn read_items(&mut self, items: Vec<Item>, public_module: bool) {
        for item in items {
            match item {
                Item::Struct(item) if is_public(&item.vis) => {
                    let name = self.name(&item.ident);
                    if public_module {
                        self.exported.insert(name.clone());
                    }
                    self.structs.insert(name, item);
                }
                Item::Enum(item) if is_public(&item.vis) => {
                    let name = self.name(&item.ident);
                    if public_module {
                        self.exported.insert(name.clone());
                    }
                    self.enums.insert(name, item);
                }
                Item::Fn(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                    let name = self.name(&item.sig.ident);
                    if !self.prefix.is_empty() {
                        self.exported.insert(name.clone());
                    }
                    self.member(&name, item.sig.to_token_stream());
                }
                Item::Const(item) if is_public(&item.vis) => {
                    let (ident, kind) = (&item.ident, &item.ty);
                    let name = self.name(ident);
                    if !self.prefix.is_empty() {
                        self.exported.insert(name.clone());
                    }
                    self.member(&name, quote::quote!(const #ident : #kind));
                }
                Item::Impl(item) if item.trait_.is_none() => {
                    let owner = item.self_ty.to_token_stream().to_string();
                    let owner = self.name(owner.split([' ', '<']).next().unwrap_or_default());
                    for member in item.items {
                        match member {
                            ImplItem::Fn(f) if is_public(&f.vis) && !is_hidden(&f.attrs) => {
                                self.member(&owner, f.sig.to_token_stream());
                            }
                            ImplItem::Const(c) if is_public(&c.vis) => {
                                let (name, kind) = (&c.ident, &c.ty);
                                self.member(&owner, quote::quote!(const #name : #kind));
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn name(&self, ident: &(impl ToString + ?Sized)) -> String {
        format!("{}{}", self.prefix, ident.to_string())
    }

    fn member(&mut self, owner: &str, signature: impl ToTokens) {
        let text = tidy(&signature.to_token_stream().to_string());
        self.members
            .entry(owner.to_owned())
            .or_default()
            .insert(text);
    }

    fn export_uses(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Use(item) if is_public(&item.vis) => self.export_tree(&item.tree),
                Item::Fn(item) if is_public(&item.vis) => {
                    self.exported.insert(item.sig.ident.to_string());
                }
                _ => {}
            }
        }
    }

    fn export_tree(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.export_tree(&path.tree),
            syn::UseTree::Name(name) => {
                self.exported.insert(name.ident.to_string());
            }
            syn::UseTree::Rename(name) => {
                self.exported.insert(name.rename.to_string());
            }
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.export_tree(tree);
                }
            }
            syn::UseTree::Glob(_) => {}
        }
    }

    /// The items that other crates can use, one per line.
    pub fn items(&self) -> String {
        let mut text = String::from(
            "# Public items of muster-core\n\nMade from the sources and pinned by a test. \
             Views are listed in `json.md`.\n\n```text\n",
        );
        for name in &self.exported {
            if self.structs.get(name).is_some_and(is_view) {
                continue;
            }
            let kind = match (
                self.structs.contains_key(name),
                self.enums.contains_key(name),
            ) {
                (true, _) => "struct ",
                (_, true) => "enum ",
                _ => "",
            };
            let _ = writeln!(text, "{kind}{name}");
            let mut lines = BTreeSet::new();
            if let Some(item) = self.structs.get(name) {
                lines.extend(
                    fields(item)
                        .filter(|f| is_public(&f.vis))
                        .map(|field| format!("{}: {}", field_name(field), type_text(&field.ty))),
                );
            }
            if let Some(item) = self.enums.get(name) {
                lines.extend(item.variants.iter().map(|variant| {
                    tidy(&format!(
                        "{}{}",
                        variant.ident,
                        variant.fields.to_token_stream()
                    ))
                }));
            }
            let members = self.members.get(name).into_iter().flatten().cloned();
            for line in lines.into_iter().chain(members) {
                let _ = writeln!(text, "    {}", without_docs(&line));
            }
        }
        text + "```\n"
    }

    /// The fields of every JSON document, with what they mean.
    pub fn json_fields(&self) -> String {
        let mut text = String::from(
            "# JSON documents\n\nEvery document that leaves Muster, made from the sources and \
             pinned by a test. Names are stable: fields are added, none is renamed or removed. \
             Times are RFC 3339 in UTC, amounts plain decimals with every digit, rates 0 to 1, \
             keys of maps sorted by bytes.\n",
        );
        for (name, item) in &self.structs {
            if !is_view(item) || !self.exported.contains(name) {
                continue;
            }
            let _ = writeln!(text, "\n## {name}\n\n{}\n", docs(&item.attrs));
            text.push_str("| field | type | meaning |\n|---|---|---|\n");
            for field in fields(item) {
                let kind = type_text(&field.ty);
                if has_serde(&field.attrs, "flatten") {
                    let _ = writeln!(text, "| | | all fields of {kind} |");
                } else {
                    let name = field_name(field);
                    let _ = writeln!(text, "| `{name}` | `{kind}` | {} |", docs(&field.attrs));
                }
            }
        }
        for (name, item) in &self.enums {
            if derives_serialize(&item.attrs) && self.exported.contains(name) {
                let _ = writeln!(text, "\n## {name}\n\n{}\n", docs(&item.attrs));
                for variant in &item.variants {
                    let value = snake_case(&variant.ident.to_string());
                    let _ = writeln!(text, "- `{value}`: {}", docs(&variant.attrs));
                }
            }
        }
        text
    }
}

/// The machines of the gateway are named by their modules: each has an `Action`.
fn prefix(folder: &Path, path: &Path) -> String {
    match path.file_stem() {
        Some(stem) if folder.ends_with("gateway") && stem == "mod" => "gateway::".to_owned(),
        Some(stem) if folder.ends_with("gateway") => {
            format!("gateway::{}::", stem.to_string_lossy())
        }
        _ => String::new(),
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes
        .iter()
        .any(|a| a.to_token_stream().to_string().contains("hidden"))
}

fn is_view(item: &ItemStruct) -> bool {
    derives_serialize(&item.attrs) && matches!(item.fields, Fields::Named(_))
}

fn derives_serialize(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("derive")
            && attribute
                .to_token_stream()
                .to_string()
                .contains("Serialize")
    })
}

fn has_serde(attributes: &[Attribute], word: &str) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("serde") && attribute.to_token_stream().to_string().contains(word)
    })
}

fn fields(item: &ItemStruct) -> impl Iterator<Item = &syn::Field> {
    item.fields.iter()
}

fn field_name(field: &syn::Field) -> String {
    field
        .ident
        .as_ref()
        .map_or_else(|| "0".to_owned(), ToString::to_string)
}

fn type_text(kind: &syn::Type) -> String {
    tidy(&kind.to_token_stream().to_string())
}

/// The doc comment as one line.
fn docs(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let syn::Meta::NameValue(meta) = &attribute.meta
            && meta.path.is_ident("doc")
            && let syn::Expr::Lit(literal) = &meta.value
            && let syn::Lit::Str(text) = &literal.lit
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    lines.join(" ").replace('|', "\\|").trim().to_owned()
}

/// Token text as people write it.
fn tidy(text: &str) -> String {
    let mut text = text.replace('\n', " ");
    for (from, to) in [
        (" :: ", "::"),
        (" :", ":"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" ;", ";"),
        ("[ ", "["),
        (" ]", "]"),
        (" <", "<"),
        (",)", ")"),
        ("->", " -> "),
        ("  ", " "),
    ] {
        text = text.replace(from, to);
    }
    text.replace("- >", " -> ")
        .replace("  ", " ")
        .trim()
        .to_owned()
}

/// A variant's text without the doc comments of its fields.
fn without_docs(line: &str) -> String {
    let mut text = line.to_owned();
    while let Some(start) = text.find("# [doc") {
        let Some(end) = text[start..].find("\"]") else {
            break;
        };
        text.replace_range(start..start + end + 2, "");
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}
