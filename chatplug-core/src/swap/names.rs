//! How much two names are alike: the same words, word forms, another alphabet.

use crate::understand;

/// How much two names are alike, 0 to 1, with the reason in words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alike {
    pub(super) score: f32,
    pub(super) why: &'static str,
}

impl Alike {
    pub(super) const NOT: Self = Self { score: 0.0, why: "another name" };

    /// The better of two.
    pub(super) fn or(self, other: Self) -> Self {
        if other.score > self.score { other } else { self }
    }
}

/// Two wordings of a service.
pub(super) fn services(one: &str, other: &str) -> Alike {
    let (one, other) = (understand::words(one), understand::words(other));
    if one.is_empty() || other.is_empty() {
        return Alike::NOT;
    }
    if one == other {
        return Alike { score: 1.0, why: "same name" };
    }
    let matched = matched(&one, &other);
    if matched == one.len() && matched == other.len() {
        return Alike { score: 0.95, why: "same words" };
    }
    let share = ratio(2 * matched, one.len() + other.len());
    if matched == one.len().min(other.len()) {
        // "Manicure" and "Manicure with gel": one says more.
        return Alike { score: 0.55 + 0.35 * share, why: "one name holds the other" };
    }
    Alike { score: 0.9 * share, why: "some of the words" }
}

/// Two names of people, in whichever alphabets.
pub(super) fn people(one: &str, other: &str) -> Alike {
    let (one, other) = (understand::sounds(one), understand::sounds(other));
    let (Some(first), Some(other_first)) = (one.first(), other.first()) else { return Alike::NOT };
    if one == other {
        return Alike { score: 1.0, why: "same name" };
    }
    let matched = matched(&one, &other);
    if matched == one.len() && matched == other.len() {
        return Alike { score: 0.95, why: "same names in another order or form" };
    }
    let initials = one.len() == other.len()
        && one.iter().zip(&other).all(|(a, b)| a == b || is_initial(a, b) || is_initial(b, a))
        && one.iter().zip(&other).any(|(a, b)| a == b && a.chars().count() > 1);
    if initials {
        return Alike { score: 0.9, why: "same name with an initial" };
    }
    if matched == one.len().min(other.len()) {
        return Alike { score: 0.8, why: "one name holds the other" };
    }
    // Two people with one first name are two people.
    if is_form_of(first, other_first) && one.len() > 1 && other.len() > 1 {
        return Alike { score: 0.4, why: "same first name, another last name" };
    }
    Alike { score: 0.5 * ratio(2 * matched, one.len() + other.len()), why: "some of the names" }
}

fn is_initial(short: &str, long: &str) -> bool {
    short.chars().count() == 1 && long.starts_with(short)
}

/// How many words of the one have a partner of their own in the other.
fn matched(one: &[String], other: &[String]) -> usize {
    let mut free: Vec<&String> = other.iter().collect();
    let mut matched = 0;
    for word in one {
        let exact = free.iter().position(|candidate| *candidate == word);
        if let Some(at) = exact.or_else(|| free.iter().position(|candidate| is_form_of(word, candidate))) {
            free.swap_remove(at);
            matched += 1;
        }
    }
    matched
}

/// Forms of one word: "corte" and "cortes", "стрижка" and "стрижки"; or a slip of the pen in a long one.
fn is_form_of(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (short, long) = if one.chars().count() <= other.chars().count() { (one, other) } else { (other, one) };
    let (length, longest) = (short.chars().count(), long.chars().count());
    if length < 5 || one.chars().chain(other.chars()).any(|c| c.is_ascii_digit()) {
        return false;
    }
    let common = short.chars().zip(long.chars()).take_while(|(a, b)| a == b).count();
    (10 * common >= 7 * length && longest - common <= 3) || strsim::jaro_winkler(one, other) >= 0.94
}

#[expect(clippy::cast_precision_loss, reason = "numbers of words in a name")]
fn ratio(part: usize, whole: usize) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_alike_by_words_and_their_forms() {
        for (one, other, least, most) in [
            ("Corte feminino", "CORTE FEMININO", 1.0, 1.0),
            ("Corte de cabelo", "Cabelo, corte de", 0.95, 0.95),
            ("Женская стрижка", "Женские стрижки", 0.95, 0.95),
            ("Manicure", "Manicure com gel", 0.6, 0.8),
            ("Massage 60", "Massage 90", 0.0, 0.5),
            ("Corte masculino", "Corte feminino", 0.0, 0.5),
            ("Barba", "Pedicure", 0.0, 0.0),
        ] {
            let Alike { score, why } = services(one, other);
            assert!(score >= least && score <= most, "{one} / {other}: {score} ({why})");
        }
    }

    #[test]
    fn people_are_alike_across_alphabets_and_never_by_a_first_name_alone() {
        for (one, other, least, most) in [
            ("Ana Souza", "Ana Souza", 1.0, 1.0),
            ("Souza Ana", "Ana Souza", 0.95, 0.95),
            ("Анна Петрова", "Anna Petrova", 0.95, 1.0),
            ("Ana S.", "Ana Souza", 0.9, 0.9),
            ("Ana", "Ana Souza", 0.8, 0.8),
            ("Ana Lima", "Ana Souza", 0.0, 0.4),
            ("Bruno", "Carla", 0.0, 0.0),
            ("", "Ana", 0.0, 0.0),
        ] {
            let Alike { score, why } = people(one, other);
            assert!(score >= least && score <= most, "{one} / {other}: {score} ({why})");
        }
    }
}
