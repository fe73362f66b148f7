//! Each port's methods, written out once: a wrapper names its type and gets the implementation of the port.
//!
//! A wrapper has a method `inner(&self) -> &P` and an `async fn around(&self, port, operation, call)` that runs the call
//! as it sees fit. Nothing is called before `around` awaits it.

/// What a wrapper of a store calls the writes that are many things in one; their own names, unless it says otherwise.
pub(crate) trait StoreCalls {
    /// Events that came in.
    fn ingest(&self, _events: &[crate::ports::Ingest]) -> &'static str {
        "ingest"
    }

    /// A turn, or a part of one.
    fn commit(&self, _commit: &crate::ports::TurnCommit) -> &'static str {
        "commit"
    }

    /// What became of a message.
    fn record_delivery(&self, _record: &crate::ports::DeliveryRecord) -> &'static str {
        "record_delivery"
    }
}

/// Implements [`BookingBackend`](crate::ports::BookingBackend) for a wrapper of one.
macro_rules! forward_backend {
    ($wrapper:ident) => {
        #[async_trait::async_trait]
        impl<P: $crate::ports::BookingBackend + ?Sized> $crate::ports::BookingBackend for $wrapper<P> {
            fn capabilities(&self) -> $crate::ports::Capabilities {
                self.inner().capabilities()
            }

            async fn catalog(
                &self,
                branch: &$crate::model::BranchId,
            ) -> Result<$crate::model::Catalog, $crate::ports::BackendError> {
                self.around("backend", "catalog", self.inner().catalog(branch)).await
            }

            async fn availability(
                &self,
                query: &$crate::model::SlotQuery,
            ) -> Result<$crate::model::Availability, $crate::ports::BackendError> {
                self.around("backend", "availability", self.inner().availability(query)).await
            }

            async fn book(
                &self,
                request: &$crate::ports::BookingRequest,
                key: $crate::model::ActionKey,
            ) -> Result<$crate::model::Booking, $crate::ports::BookError> {
                self.around("backend", "book", self.inner().book(request, key)).await
            }

            async fn reschedule(
                &self,
                booking: &$crate::model::BookingRef,
                to: &$crate::model::Slot,
                key: $crate::model::ActionKey,
            ) -> Result<$crate::model::Booking, $crate::ports::BookError> {
                self.around("backend", "reschedule", self.inner().reschedule(booking, to, key)).await
            }

            async fn cancel(
                &self,
                booking: &$crate::model::BookingRef,
                reason: $crate::model::CancelReason,
                key: $crate::model::ActionKey,
            ) -> Result<(), $crate::ports::BookError> {
                self.around("backend", "cancel", self.inner().cancel(booking, reason, key)).await
            }

            async fn confirm_visit(
                &self,
                booking: &$crate::model::BookingRef,
            ) -> Result<$crate::model::Booking, $crate::ports::BookError> {
                self.around("backend", "confirm_visit", self.inner().confirm_visit(booking)).await
            }

            async fn resolve(
                &self,
                action: &$crate::ports::Action,
                key: $crate::model::ActionKey,
                attempted: chrono::DateTime<chrono::Utc>,
            ) -> Result<$crate::ports::Resolution, $crate::ports::BackendError> {
                self.around("backend", "resolve", self.inner().resolve(action, key, attempted)).await
            }

            async fn find(
                &self,
                filter: &$crate::ports::BookingFilter,
            ) -> Result<Vec<$crate::model::Booking>, $crate::ports::BackendError> {
                self.around("backend", "find", self.inner().find(filter)).await
            }

            async fn changed(
                &self,
                branch: &$crate::model::BranchId,
                since: chrono::DateTime<chrono::Utc>,
            ) -> Result<Vec<$crate::ports::Changed>, $crate::ports::BackendError> {
                self.around("backend", "changed", self.inner().changed(branch, since)).await
            }

            async fn whose(
                &self,
                booking: &$crate::model::BookingRef,
            ) -> Result<Option<$crate::ports::BookedFor>, $crate::ports::BackendError> {
                self.around("backend", "whose", self.inner().whose(booking)).await
            }

            async fn admits(
                &self,
                branch: &$crate::model::BranchId,
                service: &$crate::model::ServiceId,
                client: &$crate::ports::ClientDetails,
            ) -> Result<bool, $crate::ports::BackendError> {
                self.around("backend", "admits", self.inner().admits(branch, service, client)).await
            }
        }
    };
}

