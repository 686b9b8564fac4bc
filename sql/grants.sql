-- grants.sql - what the programs may do: rows, never the schema.

-- Append-only: nothing that was written is changed.
GRANT SELECT, INSERT ON
    audit_log, currency_transactions, xp_log
TO sparkle_app;

GRANT SELECT ON
    schema_migrations, reserved_usernames
TO sparkle_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON
    site_totals,
    users, profiles, user_stats, user_search, user_names_old,
    user_balances, xp_sources, xp_days, xp_pairs, xp_texts, referrals,
    devices, sessions, session_tokens_spent, login_history, login_locks,
    login_challenges, security_alerts, registrations,
    email_verifications, password_resets, email_changes, two_factor,
    backup_codes, encryption_keys,
    role_grants, deletion_requests, data_exports,
    idempotency_keys, data_retention_policies,
    categories, tags, series, posts, post_contents, post_search_stale,
    post_tags, post_slugs_old, post_revisions, post_collaborators,
    polls, poll_options, poll_votes,
    comments, comment_excerpt_stale, reactions, post_participants, shares,
    bookmark_folders, bookmarks, mentions, reports,
    follows, blocks, mutes, leaderboard_archives,
    outbox, job_queues, jobs, job_schedules, job_archive,
    notifications, notification_actors, notification_preferences,
    push_subscriptions, phones, drafts,
    mail_sent, mail_skipped, mail_suppressions, mail_bounces, mail_scores,
    mail_digests, mail_rates, mail_turns, batch_runs
TO sparkle_app;

GRANT SELECT ON
    account_rows, audit_rows,
    user_cards, user_rows, category_rows, tag_rows, post_rows,
    post_cards, post_details, comment_rows, follower_rows, following_rows, notification_rows,
    notifications_shown,
    notification_kinds, notification_preference_rows,
    job_queue_rows, raised_refusals, alert_rows, login_rows, mail_log_rows,
    mail_suppressed_rows, push_subscriptions_live,
    privacy_places, site_tables, privacy_remains,
    key_uses, posts_outdated, comments_outdated, users_outdated,
    referral_held_rows
TO sparkle_app;

-- These run as the owner; the rest of the functions with the caller's rights.
GRANT EXECUTE ON FUNCTION
    audit_log_add_month(date), audit_log_drop_before(date),
    privacy_erase_ledger(uuid, bigint),
    audit_log_purge_default(interval, bigint)
TO sparkle_app;
