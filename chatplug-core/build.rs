//! Checks the messages of `locales/` and the words of `lexicons/` and builds them in: a language is a folder of `.ftl`
//! files and a folder of lexicons, nothing else.
//!
//! A message that is missing, broken, without a plural or too long for its button fails the build, and says where; so
//! does a line of a lexicon that cannot be read, and a language that lacks a word it needs.

use fluent_syntax::{ast::Entry, parser};
use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs, io,
    path::Path,
};

#[path = "src/reply/check.rs"]
#[expect(dead_code, reason = "the library uses the rest of it for tenants' own wording")]
mod check;

// The form of the lexicons, as the library reads them at run time, and what examples teach.
#[path = "src/understand/learn.rs"]
#[expect(dead_code, reason = "the library asks what this only learns")]
mod learn;
#[path = "src/understand/lines.rs"]
mod lines;
#[path = "src/understand/tags.rs"]
mod tags;
#[path = "src/understand/text.rs"]
#[expect(dead_code, reason = "the library reads what this only checks")]
mod text;

use check::{REFERENCE, Source, check_catalogues};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=lexicons");
    println!("cargo::rerun-if-changed=src/reply/check.rs");
    for source in ["learn", "lines", "tags", "text"] {
        println!("cargo::rerun-if-changed=src/understand/{source}.rs");
    }
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?;
    let files = read(&Path::new(&root).join("locales"), ".ftl")?;
    let sources: Vec<_> =
        files.iter().map(|file| Source { lang: &file.lang, file: &file.name, text: &file.text }).collect();

    for problem in check_catalogues(&sources) {
        println!("cargo::error=locales/{problem}");
    }

    let out = env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    fs::write(Path::new(&out).join("words.rs"), table(&files, &keys(&files))?)?;

    let lexicons = read(&Path::new(&root).join("lexicons"), ".txt")?;
    let entries = check_lexicons(&lexicons);
    fs::write(Path::new(&out).join("lexicons.rs"), texts_table("FILES", &lexicons)?)?;

    let examples = read(&Path::new(&root).join("lexicons"), ".examples")?;
    fs::write(Path::new(&out).join("examples.rs"), learned_table(Path::new(&out), &examples, &entries)?)?;

    let free = read(&Path::new(&root).join("lexicons"), ".words")?;
    for file in &free {
        for kind in FREE {
            let told = |line: &str| {
                line.split_once('=').is_some_and(|(key, words)| key.trim() == kind && !words.trim().is_empty())
            };
            if !file.text.lines().any(told) {
                println!("cargo::error=lexicons/{}: no words for \"{kind}\"", file.name);
            }
        }
    }
    for lexicon in lexicons.iter().filter(|lexicon| !lexicon.lang.is_empty()) {
        if !free.iter().any(|file| file.lang == lexicon.lang) {
            println!("cargo::error=lexicons/{}: no free.words", lexicon.lang);
        }
    }
    fs::write(Path::new(&out).join("free.rs"), texts_table("FILES", &free)?)?;
    Ok(())
}

/// What every `free.words` holds.
const FREE: [&str; 7] = ["stop", "ask", "me", "done", "number", "day", "money"];

/// Tells every line that cannot be read, and every word that a language lacks; gives what they say by language.
fn check_lexicons(files: &[File]) -> BTreeMap<&str, Vec<lines::Entry>> {
    let mut names = tags::Names::default();
    let mut languages: BTreeMap<&str, Vec<lines::Entry>> = BTreeMap::new();
    for file in files {
        let (entries, problems) = lines::read(&file.text, &mut names);
        for problem in problems {
            println!("cargo::error=lexicons/{}:{}: {}", file.name, problem.line, problem.what);
        }
        languages.entry(file.lang.as_str()).or_default().extend(entries);
    }
    for (lang, entries) in languages.iter().filter(|(lang, _)| !lang.is_empty()) {
        for key in lines::missing(entries) {
            println!("cargo::error=lexicons/{lang}: no phrase for \"{key}\"");
        }
    }
    languages
}