/// Implements [`Messenger`](crate::ports::Messenger) for a wrapper of one.
macro_rules! forward_messenger {
    ($wrapper:ident) => {
        #[async_trait::async_trait]
        impl<P: $crate::ports::Messenger + ?Sized> $crate::ports::Messenger for $wrapper<P> {
            fn limits(&self) -> &$crate::model::ChannelLimits {
                self.inner().limits()
            }

            async fn place(&self) -> $crate::ports::Place {
                self.inner().place().await
            }

            async fn send(
                &self,
                to: &$crate::model::Address,
                message: &$crate::model::Outbound,
                key: $crate::model::DeliveryKey,
            ) -> Result<$crate::ports::Sent, $crate::ports::SendError> {
                self.around("messenger", "send", self.inner().send(to, message, key)).await
            }

            async fn seen(
                &self,
                message: &$crate::model::MessageRef,
                typing: bool,
            ) -> Result<(), $crate::ports::SendError> {
                self.around("messenger", "seen", self.inner().seen(message, typing)).await
            }

            async fn fetch_media(
                &self,
                media: &$crate::model::MediaRef,
            ) -> Result<$crate::ports::Media, $crate::ports::SendError> {
                self.around("messenger", "fetch_media", self.inner().fetch_media(media)).await
            }
        }
    };
}

/// Implements the small ports for a wrapper: intent engine, templates, notifier, payments.
macro_rules! forward_small_ports {
    ($wrapper:ident) => {
        #[async_trait::async_trait]
        impl<P: $crate::ports::IntentEngine + ?Sized> $crate::ports::IntentEngine for $wrapper<P> {
            async fn interpret<'a>(
                &self,
                utterance: &$crate::ports::Utterance,
                context: &$crate::ports::Context<'a>,
            ) -> Result<$crate::ports::Interpretation, $crate::ports::IntentError> {
                self.around("intents", "interpret", self.inner().interpret(utterance, context)).await
            }
        }

        #[async_trait::async_trait]
        impl<P: $crate::ports::Templates + ?Sized> $crate::ports::Templates for $wrapper<P> {
            async fn find(&self, meaning: &str, langs: &[$crate::model::Lang]) -> Option<$crate::ports::TemplateStock> {
                let found = async { Ok(self.inner().find(meaning, langs).await) };
                let found: Result<_, $crate::ports::TemplateError> = self.around("templates", "find", found).await;
                found.unwrap_or(None)
            }

            fn desk(&self) -> $crate::ports::TemplateDesk {
                self.inner().desk()
            }

            async fn outlook(&self, meaning: &str, langs: &[$crate::model::Lang]) -> $crate::ports::Outlook {
                let found = async { Ok(self.inner().outlook(meaning, langs).await) };
                let found: Result<_, $crate::ports::TemplateError> = self.around("templates", "outlook", found).await;
                found.unwrap_or($crate::ports::Outlook::Waiting)
            }

            async fn edit(
                &self,
                listed: &$crate::ports::ListedTemplate,
                draft: &$crate::ports::TemplateDraft,
            ) -> Result<$crate::ports::TemplateStock, $crate::ports::TemplateError> {
                self.around("templates", "edit", self.inner().edit(listed, draft)).await
            }

            fn blames(&self, code: i64) -> bool {
                self.inner().blames(code)
            }

            async fn doubt(&self, name: &str, locale: &str) {
                self.inner().doubt(name, locale).await;
            }

            async fn status(&self) -> Result<Vec<$crate::ports::ListedTemplate>, $crate::ports::TemplateError> {
                self.around("templates", "status", self.inner().status()).await
            }

            async fn submit(
                &self,
                draft: &$crate::ports::TemplateDraft,
            ) -> Result<$crate::ports::TemplateStock, $crate::ports::TemplateError> {
                self.around("templates", "submit", self.inner().submit(draft)).await
            }
        }

        #[async_trait::async_trait]
        impl<P: $crate::ports::Notifier + ?Sized> $crate::ports::Notifier for $wrapper<P> {
            async fn notify(&self, notice: &$crate::ports::Notice) -> Result<(), $crate::ports::NotifyError> {
                self.around("notifier", "notify", self.inner().notify(notice)).await
            }
        }

        #[async_trait::async_trait]
        impl<P: $crate::ports::Payments + ?Sized> $crate::ports::Payments for $wrapper<P> {
            async fn open(
                &self,
                deposit: &$crate::ports::DepositRequest,
            ) -> Result<$crate::ports::DepositLink, $crate::ports::PaymentError> {
                self.around("payments", "open", self.inner().open(deposit)).await
            }

            async fn status(
                &self,
                link: &$crate::ports::DepositLink,
            ) -> Result<$crate::ports::DepositStatus, $crate::ports::PaymentError> {
                self.around("payments", "status", self.inner().status(link)).await
            }

            async fn refund(
                &self,
                link: &$crate::ports::DepositLink,
                key: &str,
            ) -> Result<(), $crate::ports::PaymentError> {
                self.around("payments", "refund", self.inner().refund(link, key)).await
            }
        }
    };
}

