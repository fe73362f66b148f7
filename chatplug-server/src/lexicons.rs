//! Words of one's own for the understanding, read from a folder: `<language>/<name>.txt`, `<name>.txt` for what all
//! languages share, and `<language>/<name>.examples` with messages to learn from. Their form is the core's.

use anyhow::Context;
use chatplug_core::{
    model::Lang,
    understand::{Lexicons, OfflineEngine},
};
use std::{fs, path::Path};

/// The engine with the words of a folder over those built in.
///
/// # Errors
/// When the folder cannot be read, or a line in it.
pub(crate) fn engine(folder: &Path) -> anyhow::Result<OfflineEngine> {
    let place = || folder.display().to_string();
    let mut lexicons = files(Lexicons::built_in(), None, folder).with_context(place)?;
    for entry in fs::read_dir(folder).with_context(place)? {
        let path = entry.with_context(place)?.path();
        let code = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            let lang: Lang = code.parse().with_context(|| path.display().to_string())?;
            lexicons = files(lexicons, Some(lang), &path).with_context(|| path.display().to_string())?;
        }
    }
    OfflineEngine::with_lexicons(&lexicons).with_context(place)
}

fn files(mut lexicons: Lexicons, lang: Option<Lang>, folder: &Path) -> anyhow::Result<Lexicons> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let ours = |name: &&str| name.ends_with(".txt") || name.ends_with(".examples");
        let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(ours) else { continue };
        lexicons = lexicons.with(lang, name, fs::read_to_string(&path).with_context(|| path.display().to_string())?);
    }
    Ok(lexicons)
}