/// Learns from the examples of every language; gives the Rust source that `understand/sources.rs` includes.
fn learned_table(
    out: &Path,
    files: &[File],
    lexicons: &BTreeMap<&str, Vec<lines::Entry>>,
) -> Result<String, Box<dyn std::error::Error>> {
    let mut languages: BTreeMap<&str, Vec<learn::Example>> = BTreeMap::new();
    for file in files {
        if file.lang.is_empty() {
            println!("cargo::error=lexicons/{}: examples belong in the folder of a language", file.name);
        }
        let entries = lexicons.get(file.lang.as_str()).map_or(&[][..], Vec::as_slice);
        let (examples, problems) = learn::read(&file.text, &learn::Kinds::of(entries));
        for (line, what) in problems {
            println!("cargo::error=lexicons/{}:{line}: {what}", file.name);
        }
        languages.entry(file.lang.as_str()).or_default().extend(examples);
    }
    let mut table =
        String::from("/// What the examples of each language teach.\nconst LEARNED: &[(&str, &[u8])] = &[\n");
    for (lang, examples) in languages {
        let path = out.join(format!("{lang}.learned"));
        fs::write(&path, bytes(&learn::Model::learn(&examples, learn::Kinds::default())))?;
        writeln!(table, "    ({lang:?}, include_bytes!({:?})),", path.display().to_string())?;
    }
    table.push_str("];\n");
    Ok(texts_table("EXAMPLES", files)? + &table)
}

/// A model as `learn::Model::open` reads it.
fn bytes(model: &learn::Model) -> Vec<u8> {
    let head = [model.scale].into_iter().chain(model.bias).flat_map(f32::to_le_bytes);
    head.chain(model.learned.iter().flatten().copied()).collect()
}

/// The Rust source of a constant with the texts of files.
fn texts_table(constant: &str, files: &[File]) -> Result<String, std::fmt::Error> {
    let mut out = String::from("/// Language (empty for what all share), name and text of every file, in order.\n");
    writeln!(out, "const {constant}: &[(&str, &str, &str)] = &[")?;
    for file in files {
        let name = file.name.rsplit('/').next().unwrap_or(&file.name);
        writeln!(out, "    ({:?}, {name:?}, include_str!({:?})),", file.lang, file.path)?;
    }
    out.push_str("];\n");
    Ok(out)
}

/// One file of messages, or of words.
struct File {
    /// Folder name: the language; empty for what all share.
    lang: String,
    /// `lang/file.ftl`.
    name: String,
    /// Where it lies.
    path: String,
    /// Its text.
    text: String,
}

/// Every file of a kind in the folders of languages and beside them, in order of language and name.
fn read(root: &Path, kind: &str) -> io::Result<Vec<File>> {
    let mut files = Vec::new();
    collect(root, "", kind, &mut files)?;
    for folder in fs::read_dir(root)? {
        let folder = folder?.path();
        if let Some(lang) = folder.file_name().and_then(|name| name.to_str()).filter(|_| folder.is_dir()) {
            collect(&folder, lang, kind, &mut files)?;
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn collect(folder: &Path, lang: &str, kind: &str, files: &mut Vec<File>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|name| name.ends_with(kind)) else {
            continue;
        };
        println!("cargo::rerun-if-changed={}", path.display());
        files.push(File {
            lang: lang.to_owned(),
            name: if lang.is_empty() { name.to_owned() } else { format!("{lang}/{name}") },
            path: path.display().to_string(),
            text: fs::read_to_string(&path)?,
        });
    }
    Ok(())
}

/// The names of the messages that every language has.
fn keys(files: &[File]) -> BTreeSet<String> {
    let reference = files.iter().filter(|file| file.lang == REFERENCE);
    // What cannot be parsed has been reported already.
    let resources = reference.map(|file| parser::parse(file.text.as_str()).unwrap_or_else(|(resource, _)| resource));
    resources
        .flat_map(|resource| resource.body)
        .filter_map(|entry| match entry {
            Entry::Message(message) => Some(message.id.name.to_owned()),
            _ => None,
        })
        .filter(|key| !key.starts_with("own-"))
        .collect()
}

/// The Rust source that `reply/words.rs` includes: the files, and a constant for every message, so that a message that
/// the code names and nobody wrote does not compile, and one that nobody names is reported as dead.
fn table(files: &[File], keys: &BTreeSet<String>) -> Result<String, std::fmt::Error> {
    let mut out = String::from("/// Language, name and text of every file of messages, in order.\n");
    out.push_str("pub(crate) const FILES: &[(&str, &str, &str)] = &[\n");
    for file in files {
        writeln!(out, "    ({:?}, {:?}, include_str!({:?})),", file.lang, file.name, file.path)?;
    }
    out.push_str("];\n\n/// The name of every message.\npub(crate) mod id {\n    use super::Id;\n");
    for key in keys {
        writeln!(out, "    pub(crate) const {}: Id = Id({key:?});", key.replace('-', "_").to_uppercase())?;
    }
    out.push_str("}\n\n/// The messages of templates, which are declared by name.\nconst TEMPLATES: &[Id] = &[\n");
    for key in keys.iter().filter(|key| key.starts_with("template-")) {
        writeln!(out, "    id::{},", key.replace('-', "_").to_uppercase())?;
    }
    out.push_str("];\n");
    Ok(out)
}
