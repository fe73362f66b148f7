//! The mapping as a file that a person reads and edits: TOML, one block for each service and person of the old system.
//!
//! A file that was edited is told from one that was only written by the hash in its first line, so that a new plan never
//! takes an evening's work away.

use super::mapping::{Pair, Proposal, service_name};
use crate::model::{BranchId, Catalog, InstallId, ServiceId, StaffId, TenantId};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, fmt::Write as _, ops::Range, str::FromStr};
use toml::Spanned;

/// What of one booking system is what at another. Whatever is missing has no partner.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// Services.
    pub services: BTreeMap<ServiceId, ServiceId>,
    /// People.
    pub staff: BTreeMap<StaffId, StaffId>,
}

/// A mapping with what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingFile {
    /// Whose.
    pub tenant: TenantId,
    /// Which branch's.
    pub branch: BranchId,
    /// The old system.
    pub from: InstallId,
    /// The new one.
    pub to: InstallId,
    /// What is what.
    pub mapping: Mapping,
}

/// Something wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In which line, from 1.
    pub line: usize,
    /// What, and what would be right.
    pub message: String,
}

impl Fault {
    fn at(text: &str, span: &Range<usize>, message: String) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        Self { line: before.matches('\n').count() + 1, message }
    }
}

/// Ids with names to print.
type Listed<'a> = [(&'a str, String)];

const HEAD: &str = "# written by chatplug swap plan, unchanged since: ";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    tenant: Spanned<String>,
    branch: Spanned<String>,
    from: Spanned<String>,
    to: Spanned<String>,
    #[serde(default)]
    service: Vec<RawPair>,
    #[serde(default)]
    staff: Vec<RawPair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPair {
    from: Spanned<String>,
    to: Spanned<String>,
}

impl MappingFile {
    /// Writes a proposal down for a person to look at and to edit.
    #[must_use]
    pub fn write(
        (tenant, branch): (&TenantId, &BranchId),
        (from, to): (&InstallId, &InstallId),
        proposal: &Proposal,
    ) -> String {
        let mut body = String::from(
            "#\n# What is what. `to` may be changed to any id of the new system; `to = \"\"` leaves one without a partner:\n# its \
             bookings stay where they are, and are listed for a person.\n\n",
        );
        for (key, value) in
            [("tenant", tenant.as_str()), ("branch", branch.as_str()), ("from", from.as_str()), ("to", to.as_str())]
        {
            let _ = writeln!(body, "{key} = {}", quoted(value));
        }
        pairs(&mut body, "service", &proposal.services);
        pairs(&mut body, "staff", &proposal.staff);
        free(&mut body, "services", proposal.new_services.iter().map(|(id, name)| (id.as_str(), name)));
        free(&mut body, "people", proposal.new_staff.iter().map(|(id, name)| (id.as_str(), name)));
        format!("{HEAD}{}\n{body}", hash(&body))
    }

    /// Whether a file is as a plan wrote it. One that is not may hold somebody's work.
    #[must_use]
    pub fn is_untouched(text: &str) -> bool {
        let Some((head, body)) = text.split_once('\n') else { return text.is_empty() };
        head.strip_prefix(HEAD).is_some_and(|told| told == hash(body))
    }

    /// Reads a file, and looks whether what it names is there.
    ///
    /// # Errors
    /// Everything that is wrong with it, in order of its lines.
    pub fn read(text: &str, from: &Catalog, to: &Catalog) -> Result<Self, Vec<Fault>> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            vec![Fault::at(text, &span, error.message().trim().to_owned())]
        })?;
        let mut faults = Vec::new();
        let mut mapping = Mapping::default();
        let old: Vec<(&str, String)> = from.services.iter().map(|one| (one.id.as_str(), service_name(one))).collect();
        let new: Vec<(&str, String)> = to.services.iter().map(|one| (one.id.as_str(), service_name(one))).collect();
        read_pairs(text, ("service", &raw.service), (&old, &new), &mut mapping.services, &mut faults);
        let old: Vec<(&str, String)> = from.staff.iter().map(|one| (one.id.as_str(), one.name.clone())).collect();
        let new: Vec<(&str, String)> = to.staff.iter().map(|one| (one.id.as_str(), one.name.clone())).collect();
        read_pairs(text, ("person", &raw.staff), (&old, &new), &mut mapping.staff, &mut faults);
        let (tenant, branch) = (id(text, &raw.tenant, &mut faults), id(text, &raw.branch, &mut faults));
        let (from, to) = (id(text, &raw.from, &mut faults), id(text, &raw.to, &mut faults));
        faults.sort_by_key(|fault| fault.line);
        match (tenant, branch, from, to) {
            (Some(tenant), Some(branch), Some(from), Some(to)) if faults.is_empty() => {
                Ok(Self { tenant, branch, from, to, mapping })
            }
            _ => Err(faults),
        }
    }
}

