//! Numbers that several tenants share: who is on them, and that they can be told apart.

use super::{
    super::{ChannelConfig, ProviderConfig, TenantConfig, problem::suggestion, raw},
    Check, Path, collect_all,
};
use chatplug_core::{
    lobby::{DEFAULT_STICKY, Lobby, Member, Misfit, MisfitKind},
    model::{ChannelId, Policy, TenantId},
    ports::TemplateDesk,
    reply::Words,
};
use chrono::TimeDelta;

impl Check<'_> {
    /// A tenant's channel on a shared number.
    pub(super) fn shared(&mut self, channel: raw::Channel, at: &Path) -> Option<ProviderConfig> {
        let number = self.required(channel.shared_number, at, "shared_number")?;
        let place = at.key("shared_number");
        if !self.written_shared.contains(&number) {
            let hint = suggestion(&number, self.written_shared.iter().map(String::as_str));
            return self.fail(&place, &format!("there is no [[shared_number]] `{number}`{hint}"));
        }
        if channel.messages_per_second.is_some() {
            let message = "belongs under the channel of the [[shared_number]]: its members share it";
            self.wrong(&at.key("messages_per_second"), message);
        }
        TenantId::new(number).ok().map(|number| ProviderConfig::Shared { number })
    }

    /// The lobby of each shared number. `tenants` are missing where one of them is faulty: `written` are their ids all the
    /// same.
    pub(super) fn shared_numbers(
        &mut self,
        numbers: Vec<raw::SharedNumber>,
        tenants: Option<&[TenantConfig]>,
        written: &[String],
    ) -> Option<Vec<TenantConfig>> {
        let top = Path::default().key("shared_number");
        collect_all(numbers, |i, number| self.shared_number(number, tenants, written, &top.index(i)))
    }

    fn shared_number(
        &mut self,
        mut number: raw::SharedNumber,
        tenants: Option<&[TenantConfig]>,
        written: &[String],
        at: &Path,
    ) -> Option<TenantConfig> {
        // It is kept like a tenant, so it is called like none.
        let id: Option<TenantId> = self.id(number.id.take(), at, "tenant", "a [[tenant]] or another [[shared_number]]");
        let name = self.required(number.name.take(), at, "name");
        let texts = self.texts(std::mem::take(&mut number.texts), &at.key("texts"));
        let words = Words::shipped();
        let language = number.language.unwrap_or_else(|| Policy::default().language);
        if !words.speaks(language) {
            let known: Vec<String> = words.languages().map(String::from).collect();
            let message = format!("`{language}` is not spoken; known here: {}", known.join(", "));
            self.wrong(&at.key("language"), &message);
        }
        if number.sticky.is_some_and(|days| !(1..=3650).contains(&days)) {
            self.wrong(&at.key("sticky"), "must be 1 to 3650 days");
        }
        let channel = self.number_itself(number.channel.take(), id.as_ref(), at);
        let sticky = number.sticky.map_or(DEFAULT_STICKY, |days| TimeDelta::days(days.into()));
        let lobby = self.members(&number, id.as_ref(), sticky, tenants, written, at);
        let (texts, lobby) = (texts?, lobby?);
        let (own, _) = Words::with_own(&texts.iter().cloned().collect());
        let members = lobby.members().to_vec();
        let lobby = Lobby::new(members, sticky, &own).ok()?.with_words(&number.words);
        Some(TenantConfig {
            id: id?,
            name: name?,
            policy: Policy { language, ..Policy::default() },
            texts,
            branches: Vec::new(),
            channels: vec![channel?],
            seal: number.seal,
            notify: None,
            transcribe: false,
            llm: None,
            facts: Vec::new(),
            lobby: Some(lobby),
        })
    }

    /// The number: a channel like any, but for what only a business has.
    fn number_itself(
        &mut self,
        channel: Option<raw::Channel>,
        id: Option<&TenantId>,
        at: &Path,
    ) -> Option<ChannelConfig> {
        let Some(channel) = channel else {
            let message =
                "has no [shared_number.channel]: it says which number it is, with the keys of a tenant's channel";
            return self.fail(at, message);
        };
        let at = at.key("channel");
        let strangers = [
            ("id", channel.id.is_some()),
            ("branches", channel.branches.is_some()),
            ("templates", !channel.templates.is_empty()),
        ];
        for (key, _) in strangers.iter().filter(|(_, given)| *given) {
            self.wrong(&at.key(key), &format!("`{key}` belongs under the channel of a tenant, not of a shared number"));
        }
        let provider = match channel.provider {
            Some(raw::Provider::Meta | raw::Provider::Twilio) | None => self.provider(channel, &at),
            Some(raw::Provider::Simulator | raw::Provider::Shared) => {
                self.fail(&at.key("provider"), "only a number at \"meta\" or \"twilio\" can be shared")
            }
        };
        let id = ChannelId::new(id?.as_str()).ok();
        Some(ChannelConfig {
            id: id?,
            branches: Vec::new(),
            provider: provider?,
            templates: Vec::new(),
            template_prefix: TemplateDesk::PREFIX.to_owned(),
        })
    }

    fn members(
        &mut self,
        number: &raw::SharedNumber,
        id: Option<&TenantId>,
        sticky: TimeDelta,
        tenants: Option<&[TenantConfig]>,
        written: &[String],
        at: &Path,
    ) -> Option<Lobby> {
        let place = |i: usize| at.key("member").index(i);
        let mut members = Vec::new();
        let mut complete = true;
        for (i, member) in number.member.iter().enumerate() {
            match self.member(member, id, tenants, written, &place(i)) {
                Some(member) => members.push(member),
                None => complete = false,
            }
        }
        // Whoever speaks through the number and is not reached through it would never hear an answer.
        for tenant in tenants.unwrap_or_default() {
            let speaks = tenant.channels.iter().any(|channel| through(channel, id));
            if speaks && !number.member.iter().any(|member| member.tenant.as_deref() == Some(tenant.id.as_str())) {
                let message = format!(
                    "{} has a channel on this number and is no member of it: add [[shared_number.member]] with \
                     tenant = \"{}\", or take the channel away",
                    tenant.id, tenant.id
                );
                self.wrong(at, &message);
            }
        }
        if !complete {
            return None;
        }
        match Lobby::new(members, sticky, &Words::shipped()) {
            Ok(lobby) => Some(lobby),
            Err(wrong) => {
                for Misfit { member, kind } in wrong {
                    let at = match &kind {
                        MisfitKind::Nobody => {
                            self.wrong(at, "has no [[shared_number.member]]: nobody to lead to");
                            continue;
                        }
                        MisfitKind::Twice { .. } => place(member).key("tenant"),
                        MisfitKind::Name { .. } => place(member).key("name"),
                        MisfitKind::Code { .. } => place(member).key("code"),
                        MisfitKind::Keyword { at, .. } => place(member).key("keywords").index(*at),
                        _ => place(member),
                    };
                    self.wrong(&at, &kind.to_string());
                }
                None
            }
        }
    }

    fn member(
        &mut self,
        member: &raw::SharedMember,
        id: Option<&TenantId>,
        tenants: Option<&[TenantConfig]>,
        written: &[String],
        at: &Path,
    ) -> Option<Member> {
        let tenant = self.required(member.tenant.clone(), at, "tenant")?;
        let place = at.key("tenant");
        if !written.contains(&tenant) {
            let hint = suggestion(&tenant, written.iter().map(String::as_str));
            return self.fail(&place, &format!("there is no [[tenant]] `{tenant}`{hint}"));
        }
        // While another tenant is faulty, its channels are not known: nothing is said of them.
        let known = tenants?.iter().find(|known| known.id.as_str() == tenant)?;
        let mut channels = known.channels.iter().filter(|channel| through(channel, id));
        let number = id.map(TenantId::as_str).unwrap_or_default();
        let Some(channel) = channels.next() else {
            let message = format!(
                "{tenant} has no channel on this number: give it a [[tenant.channel]] with provider = \"shared\" and \
                 shared_number = \"{number}\""
            );
            return self.fail(&place, &message);
        };
        if channels.next().is_some() {
            return self.fail(&place, &format!("{tenant} has several channels on this number: leave one of them"));
        }
        Some(Member {
            tenant: known.id.clone(),
            channel: channel.id.clone(),
            name: member.name.clone().unwrap_or_else(|| known.name.clone()),
            code: member.code.clone(),
            keywords: member.keywords.clone(),
        })
    }
}

/// Whether a channel speaks through a shared number.
fn through(channel: &ChannelConfig, id: Option<&TenantId>) -> bool {
    matches!(&channel.provider, ProviderConfig::Shared { number } if Some(number) == id)
}