/// Implements [`Store`](crate::ports::Store) and its tenants' handles for a wrapper, which also has a method
/// `beside(&self, inner, tenant)` that makes the wrapper of a handle.
macro_rules! forward_store {
    ($wrapper:ident) => {
        #[async_trait::async_trait]
        impl<P: $crate::ports::Store + ?Sized> $crate::ports::Store for $wrapper<P> {
            fn tenant(&self, tenant: &$crate::model::TenantId) -> std::sync::Arc<dyn $crate::ports::TenantStore> {
                std::sync::Arc::new(self.beside(self.inner().tenant(tenant), tenant))
            }

            async fn due(
                &self,
                now: chrono::DateTime<chrono::Utc>,
                limit: usize,
            ) -> Result<Vec<$crate::ports::Due>, $crate::ports::StoreError> {
                self.around("store", "due", self.inner().due(now, limit)).await
            }

            async fn next_due(&self) -> Result<Option<chrono::DateTime<chrono::Utc>>, $crate::ports::StoreError> {
                self.around("store", "next_due", self.inner().next_due()).await
            }

            async fn route(
                &self,
                provider: &str,
                external_id: &str,
            ) -> Result<Option<$crate::ports::Route>, $crate::ports::StoreError> {
                self.around("store", "route", self.inner().route(provider, external_id)).await
            }

            async fn woken(&self) {
                self.inner().woken().await;
            }

            async fn ping(&self) -> Result<(), $crate::ports::StoreError> {
                self.around("store", "ping", self.inner().ping()).await
            }

            async fn tick(
                &self,
                now: Option<chrono::DateTime<chrono::Utc>>,
            ) -> Result<$crate::ports::Times, $crate::ports::StoreError> {
                self.around("store", "tick", self.inner().tick(now)).await
            }

            async fn figures(
                &self,
                answer_within: chrono::Duration,
                now: chrono::DateTime<chrono::Utc>,
            ) -> Result<$crate::ports::Figures, $crate::ports::StoreError> {
                self.around("store", "figures", self.inner().figures(answer_within, now)).await
            }

            async fn overdue(
                &self,
                received_before: chrono::DateTime<chrono::Utc>,
                limit: usize,
            ) -> Result<Vec<($crate::model::TenantId, $crate::model::ConversationId)>, $crate::ports::StoreError> {
                self.around("store", "overdue", self.inner().overdue(received_before, limit)).await
            }

            async fn close(&self) -> Result<(), $crate::ports::StoreError> {
                self.around("store", "close", self.inner().close()).await
            }
        }

        #[async_trait::async_trait]
        impl<P: $crate::ports::TenantStore + ?Sized> $crate::ports::TenantStore for $wrapper<P> {
            fn tenant(&self) -> &$crate::model::TenantId {
                self.inner().tenant()
            }

            async fn register(&self, setup: &$crate::ports::TenantSetup) -> Result<(), $crate::ports::StoreError> {
                self.around("store", "register", self.inner().register(setup)).await
            }

            async fn ingest(
                &self,
                events: Vec<$crate::ports::Ingest>,
            ) -> Result<Vec<$crate::ports::Ingested>, $crate::ports::StoreError> {
                self.around("store", $crate::wrappers::StoreCalls::ingest(self, &events), self.inner().ingest(events))
                    .await
            }

            async fn lease(
                &self,
                conversation: $crate::model::ConversationId,
                until: chrono::DateTime<chrono::Utc>,
                now: chrono::DateTime<chrono::Utc>,
            ) -> Result<Option<$crate::ports::Leased>, $crate::ports::StoreError> {
                self.around("store", "lease", self.inner().lease(conversation, until, now)).await
            }

            async fn commit(
                &self,
                commit: $crate::ports::TurnCommit,
            ) -> Result<$crate::ports::Committed, $crate::ports::StoreError> {
                self.around("store", $crate::wrappers::StoreCalls::commit(self, &commit), self.inner().commit(commit))
                    .await
            }

            async fn release(
                &self,
                lease: &$crate::ports::Lease,
                retry: chrono::DateTime<chrono::Utc>,
            ) -> Result<(), $crate::ports::StoreError> {
                self.around("store", "release", self.inner().release(lease, retry)).await
            }

            async fn next_delivery(
                &self,
                conversation: $crate::model::ConversationId,
                until: chrono::DateTime<chrono::Utc>,
                now: chrono::DateTime<chrono::Utc>,
            ) -> Result<Option<$crate::ports::Delivery>, $crate::ports::StoreError> {
                self.around("store", "next_delivery", self.inner().next_delivery(conversation, until, now)).await
            }

            async fn postpone(
                &self,
                conversation: $crate::model::ConversationId,
                until: chrono::DateTime<chrono::Utc>,
                now: chrono::DateTime<chrono::Utc>,
            ) -> Result<(), $crate::ports::StoreError> {
                self.around("store", "postpone", self.inner().postpone(conversation, until, now)).await
            }

            async fn record_delivery(
                &self,
                record: $crate::ports::DeliveryRecord,
            ) -> Result<Option<$crate::ports::Delivery>, $crate::ports::StoreError> {
                self.around(
                    "store",
                    $crate::wrappers::StoreCalls::record_delivery(self, &record),
                    self.inner().record_delivery(record),
                )
                .await
            }

            async fn attend(&self, attention: $crate::ports::Attention) -> Result<bool, $crate::ports::StoreError> {
                self.around("store", "attend", self.inner().attend(attention)).await
            }

            async fn next_notice(
                &self,
                conversation: $crate::model::ConversationId,
                until: chrono::DateTime<chrono::Utc>,
                now: chrono::DateTime<chrono::Utc>,
            ) -> Result<Option<$crate::ports::QueuedNotice>, $crate::ports::StoreError> {
                self.around("store", "next_notice", self.inner().next_notice(conversation, until, now)).await
            }

            async fn record_notice(
                &self,
                record: $crate::ports::NoticeRecord,
            ) -> Result<(), $crate::ports::StoreError> {
                self.around("store", "record_notice", self.inner().record_notice(record)).await
            }

            async fn claim(
                &self,
                claim: $crate::ports::ClaimRequest,
            ) -> Result<Option<$crate::model::ClaimSubject>, $crate::ports::StoreError> {
                self.around("store", "claim", self.inner().claim(claim)).await
            }

            async fn unclaim(&self, action: $crate::model::ActionKey) -> Result<(), $crate::ports::StoreError> {
                self.around("store", "unclaim", self.inner().unclaim(action)).await
            }

            async fn booking(
                &self,
                reference: &$crate::model::BookingRef,
            ) -> Result<Option<($crate::model::ContactId, $crate::model::Booking)>, $crate::ports::StoreError> {
                self.around("store", "booking", self.inner().booking(reference)).await
            }

            async fn bookings(
                &self,
                contact: $crate::model::ContactId,
                after: chrono::DateTime<chrono::Utc>,
            ) -> Result<Vec<$crate::model::Booking>, $crate::ports::StoreError> {
                self.around("store", "bookings", self.inner().bookings(contact, after)).await
            }

            async fn conversations(
                &self,
                limit: usize,
            ) -> Result<Vec<$crate::ports::ConversationView>, $crate::ports::StoreError> {
                self.around("store", "conversations", self.inner().conversations(limit)).await
            }

            async fn conversation_of(
                &self,
                channel: &$crate::model::ChannelId,
                user: &$crate::model::ChannelUser,
            ) -> Result<Option<$crate::ports::ConversationView>, $crate::ports::StoreError> {
                self.around("store", "conversation_of", self.inner().conversation_of(channel, user)).await
            }

            async fn conversation(
                &self,
                conversation: $crate::model::ConversationId,
            ) -> Result<Option<$crate::ports::ConversationView>, $crate::ports::StoreError> {
                self.around("store", "conversation", self.inner().conversation(conversation)).await
            }

            async fn knows(
                &self,
                channel: &$crate::model::ChannelId,
                trace: &$crate::ports::Trace,
            ) -> Result<bool, $crate::ports::StoreError> {
                self.around("store", "knows", self.inner().knows(channel, trace)).await
            }

            async fn messages(
                &self,
                conversation: $crate::model::ConversationId,
                limit: usize,
            ) -> Result<Vec<$crate::ports::LogEntry>, $crate::ports::StoreError> {
                self.around("store", "messages", self.inner().messages(conversation, limit)).await
            }

            async fn turns(
                &self,
                conversation: $crate::model::ConversationId,
                limit: usize,
            ) -> Result<Vec<$crate::ports::TurnRecord>, $crate::ports::StoreError> {
                self.around("store", "turns", self.inner().turns(conversation, limit)).await
            }

            async fn audit(
                &self,
                after: i64,
                limit: usize,
            ) -> Result<Vec<(i64, $crate::ports::AuditRow)>, $crate::ports::StoreError> {
                self.around("store", "audit", self.inner().audit(after, limit)).await
            }
        }
    };
}

pub(crate) use {forward_backend, forward_messenger, forward_small_ports, forward_store};