fn id<T: FromStr<Err = crate::model::IdError>>(
    text: &str,
    raw: &Spanned<String>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    match raw.get_ref().parse() {
        Ok(id) => Some(id),
        Err(error) => {
            faults.push(Fault::at(text, &raw.span(), error.to_string()));
            None
        }
    }
}

fn read_pairs<Id>(
    text: &str,
    (kind, raw): (&str, &[RawPair]),
    (old, new): (&Listed<'_>, &Listed<'_>),
    mapping: &mut BTreeMap<Id, Id>,
    faults: &mut Vec<Fault>,
) where
    Id: FromStr + Ord,
{
    for RawPair { from, to } in raw {
        let mut known = true;
        for (one, all, side) in [(from, old, "old"), (to, new, "new")] {
            let left_out = side == "new" && one.get_ref().is_empty();
            if !left_out && !all.iter().any(|(id, _)| id == one.get_ref()) {
                known = false;
                let message =
                    format!("the {side} system has no {kind} {:?}{}", one.get_ref(), nearest(one.get_ref(), all));
                faults.push(Fault::at(text, &one.span(), message));
            }
        }
        let (Ok(one), Ok(other)) = (from.get_ref().parse::<Id>(), to.get_ref().parse::<Id>()) else { continue };
        if known && mapping.insert(one, other).is_some() {
            let message = format!("the {kind} {:?} is mapped twice", from.get_ref());
            faults.push(Fault::at(text, &from.span(), message));
        }
    }
}

/// The id or name that was probably meant.
fn nearest(given: &str, all: &Listed<'_>) -> String {
    let given = given.to_lowercase();
    let alike = |(id, name): &&(&str, String)| {
        let name = name.to_lowercase();
        let plain = name.split(", ").next().unwrap_or(&name);
        let by_name = strsim::jaro_winkler(&given, plain);
        if by_name >= 0.85 { 1.0 + by_name } else { strsim::normalized_damerau_levenshtein(&given, &id.to_lowercase()) }
    };
    let best = all.iter().max_by(|a, b| alike(a).total_cmp(&alike(b)));
    best.map_or_else(String::new, |(id, name)| format!("; the nearest is {} ({name})", quoted(id)))
}

fn pairs<Id: std::fmt::Display>(body: &mut String, key: &str, pairs: &[Pair<Id>]) {
    for pair in pairs {
        let _ = writeln!(body, "\n[[{key}]]\nfrom = {}  # {}", quoted(&pair.id.to_string()), comment(&pair.name));
        let _ = match (&pair.partner, &pair.why_not) {
            (Some(partner), _) => writeln!(
                body,
                "to = {}  # {} ({} %: {})",
                quoted(&partner.id.to_string()),
                comment(&partner.name),
                partner.score,
                comment(&partner.reason)
            ),
            (None, why) => writeln!(body, "to = \"\"  # no partner; {}", comment(why.as_deref().unwrap_or_default())),
        };
    }
}

fn free<'a>(body: &mut String, what: &str, left: impl Iterator<Item = (&'a str, &'a String)>) {
    for (at, (id, name)) in left.enumerate() {
        if at == 0 {
            let _ = writeln!(body, "\n# {what} of the new system that nothing is mapped to:");
        }
        let _ = writeln!(body, "# {}  {}", quoted(id), comment(name));
    }
}

