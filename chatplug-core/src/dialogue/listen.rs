//! What a client says: a burst of messages, read as one thought.
//!
//! Messages are taken in order and the later word wins; whatever is asked is asked once, at the end. A yes is only
//! noted here and acted upon when the whole burst is read: "yes" followed by "no wait, Wednesday" agrees to nothing.

use super::{
    Effect, Holder, Said, SaidWhat,
    draft::fits,
    facts::Facts,
    shown::{Pick, Tapped},
    state::{Aim, Errand, Flow, Request},
    step::Step,
};
use crate::{
    model::{BookingId, MediaKind, MessageId},
    ports::{DateMention, Intent, Interpretation, OpenQuestion, TimeMention, TimeReading},
    reply::{HandOverReason, Key, Say},
};
use chrono::Duration;

/// Below this the machine asks instead of acting.
pub(super) const SURE: f32 = 0.5;
/// Most requests that wait for something else to end.
const AGENDA: usize = 3;
/// Slots shown longer ago than this are looked up again before they are summed up.
const FRESH: Duration = Duration::minutes(15);

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    Understood,
    NotUnderstood,
    Unreadable(Option<MediaKind>),
    /// Understood but not usable, and told so.
    Amiss,
    /// It needs no answer.
    Nothing,
}

impl Step<'_> {
    /// Takes a burst in.
    pub(super) fn said(mut self, said: Vec<Said>) -> Vec<Effect> {
        if self.world.holder == Holder::Person {
            return self.overheard(said);
        }
        self.freshen();
        if !self.world.branches.is_empty() {
            self.wait_no_more();
        }
        self.tell_refreshed();
        let mut waiting = Vec::new();
        let mut records: Vec<(MessageId, bool)> = Vec::with_capacity(said.len());
        let (mut understood, mut missed, mut unreadable) = (false, false, None);
        for message in said {
            if self.out.handed_over {
                // The rest of the burst is for the person to read.
                self.heed_stop(&message);
                records.push((message.message, true));
                continue;
            }
            if self.must_wait(&message) {
                records.push((message.message.clone(), true));
                waiting.push(message);
                continue;
            }
            let heard = if message.spoken { self.hear_spoken(&message) } else { self.hear(&message) };
            match heard {
                Heard::Understood => understood = true,
                Heard::NotUnderstood => missed = true,
                Heard::Unreadable(media) => unreadable = Some(media),
                Heard::Amiss | Heard::Nothing => {}
            }
            records.push((message.message, heard != Heard::Nothing));
        }
        if !self.out.handed_over {
            self.conclude(understood, missed, unreadable);
            if !waiting.is_empty() {
                self.keep_for_later(waiting);
            }
        }
        self.state.heard = Some(self.world.now);
        self.take_up();
        self.finish(&records)
    }

    /// The burst is read: what of it was not understood is said, and a yes is acted upon.
    fn conclude(&mut self, understood: bool, missed: bool, unreadable: Option<Option<MediaKind>>) {
        if let Some(media) = unreadable {
            self.say(Say::CannotRead { media });
        }
        if understood {
            self.state.misses = 0;
        } else if missed && unreadable.is_none() {
            self.misunderstood();
        }
        if let Some(pick) = self.out.agreed.take() {
            self.agree(&pick);
        } else if self.out.agreed_aloud {
            self.say(Say::YesInWriting);
            self.ask_again();
        }
        if unreadable.is_some() {
            self.resume();
        }
    }

    /// A person holds the conversation: nothing is answered, but a stop is a stop.
    fn overheard(mut self, said: Vec<Said>) -> Vec<Effect> {
        let mut records = Vec::with_capacity(said.len());
        for message in said {
            self.heed_stop(&message);
            records.push((message.message, true));
        }
        self.finish(&records)
    }

    /// Honours a "stop writing to me" without a word.
    fn heed_stop(&mut self, said: &Said) {
        if let SaidWhat::Words { meaning, .. } = &said.what
            && meaning.intent == Intent::OptOut
            && meaning.confidence >= SURE
        {
            self.consent(true);
        }
    }

    fn hear(&mut self, said: &Said) -> Heard {
        match &said.what {
            SaidWhat::Words { text, meaning } => self.words(text.reveal(), meaning, said.about),
            SaidWhat::Tap { id, .. } => self.tap(id),
            SaidWhat::Reaction { emoji } => self.reaction(emoji, said.about),
            SaidWhat::Location { point } => self.located(point.as_ref().map(crate::model::Private::reveal)),
            SaidWhat::Unreadable { media } => Heard::Unreadable(*media),
        }
    }

    /// What was written down of a voice message is shown back. A yes that was only heard agrees to nothing: a machine may
    /// have misheard it.
    fn hear_spoken(&mut self, said: &Said) -> Heard {
        if let SaidWhat::Words { text, .. } = &said.what {
            self.say(Say::Heard { words: text.clone() });
        }
        let agreed = self.out.agreed.take();
        let heard = self.hear(said);
        if matches!(self.out.agreed, Some(Pick::Agree { .. })) {
            self.out.agreed_aloud = true;
            self.out.agreed = None;
        }
        self.out.agreed = self.out.agreed.take().or(agreed);
        heard
    }

    fn tap(&mut self, id: &str) -> Heard {
        let tapped = self.state.shown.tapped(id, self.state.asked.as_ref());
        if let Flow::Committing(_) = self.state.flow {
            return match tapped {
                Tapped::Garbage => Heard::NotUnderstood,
                Tapped::Open(Pick::Human) | Tapped::Old(Pick::Human) => self.hand_over(HandOverReason::Asked),
                _ => self.still_working(),
            };
        }
        match tapped {
            Tapped::Open(pick) => self.choose(pick),
            Tapped::Old(pick) => self.choose_old(pick),
            Tapped::Forgotten => {
                self.say(Say::OldList);
                self.resume();
                Heard::Understood
            }
            Tapped::Garbage => Heard::NotUnderstood,
        }
    }

    /// An emoji binds only to the booking that its message spoke of; on anything else it is a nod.
    fn reaction(&mut self, emoji: &str, about: Option<BookingId>) -> Heard {
        let Some(booking) = about.filter(|id| self.state.reminded.contains(id)) else { return Heard::Nothing };
        if let Flow::Committing(_) = self.state.flow {
            return Heard::Nothing;
        }
        // Skin tones and presentation selectors follow the emoji itself.
        match emoji.chars().next() {
            Some('👍' | '❤' | '✅' | '👌' | '🙏' | '💚' | '💙' | '💜' | '🧡' | '💛' | '✔' | '🆗' | '🤝') => {
                self.visit(booking, Aim::Confirm, Facts::default())
            }
            Some('👎' | '❌' | '🚫' | '😢' | '😞') => self.visit(booking, Aim::Change, Facts::default()),
            _ => Heard::Nothing,
        }
    }

    fn words(&mut self, text: &str, meaning: &Interpretation, about: Option<BookingId>) -> Heard {
        self.note_language(text, meaning);
        let mut facts = Facts::of(meaning, text, self.world);
        let intent = (meaning.confidence >= SURE).then_some(meaning.intent);
        if let Flow::Committing(_) = self.state.flow {
            return self.meanwhile(intent, facts, meaning);
        }
        if let Some(heard) = self.free_text(text, intent) {
            return heard;
        }
        if let Some(pick) = self.position(meaning, intent).or_else(|| self.spelt(text)) {
            return self.choose(pick);
        }
        if let Some(heard) = about.and_then(|booking| self.about(booking, intent, &facts, meaning.late_minutes)) {
            return heard;
        }
        if facts.branch.is_none() && !intent.is_some_and(leaves) {
            facts.branch = self.branch_meant(text);
            if facts.branch.is_some() {
                return self.facts(facts);
            }
        }
        if let Some(heard) = self.free_question(&meaning.fact, intent, &facts) {
            return heard;
        }
        match intent {
            Some(Intent::ChangeLanguage) => self.change_language(meaning.wanted_lang),
            Some(Intent::RunningLate) => self.late(None, meaning.late_minutes, facts),
            Some(Intent::Review) => self.review(text),
            Some(intent) => self.route(intent, facts),
            None => self.facts(facts),
        }
    }

    /// Does what was asked for.
    pub(super) fn route(&mut self, intent: Intent, facts: Facts) -> Heard {
        if self.is_on_errand() && is_request(intent) {
            // One read at a time: the second request of a burst waits for the first.
            return self.put_off(intent, facts);
        }
        if self.wants_nearest(intent, &facts) {
            self.nearest();
            return Heard::Understood;
        }
        match intent {
            Intent::Greet if facts.is_empty() => self.greet(),
            Intent::Greet | Intent::Book | Intent::AskAvailability => self.book(facts),
            Intent::Thanks if facts.is_empty() => self.thanks(),
            Intent::Thanks | Intent::Other => self.other(facts),
            Intent::Yes => self.yes(facts),
            Intent::No => self.no(facts),
            Intent::Menu => self.leave_for_menu(),
            Intent::Back => self.back(),
            Intent::Human => self.hand_over(HandOverReason::Asked),
            Intent::Reschedule => self.reschedule(facts),
            Intent::Cancel => self.cancel(facts),
            Intent::ConfirmVisit => self.confirm(facts),
            Intent::ListBookings => self.list(),
            Intent::AskPrice | Intent::AskHours | Intent::AskLocation | Intent::AskService => {
                self.question(intent, &facts)
            }
            Intent::OptOut => self.opt_out(),
            Intent::OptIn => self.opt_in(),
            Intent::RunningLate => self.late(None, None, facts),
            Intent::ChangeLanguage => self.change_language(None),
            Intent::Review => self.review(""),
        }
    }

    /// Takes up a request that had to wait.
    pub(super) fn request(&mut self, request: Request) {
        self.route(request.intent, request.facts);
    }

    /// Remembers a request until what is under way ends.
    pub(super) fn put_off(&mut self, intent: Intent, facts: Facts) -> Heard {
        let request = Request { intent, facts };
        if self.state.agenda.len() < AGENDA && !self.state.agenda.contains(&request) {
            self.state.agenda.push(request);
        }
        Heard::Understood
    }

    /// Facts without a wish that is clear: they answer what is open, or begin a booking.
    pub(super) fn facts(&mut self, facts: Facts) -> Heard {
        if facts.is_empty() {
            return Heard::NotUnderstood;
        }
        if self.is_on_errand() {
            if let Some(super::state::Waiting::Bookings(errand)) = &mut self.state.waiting {
                errand.facts.merge(facts);
            }
            return Heard::Understood;
        }
        if let Some(pick) = self.shown_slot(&facts) {
            return self.choose(pick);
        }
        match &mut self.state.flow {
            Flow::Form(_) => self.fill(&facts),
            Flow::Choosing { errand } => {
                let Errand { aim, .. } = *errand;
                self.errand(aim, None, facts)
            }
            Flow::Cancelling { .. } => self.errand(Aim::Cancel, None, facts),
            Flow::Idle | Flow::Committing(_) => self.book(facts),
        }
    }

    /// Goes on with what is open: asks it again, or anew.
    pub(super) fn resume(&mut self) {
        if self.is_asking() {
            return;
        }
        match std::mem::take(&mut self.state.flow) {
            Flow::Form(form) if self.state.asked.is_none() => self.advance(form),
            Flow::Choosing { errand } if self.state.asked.is_none() => self.fetch_bookings(errand),
            Flow::Cancelling { booking, .. } if self.state.asked.is_none() => self.sum_cancellation(*booking),
            flow @ Flow::Committing(_) => {
                self.state.flow = flow;
                self.still_working();
            }
            flow => {
                self.state.flow = flow;
                if self.state.asked.is_some() { self.ask_again() } else { self.ask_menu() }
            }
        }
    }

    /// Something is said while an action is under way: nothing else is executed, nothing is forgotten.
    fn meanwhile(&mut self, intent: Option<Intent>, facts: Facts, meaning: &Interpretation) -> Heard {
        match intent {
            Some(Intent::Human) => return self.hand_over(HandOverReason::Asked),
            Some(Intent::OptOut) => return self.opt_out(),
            Some(Intent::OptIn) => return self.opt_in(),
            Some(Intent::ChangeLanguage) => return self.change_language(meaning.wanted_lang),
            Some(intent) if is_request(intent) => {
                self.put_off(intent, facts);
                self.out.pending = true;
            }
            _ => {}
        }
        self.still_working()
    }

    pub(super) fn still_working(&mut self) -> Heard {
        use super::shown::{Opt, Question};
        let options = vec![Opt::key(Key::Human, Pick::Human)];
        self.ask(Question::new(OpenQuestion::None, [Say::StillWorking]).options(options));
        Heard::Understood
    }

    /// "2", "the second", "the last" of the newest list.
    fn position(&self, meaning: &Interpretation, intent: Option<Intent>) -> Option<Pick> {
        let pick = self.state.shown.nth(meaning.ordinal?, self.state.asked.as_ref())?;
        match (intent, pick) {
            (Some(Intent::Cancel), Pick::Visit(booking, Aim::Move | Aim::Change | Aim::Cancel)) => {
                Some(Pick::Visit(booking, Aim::Cancel))
            }
            (Some(Intent::Reschedule), Pick::Visit(booking, Aim::Move | Aim::Change | Aim::Cancel)) => {
                Some(Pick::Visit(booking, Aim::Move))
            }
            (Some(Intent::Human | Intent::OptOut | Intent::OptIn | Intent::Cancel | Intent::Reschedule), _) => None,
            (_, pick) => Some(pick),
        }
    }

    /// The name of an option, spelt out.
    fn spelt(&self, text: &str) -> Option<Pick> {
        use crate::reply::Label;
        let text = text.trim();
        if text.is_empty() || text.len() > 200 {
            return None;
        }
        let text = text.to_lowercase();
        let named = |label: &Label| matches!(label, Label::Name { name } if name.to_lowercase() == text);
        let asked = self.state.asked.as_ref()?;
        let mut fit = asked.options.iter().filter(|option| named(&option.label));
        let first = fit.next()?;
        fit.next().is_none().then(|| first.pick.clone())
    }

    /// The one slot of those shown that the words point at.
    pub(super) fn shown_slot(&self, facts: &Facts) -> Option<Pick> {
        let only_when = facts.services.is_empty() && facts.staff.is_none() && facts.not.is_empty();
        if !only_when || facts.party > 0 || facts.branch.is_some() {
            return None;
        }
        let readings: &[TimeReading] = match &facts.time {
            TimeMention::None => return None,
            TimeMention::Exact(reading) => std::slice::from_ref(reading),
            TimeMention::Ambiguous(readings) => readings,
        };
        let on_day = |date| match &facts.date {
            DateMention::None => true,
            DateMention::Exact(range) => range.contains(date),
            DateMention::Ambiguous(ranges) => ranges.iter().any(|range| range.contains(date)),
        };
        let asked = self.state.asked.as_ref()?;
        let mut fit = asked.picks().filter(|pick| match pick {
            Pick::Slot(slot) => {
                let local = slot.local_start();
                on_day(local.date())
                    && readings.iter().any(|reading| matches!(reading, TimeReading::At(_)) && fits(*reading, local))
            }
            _ => false,
        });
        let first = fit.next()?;
        fit.next().is_none().then(|| first.clone())
    }

    /// Whether what the open question shows may still be taken at its word.
    pub(super) fn is_fresh(&self) -> bool {
        self.state.asked.as_ref().is_some_and(|asked| self.world.now - asked.at <= FRESH)
    }

    /// Forgets what is too old to go on with.
    fn freshen(&mut self) {
        let keep = Duration::days(i64::from(self.world.policy.keep_unfinished_days));
        let expired = |since| self.world.now - since > keep;
        if self.state.parked.as_ref().is_some_and(|parked| expired(parked.at)) {
            self.state.parked = None;
        }
        let forgotten = self.state.heard.is_some_and(expired);
        if forgotten && matches!(self.state.flow, Flow::Form(_) | Flow::Choosing { .. } | Flow::Cancelling { .. }) {
            self.state.flow = Flow::Idle;
            self.retire();
        }
        let stands = |id: &BookingId| self.upcoming(*id).is_some();
        let reminded = self.state.reminded.iter().copied().filter(stands).collect();
        self.state.reminded = reminded;
    }
}

/// Whether an intent has nothing to do with the question that is open.
const fn leaves(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::Back
            | Intent::Cancel
            | Intent::ChangeLanguage
            | Intent::Human
            | Intent::ListBookings
            | Intent::Menu
            | Intent::OptIn
            | Intent::OptOut
            | Intent::Reschedule
    )
}

/// Whether an intent asks for something to be done, rather than answering or chatting.
const fn is_request(intent: Intent) -> bool {
    matches!(
        intent,
        Intent::AskAvailability
            | Intent::AskHours
            | Intent::AskLocation
            | Intent::AskPrice
            | Intent::AskService
            | Intent::Book
            | Intent::Cancel
            | Intent::ConfirmVisit
            | Intent::ListBookings
            | Intent::Menu
            | Intent::Reschedule
    )
}
