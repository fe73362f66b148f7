//! What a [`Store`](crate::ports::Store) promises. Run it with [`store_contract!`](crate::store_contract); every promise
//! takes a fresh, empty store and registers its own tenants.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a broken promise fails its test by panicking")]

pub mod bookings;
pub mod claims;
pub mod ingest;
pub mod notices;
pub mod outbox;
pub mod races;
pub mod statuses;
pub mod tenants;
pub mod turns;

/// Expands to the whole suite of a store, a test per promise: `store_contract!(store())`, where `store()` gives a future of
/// a fresh store behind a `Box`, an `Arc` or anything else that dereferences to it.
#[macro_export]
macro_rules! store_contract {
    ($setup:expr) => {
        mod tenants {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::tenants:
                a_route_leads_to_its_tenant
                an_unknown_address_leads_nowhere
                a_route_of_another_tenant_is_refused_whole
                registering_again_brings_up_to_date
                a_route_let_go_can_change_hands
                handles_of_one_tenant_share_its_rows
                the_same_ids_in_two_tenants_never_meet
                ids_of_another_tenant_open_nothing
                a_message_is_known_to_whoever_has_it_and_to_nobody_else
                another_tenant_s_statuses_claims_and_bookings_do_not_count
                due_work_of_all_tenants_is_listed_with_its_owner
                a_healthy_store_answers_a_ping
                the_time_that_work_was_done_by_is_known
                figures_count_over_all_tenants
            }
        }
        mod ingest {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::ingest:
                a_first_message_makes_contact_and_conversation
                a_message_seen_before_changes_nothing
                a_batch_with_a_duplicate_keeps_the_rest_in_order
                redelivered_concurrently_a_message_is_stored_once
                a_message_read_long_ago_is_still_a_duplicate
                the_same_provider_id_on_another_channel_is_another_message
                a_batch_is_stored_whole_or_not_at_all
                one_person_is_one_contact_across_channels
                a_person_is_found_by_any_of_their_names
                a_number_is_one_person_in_all_its_spellings
                first_messages_at_once_make_one_conversation
                new_people_at_once_are_one_contact_each
                different_people_at_once_are_different_contacts
                a_profile_s_name_holds_until_they_tell_theirs
                the_window_counts_from_their_latest_message
                the_log_shows_what_came_in
                every_kind_of_content_comes_back_as_it_was
                an_operator_s_deed_is_stored_once_by_its_key
                a_deed_in_an_unknown_conversation_is_unknown
                a_hint_about_a_booking_enters_its_conversation_once
                a_hint_about_an_unknown_booking_is_ignored
                a_preference_is_stored_once_by_its_key
                a_transcript_is_stored_once_by_its_key
                a_new_number_makes_one_client_of_two
                a_new_number_of_another_person_makes_no_one_of_two
                the_ad_that_brought_a_client_is_kept
                a_conversation_is_found_by_channel_and_person
                conversations_are_listed_the_last_active_first
            }
        }
        mod turns {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::turns:
                mail_is_not_due_before_its_time
                mail_comes_by_the_client_s_clock_then_by_arrival
                a_due_message_brings_the_burst_with_it
                other_due_mail_leaves_a_burst_alone
                due_lists_the_longest_due_first_and_no_more_than_asked
                a_leased_conversation_is_nobody_else_s
                a_hundred_leases_at_once_have_one_winner
                a_lease_that_ran_out_can_be_taken
                a_fenced_commit_writes_nothing
                a_commit_uses_up_its_lease
                a_checkpoint_keeps_the_lease_and_fences_the_old_one
                of_two_commits_at_once_one_wins
                an_action_left_open_is_due_when_its_lease_runs_out
                a_lease_given_back_leaves_everything_and_waits
                giving_back_a_lost_lease_harms_nobody
                read_mail_stays_read_and_the_rest_waits
                mail_that_comes_during_a_turn_waits_for_the_next
                state_action_and_holder_are_as_committed
                turns_are_numbered_and_recorded
                outcomes_stand_in_the_log
                timers_ring_once_and_can_be_moved_and_cancelled
                a_wake_up_is_due_and_lasts_until_the_next_commit
                what_is_learnt_about_a_client_is_kept
                audit_rows_are_read_after_a_number
                many_conversations_commit_side_by_side
                whoever_waits_is_woken_by_mail
            }
        }
        mod outbox {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::outbox:
                messages_go_in_order_one_at_a_time
                conversations_do_not_wait_for_each_other
                a_delivery_carries_all_that_sending_needs
                takers_at_once_never_get_the_same_message
                a_retry_holds_up_what_follows
                a_message_that_is_put_off_was_never_taken
                a_message_given_back_is_no_attempt
                a_retry_can_turn_into_a_template
                parts_that_went_out_are_counted
                an_unknown_one_holds_up_what_follows_then_goes_again
                an_unknown_one_that_must_not_repeat_dies_and_is_reported
                a_dead_one_is_visible_and_reported
                a_sender_that_died_leaves_the_message_in_doubt
                a_late_record_of_an_older_attempt_is_left_alone
                the_first_message_can_be_taken_with_the_commit
                the_next_message_can_be_taken_with_the_record
                taking_over_withdraws_all_but_what_is_kept
                a_message_being_sent_is_not_withdrawn
                a_withdrawn_one_lets_the_next_pass
                waiting_messages_are_due
                the_log_shows_each_message_on_its_way
            }
        }
        mod statuses {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::statuses:
                statuses_in_any_order_end_at_the_furthest
                statuses_before_the_record_are_applied_by_it
                statuses_around_the_record_end_at_the_furthest
                statuses_at_once_end_at_the_furthest
                failed_is_final_and_reported_once
                a_failure_before_the_record_is_applied_by_it
                a_status_with_the_key_settles_an_unknown_one
                a_status_with_the_key_that_comes_while_sending_settles_what_is_lost_then
                a_status_with_the_key_settles_what_a_dead_sender_left
                a_status_with_the_key_goes_with_the_record
                a_status_of_the_last_part_settles_an_unknown_one
                a_status_of_a_part_leaves_the_rest_to_be_sent
                a_status_of_a_part_that_comes_while_sending_counts_when_its_answer_is_lost
                a_status_of_a_part_does_not_hurry_what_a_dead_sender_left
                a_part_that_failed_is_reported_when_a_status_settles_the_rest
                outside_the_window_it_is_queued_once_more_as_a_template
                outside_the_window_before_the_record_it_is_queued_once_more_too
                a_template_that_fails_is_not_queued_again
                words_that_fail_outside_the_window_are_reported
                a_status_through_another_channel_is_not_ours
                a_status_of_nothing_we_know_harms_nothing
                an_answer_to_a_message_binds_to_its_booking
            }
        }
        mod claims {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::claims:
                of_fifty_claims_on_one_time_one_wins
                of_fifty_claims_on_two_people_two_win
                a_free_time_is_claimed_by_the_first_given
                the_one_with_fewest_minutes_that_day_is_chosen
                among_equals_the_least_recently_assigned_is_chosen
                whoever_is_taken_is_passed_over
                neighbours_do_not_overlap
                an_expired_claim_counts_as_gone
                a_claim_let_go_is_free
                a_commit_can_let_go
                the_same_action_replaces_its_own_claim
                a_place_for_several_is_shared_up_to_its_capacity
                a_known_booking_takes_its_time
                a_booking_being_moved_does_not_stand_in_its_own_way
                booked_minutes_count_for_fairness
            }
        }
        mod notices {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::notices:
                whoever_waits_is_overdue_until_answered
                who_waits_is_overdue_while_leased_and_while_put_off
                a_checkpoint_leaves_waiting_who_was_not_answered
                only_a_client_s_message_waits
                the_longest_waiting_come_first
                attending_says_alarms_and_leaves_the_mail
                attending_without_words_alarms_only
                of_many_who_attend_at_once_one_does
                who_does_not_wait_is_left_alone
                the_team_hears_everything_in_order
                a_notice_that_waits_holds_up_nothing
                tellers_at_once_never_get_the_same_notice
                another_tenant_s_notices_are_out_of_reach
                figures_tell_who_waits
            }
        }
        mod races {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::races:
                of_many_workers_each_message_is_read_once
                many_senders_hand_each_message_over_once_and_in_order
                mail_that_comes_while_a_turn_commits_is_due
                a_message_queued_while_another_is_recorded_is_due
                a_notice_noted_while_another_is_recorded_is_due
                attending_while_a_turn_commits_happens_whole_or_not_at_all
                a_fenced_worker_takes_no_message
                a_flood_is_read_whole_whoever_reads
            }
        }
        mod bookings {
            #[allow(unused_imports, reason = "the set-up may be named by its full path")]
            use super::*;
            $crate::__contract_tests! { $setup; $crate::testkit::contract::store::bookings:
                a_booking_is_found_by_every_name_it_ever_had
                what_was_said_last_is_what_is_known
                bookings_come_in_order_of_time_and_end
                the_same_id_in_two_systems_is_two_bookings
                a_turn_starts_with_the_bookings_that_have_not_ended
                a_hint_by_an_old_name_finds_its_conversation
            }
        }
    };
}