/// Names are of a vendor's making: none may end its comment.
fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn hash(body: &str) -> String {
    Sha256::digest(body.as_bytes()).iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Branch, Service, Staff},
        swap::mapping::Partner,
    };

    fn catalog(services: &[(&str, &str)], staff: &[(&str, &str)]) -> Catalog {
        Catalog {
            version: 1,
            branch: Branch {
                id: "baixa".parse().unwrap(),
                name: "Bella".to_owned(),
                zone: chrono_tz::Europe::Lisbon,
                country: "PT".to_owned(),
                currency: iso_currency::Currency::EUR,
                place: None,
                phone: None,
                hours: Vec::new(),
            },
            services: services.iter().map(|(id, name)| Service::new(id.parse().unwrap(), *name, 45)).collect(),
            staff: staff.iter().map(|(id, name)| Staff::new(id.parse().unwrap(), *name)).collect(),
        }
    }

    fn old() -> Catalog {
        catalog(&[("10", "Corte"), ("11", "Barba")], &[("7", "Ana")])
    }

    fn new() -> Catalog {
        catalog(&[("1001", "Haircut"), ("1002", "Beard trim")], &[("71", "Ana Souza")])
    }

    fn written() -> String {
        let partner = Partner { id: "1001".parse().unwrap(), name: "Haircut".into(), score: 88, reason: "same".into() };
        let pair = |id: &str, name: &str, partner| Pair {
            id: id.parse().unwrap(),
            name: name.to_owned(),
            why_not: Some("nothing like it\nto = \"9\"".to_owned()),
            partner,
        };
        let proposal = Proposal {
            services: vec![pair("10", "Corte \"novo\"", Some(partner)), pair("11", "Barba", None)],
            staff: Vec::new(),
            new_services: vec![("1002".parse().unwrap(), "Beard trim".to_owned())],
            new_staff: Vec::new(),
        };
        let (tenant, branch) = ("bella".parse().unwrap(), "baixa".parse().unwrap());
        MappingFile::write((&tenant, &branch), (&"altegio-1".parse().unwrap(), &"calcom".parse().unwrap()), &proposal)
    }

    #[test]
    fn what_is_written_is_read_back_and_an_edit_shows() {
        let text = written();
        let read = MappingFile::read(&text, &old(), &new()).unwrap();
        assert_eq!((read.from.as_str(), read.to.as_str()), ("altegio-1", "calcom"));
        let expected: BTreeMap<ServiceId, ServiceId> = [("10".parse().unwrap(), "1001".parse().unwrap())].into();
        assert_eq!((read.mapping.services, read.mapping.staff), (expected, BTreeMap::new()));
        assert!(MappingFile::is_untouched(&text));
        assert!(!MappingFile::is_untouched(&text.replace("to = \"\"", "to = \"1002\"")));
        assert!(!MappingFile::is_untouched("from = 1\n") && MappingFile::is_untouched(""));
    }

    #[test]
    fn faults_name_their_line_and_what_is_nearest() {
        let told = |text: &str| -> Vec<String> {
            let faults = MappingFile::read(text, &old(), &new()).unwrap_err();
            faults.into_iter().map(|Fault { line, message }| format!("{line}: {message}")).collect()
        };
        let head = "tenant = \"bella\"\nbranch = \"baixa\"\nfrom = \"a\"\nto = \"b\"\n";
        let text = format!(
            "{head}[[service]]\nfrom = \"12\"\nto = \"beard trimm\"\n[[staff]]\nfrom = \"7\"\nto = \"17\"\n\
             [[staff]]\nfrom = \"7\"\nto = \"71\"\n[[staff]]\nfrom = \"7\"\nto = \"71\"\n"
        );
        assert_eq!(
            told(&text),
            [
                "6: the old system has no service \"12\"; the nearest is \"11\" (Barba, 45 min)",
                "7: the new system has no service \"beard trimm\"; the nearest is \"1002\" (Beard trim, 45 min)",
                "10: the new system has no person \"17\"; the nearest is \"71\" (Ana Souza)",
                "15: the person \"7\" is mapped twice",
            ]
        );
        let typo = told(&format!("{head}[[service]]\nform = \"10\"\nto = \"1001\"\n"));
        assert!(typo[0].starts_with("6: ") && typo[0].contains("form"), "{typo:?}");
        assert!(told("tenant = bella\n")[0].starts_with("1: "));
        assert!(told(&head.replace("\"bella\"", "\"Bella!\""))[0].starts_with("1: tenant id"));
    }
}
