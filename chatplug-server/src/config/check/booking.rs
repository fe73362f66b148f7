//! A branch's booking systems: one block of keys for each, and which of them acts.

use super::{
    super::{BookingConfig, BranchConfig, Problem, collect, problem::suggestion, raw},
    Check, Node, Path,
};
use chatplug_calendar::{CalendarConfig, ConfigProblem, Plan};
use std::path;

/// Every block that a branch may have, by what it is called.
const BLOCKS: [&str; 3] = ["calendar", "altegio", "calcom"];

impl Check<'_> {
    pub(super) fn branch(&mut self, branch: raw::Branch, at: &Path) -> Option<BranchConfig> {
        let id = self.id(branch.id, at, "branch", "another branch of this tenant");
        // What was taken out as faulty is there all the same.
        let dropped = self.root.at(at).and_then(Node::table).map(|table| table.dropped.clone()).unwrap_or_default();
        let given = [branch.calendar.is_some(), branch.altegio.is_some(), branch.calcom.is_some()];
        let is_there =
            |(name, given): (&'static str, bool)| (given || dropped.iter().any(|key| key == name)).then_some(name);
        let there: Vec<&str> = BLOCKS.into_iter().zip(given).filter_map(is_there).collect();
        let backend_dropped = dropped.iter().any(|key| key == "backend");
        let acting = self.acting(branch.backend, &there, backend_dropped, at);
        let calendar = branch
            .calendar
            .map(|calendar| self.plan(calendar, &at.key("calendar")).map(Box::new).map(BookingConfig::Calendar));
        let altegio =
            branch.altegio.map(|one| self.altegio_branch(one, &at.key("altegio")).map(BookingConfig::Altegio));
        let calcom = branch
            .calcom
            .map(|one| self.calcom_branch(one, &at.key("calcom")).map(Box::new).map(BookingConfig::Calcom));
        let blocks: Option<Vec<BookingConfig>> = [calendar, altegio, calcom].into_iter().flatten().collect();
        let (id, acting, mut others) = (id?, acting?, blocks?);
        let booking = others.iter().position(|block| block.backend() == acting)?;
        let booking = others.remove(booking);
        Some(BranchConfig { id, booking, others })
    }

    /// Which of a branch's blocks acts; the only one need not be named.
    fn acting(
        &mut self,
        named: Option<String>,
        there: &[&'static str],
        dropped: bool,
        at: &Path,
    ) -> Option<&'static str> {
        let place = at.key("backend");
        let list = || there.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        match (named, there) {
            (_, []) => {
                let message =
                    "`calendar` is missing here, or the block of another booking system: `altegio` or `calcom`";
                self.fail(at, message)
            }
            (None, [only]) => Some(only),
            (None, _) if dropped => None,
            (None, [first, ..]) => {
                let message = format!(
                    "a branch keeps its bookings in one system, and this has blocks of {}: say which acts, such as \
                     backend = \"{first}\", or leave one of them",
                    list()
                );
                self.fail(at, &message)
            }
            (Some(named), _) => {
                let found = there.iter().find(|name| **name == named);
                if let Some(found) = found {
                    return Some(found);
                }
                let message = if BLOCKS.contains(&named.as_str()) {
                    format!("this branch has no block `{named}`: add it, or name the one that is there ({})", list())
                } else {
                    let hint = suggestion(&named, BLOCKS);
                    format!("there is no booking system `{named}`{hint}")
                };
                self.fail(&place, &message)
            }
        }
    }

    /// The built-in calendar: in a file of its own, or here.
    fn plan(&mut self, calendar: toml::Value, place: &Path) -> Option<Plan> {
        match calendar {
            toml::Value::String(file) => {
                let file = path::PathBuf::from(file);
                let text = self.file(&file, place)?;
                let name = self.beside.join(&file).display().to_string();
                let (mut root, problems) = Node::parse(&name, &text);
                self.problems.extend(problems);
                self.calendar(&mut root, &Path::default())
            }
            _ => {
                let mut root = self.root.clone();
                self.calendar(&mut root, place)
            }
        }
    }

    /// A calendar; its keys and rules are the calendar crate's.
    fn calendar(&mut self, root: &mut Node, at: &Path) -> Option<Plan> {
        let size = |root: &Node| ["services", "staff"].map(|key| root.at(&at.key(key)).map_or(0, Node::len));
        let before = (self.problems.len(), size(root));
        let config: CalendarConfig = collect::read(root, at, self.problems)?;
        // A service or person that had to be taken out would be missed by others: their mistakes are told next time.
        if size(root) != before.1 {
            return None;
        }
        match config.validate() {
            Ok(plan) => (self.problems.len() == before.0).then_some(plan),
            Err(wrong) => {
                self.problems.extend(wrong.into_iter().map(|problem| located(root, at, problem)));
                None
            }
        }
    }
}

/// A mistake of a calendar at its place; of what is not there, with its name.
fn located(root: &Node, at: &Path, problem: ConfigProblem) -> Problem {
    let path = at.follow(&problem.path);
    let message = match (root.at(&path), problem.path.rsplit('.').next()) {
        (None, Some(key)) if !key.is_empty() => format!("`{key}`: {}", problem.message),
        _ => problem.message,
    };
    Problem { place: root.place(&path), message }
}
