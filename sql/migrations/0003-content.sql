-- 0003-content.sql - categories, tags, posts, comments, reactions and the
-- social graph.
--
-- Time keys are indexed upwards and read backwards: the newest entry then
-- always goes to the last page of the index, which stays dense.
-- Counters are columns; the functions in sql/post.sql, sql/comment.sql,
-- sql/reaction.sql and sql/follow.sql keep them, and counter_audit() in
-- sql/audit.sql compares them with the rows.

CREATE TABLE categories (
    id uuid NOT NULL DEFAULT uuidv7(),
    slug text NOT NULL,
    name text NOT NULL,
    description text,
    color text,
    position int NOT NULL DEFAULT 0,
    is_open boolean NOT NULL DEFAULT true,
    post_count int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT categories_pkey PRIMARY KEY (id),
    CONSTRAINT categories_slug_key UNIQUE (slug),
    CONSTRAINT categories_slug_form CHECK (slug ~ '^[a-z0-9-]{1,50}$'),
    CONSTRAINT categories_name_length CHECK (
        char_length(name) BETWEEN 1 AND 50),
    CONSTRAINT categories_description_length CHECK (
        char_length(description) <= 500),
    CONSTRAINT categories_color_form CHECK (color ~ '^#[0-9a-f]{6}$'),
    CONSTRAINT categories_post_count_positive CHECK (post_count >= 0)
) WITH (fillfactor = 50);

CREATE TABLE tags (
    id uuid NOT NULL DEFAULT uuidv7(),
    name text NOT NULL,
    post_count int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT tags_pkey PRIMARY KEY (id),
    CONSTRAINT tags_name_key UNIQUE (name),
    CONSTRAINT tags_name_form CHECK (name ~ '^[a-z0-9-]{1,50}$'),
    CONSTRAINT tags_post_count_positive CHECK (post_count >= 0)
) WITH (fillfactor = 80);
CREATE INDEX tags_post_count_idx ON tags (post_count, id);
CREATE INDEX tags_name_trgm_idx ON tags USING gin (name gin_trgm_ops);

CREATE TABLE series (
    id uuid NOT NULL DEFAULT uuidv7(),
    author_id uuid NOT NULL,
    title text NOT NULL,
    slug text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT series_pkey PRIMARY KEY (id),
    CONSTRAINT series_slug_key UNIQUE (author_id, slug),
    CONSTRAINT series_title_length CHECK (
        char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT series_author_id_fkey FOREIGN KEY (author_id)
        REFERENCES users ON DELETE CASCADE
);

-- ---- Posts ----------------------------------------------------------------

-- Small and hot: what a list shows, what it sorts by, and the counters.  The
-- texts are in post_contents, so that a counter's update writes little.
CREATE TABLE posts (
    -- Fixed sizes first: they are read in place.
    id uuid NOT NULL DEFAULT uuidv7(),
    views bigint NOT NULL DEFAULT 0,
    -- Users who reacted + 2 x who commented + 3 x who shared.
    score bigint NOT NULL DEFAULT 0,
    -- post_hot(score, published_at)
    hot bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    comment_count int NOT NULL DEFAULT 0,
    reaction_count int NOT NULL DEFAULT 0,
    share_count int NOT NULL DEFAULT 0,
    bookmark_count int NOT NULL DEFAULT 0,
    -- The number of the last comment, deleted ones included.
    comment_seq int NOT NULL DEFAULT 0,
    version int NOT NULL DEFAULT 0,
    kind post_kind NOT NULL DEFAULT 'ARTICLE',
    status post_status NOT NULL DEFAULT 'draft',
    visibility visibility NOT NULL DEFAULT 'PUBLIC',
    comments_enabled boolean NOT NULL DEFAULT true,
    featured boolean NOT NULL DEFAULT false,
    published_at timestamptz,
    author_id uuid,
    category_id uuid,
    deleted_at timestamptz,
    -- Made from the title when not given.
    slug text NOT NULL,
    title text NOT NULL,
    excerpt text,
    cover_image text,
    -- The truth about the tags; a trigger keeps post_tags and tags.
    tags text[] NOT NULL DEFAULT '{}',
    -- One count for each reaction_type, in its order.  An array of seven ints
    -- is one attribute of 52 bytes; jsonb takes three times the room and is
    -- parsed and built again at each change, and seven columns would be seven
    -- more to form in every tuple.
    reactions_by_type int[] NOT NULL DEFAULT '{0,0,0,0,0,0,0}',
    language text NOT NULL DEFAULT 'en',
    -- Set when the author goes: what to call it then.
    author_name text,
    youtube_video_id text,
    series_id uuid,
    series_position int,
    accepted_comment_id uuid,
    publish_at timestamptz,
    edited_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT clock_now(),
    deleted_by uuid,
    CONSTRAINT posts_pkey PRIMARY KEY (id),
    CONSTRAINT posts_slug_key UNIQUE (slug),
    CONSTRAINT posts_slug_length CHECK (char_length(slug) BETWEEN 1 AND 110),
    CONSTRAINT posts_title_length CHECK (char_length(title) <= 500),
    -- Blanks of all scripts, and what has no width.
    CONSTRAINT posts_title_not_blank CHECK (title ~
        '[^[:space:]\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]'),
    CONSTRAINT posts_excerpt_length CHECK (char_length(excerpt) <= 500),
    CONSTRAINT posts_cover_image_length CHECK (
        char_length(cover_image) <= 2000),
    CONSTRAINT posts_tags_count CHECK (cardinality(tags) <= 10),
    CONSTRAINT posts_language_length CHECK (
        char_length(language) BETWEEN 2 AND 35),
    CONSTRAINT posts_youtube_video_id_form CHECK (
        youtube_video_id ~ '^[A-Za-z0-9_-]{11}$'),
    CONSTRAINT posts_published_has_date CHECK (
        status <> 'published' OR published_at IS NOT NULL),
    CONSTRAINT posts_scheduled_has_date CHECK (
        status <> 'scheduled' OR publish_at IS NOT NULL),
    CONSTRAINT posts_counts_not_negative CHECK (
        comment_count >= 0 AND reaction_count >= 0 AND share_count >= 0
        AND bookmark_count >= 0 AND score >= 0),
    CONSTRAINT posts_author_id_fkey FOREIGN KEY (author_id)
        REFERENCES users ON DELETE SET NULL,
    CONSTRAINT posts_category_id_fkey FOREIGN KEY (category_id)
        REFERENCES categories ON DELETE RESTRICT,
    CONSTRAINT posts_series_id_fkey FOREIGN KEY (series_id)
        REFERENCES series ON DELETE SET NULL,
    CONSTRAINT posts_deleted_by_fkey FOREIGN KEY (deleted_by)
        REFERENCES users ON DELETE SET NULL
) WITH (
    -- A few hot posts take most of the updates, and every list reads them: a
    -- thousand dead versions slow it by two thirds.
    fillfactor = 80, autovacuum_vacuum_scale_factor = 0.005,
    autovacuum_vacuum_threshold = 500
);

-- Every index costs at each change of the score, so there is one for each
-- list that is long and none for what is short enough to sort (the posts of
-- an author by score) or common enough to filter (a kind by score).
CREATE INDEX posts_recent_idx ON posts (published_at, id)
    WHERE deleted_at IS NULL AND status = 'published'
        AND visibility = 'PUBLIC';
CREATE INDEX posts_popular_idx ON posts (score, id)
    WHERE deleted_at IS NULL AND status = 'published'
        AND visibility = 'PUBLIC';
CREATE INDEX posts_trending_idx ON posts (hot, id)
    WHERE deleted_at IS NULL AND status = 'published'
        AND visibility = 'PUBLIC';
CREATE INDEX posts_category_recent_idx
    ON posts (category_id, published_at, id);
CREATE INDEX posts_category_popular_idx ON posts (category_id, score, id)
    WHERE deleted_at IS NULL AND status = 'published'
        AND visibility = 'PUBLIC';
CREATE INDEX posts_category_trending_idx ON posts (category_id, hot, id)
    WHERE deleted_at IS NULL AND status = 'published'
        AND visibility = 'PUBLIC';
CREATE INDEX posts_kind_recent_idx ON posts (kind, published_at, id)
    WHERE deleted_at IS NULL AND status = 'published'
        AND visibility = 'PUBLIC';
-- Also what an author sees: drafts have no published_at.
CREATE INDEX posts_author_idx ON posts (author_id, published_at, id);
CREATE INDEX posts_scheduled_idx ON posts (publish_at)
    WHERE status = 'scheduled' AND deleted_at IS NULL;
CREATE INDEX posts_series_id_idx ON posts (series_id, series_position)
    WHERE series_id IS NOT NULL;
CREATE INDEX posts_accepted_comment_id_idx ON posts (accepted_comment_id)
    WHERE accepted_comment_id IS NOT NULL;
CREATE INDEX posts_deleted_by_idx ON posts (deleted_by)
    WHERE deleted_by IS NOT NULL;

-- Markdown, the HTML made of it, and what searches read.
CREATE TABLE post_contents (
    post_id uuid NOT NULL,
    content text NOT NULL,
    content_html text NOT NULL,
    search tsvector NOT NULL DEFAULT '',
    -- The post's excerpt is the content's beginning, and follows it.
    excerpt_made boolean NOT NULL DEFAULT false,
    CONSTRAINT post_contents_pkey PRIMARY KEY (post_id),
    CONSTRAINT post_contents_content_length CHECK (
        char_length(content) <= 100000),
    CONSTRAINT post_contents_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE
);
CREATE INDEX post_contents_search_idx ON post_contents USING gin (search);

-- published_at only while the post is listed, so that the list of a tag is
-- one index scan.
CREATE TABLE post_tags (
    post_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    published_at timestamptz,
    CONSTRAINT post_tags_pkey PRIMARY KEY (post_id, tag_id),
    CONSTRAINT post_tags_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT post_tags_tag_id_fkey FOREIGN KEY (tag_id)
        REFERENCES tags ON DELETE CASCADE
);
CREATE INDEX post_tags_tag_idx ON post_tags (tag_id, published_at, post_id);

CREATE TABLE post_slugs_old (
    slug text NOT NULL,
    post_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT post_slugs_old_pkey PRIMARY KEY (slug),
    CONSTRAINT post_slugs_old_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE
);
CREATE INDEX post_slugs_old_post_id_idx ON post_slugs_old (post_id);

-- What a post said before the edit that made version + 1.
CREATE TABLE post_revisions (
    id uuid NOT NULL DEFAULT uuidv7(),
    post_id uuid NOT NULL,
    version int NOT NULL,
    title text NOT NULL,
    excerpt text,
    content text NOT NULL,
    tags text[] NOT NULL DEFAULT '{}',
    editor_id uuid,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT post_revisions_pkey PRIMARY KEY (id),
    CONSTRAINT post_revisions_version_key UNIQUE (post_id, version),
    CONSTRAINT post_revisions_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT post_revisions_editor_id_fkey FOREIGN KEY (editor_id)
        REFERENCES users ON DELETE SET NULL
);
CREATE INDEX post_revisions_editor_id_idx ON post_revisions (editor_id);

CREATE TABLE post_collaborators (
    post_id uuid NOT NULL,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT post_collaborators_pkey PRIMARY KEY (post_id, user_id),
    CONSTRAINT post_collaborators_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT post_collaborators_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX post_collaborators_user_id_idx
    ON post_collaborators (user_id, created_at, post_id);

CREATE TABLE polls (
    post_id uuid NOT NULL,
    multiple boolean NOT NULL DEFAULT false,
    ends_at timestamptz,
    voter_count int NOT NULL DEFAULT 0,
    CONSTRAINT polls_pkey PRIMARY KEY (post_id),
    CONSTRAINT polls_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE
) WITH (fillfactor = 80);

CREATE TABLE poll_options (
    post_id uuid NOT NULL,
    position smallint NOT NULL,
    label text NOT NULL,
    votes int NOT NULL DEFAULT 0,
    CONSTRAINT poll_options_pkey PRIMARY KEY (post_id, position),
    CONSTRAINT poll_options_position_range CHECK (position BETWEEN 1 AND 10),
    CONSTRAINT poll_options_label_length CHECK (
        char_length(label) BETWEEN 1 AND 200),
    CONSTRAINT poll_options_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES polls ON DELETE CASCADE
) WITH (fillfactor = 80);

CREATE TABLE poll_votes (
    post_id uuid NOT NULL,
    user_id uuid NOT NULL,
    position smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT poll_votes_pkey PRIMARY KEY (post_id, user_id, position),
    CONSTRAINT poll_votes_option_fkey FOREIGN KEY (post_id, position)
        REFERENCES poll_options ON DELETE CASCADE,
    CONSTRAINT poll_votes_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX poll_votes_option_idx ON poll_votes (post_id, position);
CREATE INDEX poll_votes_user_id_idx ON poll_votes (user_id);

-- ---- Comments -------------------------------------------------------------

-- path orders a thread depth first: the comment's number in its post as six
-- hexadecimal digits, after the path of its parent.  Below 256 levels it
-- grows no further (an index entry has to fit on a page); depth and
-- parent_id tell the truth at any depth.
CREATE TABLE comments (
    id uuid NOT NULL DEFAULT uuidv7(),
    post_id uuid NOT NULL,
    parent_id uuid,
    author_id uuid,
    author_name text,
    number int NOT NULL,
    path text COLLATE "C" NOT NULL,
    depth int NOT NULL DEFAULT 0,
    content text NOT NULL,
    content_html text NOT NULL,
    youtube_timestamp int,
    edited_at timestamptz,
    -- Direct replies that are shown: not deleted, or a stub above others.
    reply_count int NOT NULL DEFAULT 0,
    reaction_count int NOT NULL DEFAULT 0,
    reactions_by_type int[] NOT NULL DEFAULT '{0,0,0,0,0,0,0}',
    -- Users who reacted.  A bigint, as what it is sorted by must be the column
    -- itself, and the shape wants one.
    score bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    deleted_at timestamptz,
    deleted_by uuid,
    CONSTRAINT comments_pkey PRIMARY KEY (id),
    CONSTRAINT comments_path_key UNIQUE (post_id, path),
    CONSTRAINT comments_content_length CHECK (
        char_length(content) BETWEEN 1 AND 5000),
    CONSTRAINT comments_youtube_timestamp_range CHECK (
        youtube_timestamp BETWEEN 0 AND 604800),
    CONSTRAINT comments_counts_not_negative CHECK (
        reply_count >= 0 AND reaction_count >= 0 AND score >= 0),
    CONSTRAINT comments_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT comments_parent_id_fkey FOREIGN KEY (parent_id)
        REFERENCES comments ON DELETE CASCADE,
    CONSTRAINT comments_author_id_fkey FOREIGN KEY (author_id)
        REFERENCES users ON DELETE SET NULL,
    CONSTRAINT comments_deleted_by_fkey FOREIGN KEY (deleted_by)
        REFERENCES users ON DELETE SET NULL
) WITH (fillfactor = 90);
CREATE INDEX comments_best_idx ON comments (post_id, score, id)
    WHERE parent_id IS NULL;
CREATE INDEX comments_new_idx ON comments (post_id, created_at, id)
    WHERE parent_id IS NULL;
CREATE INDEX comments_parent_id_idx ON comments (parent_id, created_at, id)
    WHERE parent_id IS NOT NULL;
CREATE INDEX comments_author_id_idx ON comments (author_id, created_at, id);
CREATE INDEX comments_deleted_by_idx ON comments (deleted_by)
    WHERE deleted_by IS NOT NULL;

ALTER TABLE posts ADD CONSTRAINT posts_accepted_comment_id_fkey
    FOREIGN KEY (accepted_comment_id) REFERENCES comments ON DELETE SET NULL;

-- ---- Reactions, shares, bookmarks -----------------------------------------

-- On a post or on a comment.  No surrogate key: a reaction is its target, its
-- user and its type.
CREATE TABLE reactions (
    post_id uuid,
    comment_id uuid,
    user_id uuid NOT NULL,
    type reaction_type NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT reactions_one_target CHECK (
        num_nonnulls(post_id, comment_id) = 1),
    CONSTRAINT reactions_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT reactions_comment_id_fkey FOREIGN KEY (comment_id)
        REFERENCES comments ON DELETE CASCADE,
    CONSTRAINT reactions_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE UNIQUE INDEX reactions_post_key ON reactions (post_id, user_id, type)
    WHERE post_id IS NOT NULL;
CREATE UNIQUE INDEX reactions_comment_key
    ON reactions (comment_id, user_id, type) WHERE comment_id IS NOT NULL;
CREATE INDEX reactions_user_id_idx ON reactions (user_id, created_at);
-- What a day brought, for the leaderboards.
CREATE INDEX reactions_created_at_idx ON reactions USING brin (created_at);

-- What each user adds to a post's score: each kind counts once.  The row is
-- what two acts of one user at once queue up on, so that first and last are
-- seen exactly.
CREATE TABLE post_participants (
    post_id uuid NOT NULL,
    user_id uuid NOT NULL,
    reactions int NOT NULL DEFAULT 0,
    comments int NOT NULL DEFAULT 0,
    shares int NOT NULL DEFAULT 0,
    CONSTRAINT post_participants_pkey PRIMARY KEY (post_id, user_id),
    CONSTRAINT post_participants_not_negative CHECK (
        reactions >= 0 AND comments >= 0 AND shares >= 0),
    CONSTRAINT post_participants_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT post_participants_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX post_participants_user_id_idx ON post_participants (user_id);

CREATE TABLE shares (
    id uuid NOT NULL DEFAULT uuidv7(),
    post_id uuid NOT NULL,
    user_id uuid NOT NULL,
    channel text NOT NULL DEFAULT 'link',
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT shares_pkey PRIMARY KEY (id),
    CONSTRAINT shares_channel_length CHECK (
        char_length(channel) BETWEEN 1 AND 30),
    CONSTRAINT shares_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT shares_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX shares_post_id_idx ON shares (post_id);
CREATE INDEX shares_user_id_idx ON shares (user_id, created_at);

CREATE TABLE bookmark_folders (
    id uuid NOT NULL DEFAULT uuidv7(),
    user_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT bookmark_folders_pkey PRIMARY KEY (id),
    CONSTRAINT bookmark_folders_name_key UNIQUE (user_id, name),
    CONSTRAINT bookmark_folders_name_length CHECK (
        char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT bookmark_folders_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);

CREATE TABLE bookmarks (
    user_id uuid NOT NULL,
    post_id uuid NOT NULL,
    folder_id uuid,
    note text,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT bookmarks_pkey PRIMARY KEY (user_id, post_id),
    CONSTRAINT bookmarks_note_length CHECK (char_length(note) <= 500),
    CONSTRAINT bookmarks_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT bookmarks_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT bookmarks_folder_id_fkey FOREIGN KEY (folder_id)
        REFERENCES bookmark_folders ON DELETE SET NULL
);
CREATE INDEX bookmarks_user_id_idx
    ON bookmarks (user_id, created_at, post_id);
CREATE INDEX bookmarks_post_id_idx ON bookmarks (post_id);
CREATE INDEX bookmarks_folder_id_idx ON bookmarks (folder_id)
    WHERE folder_id IS NOT NULL;

-- Who was mentioned where, so that an edit notifies new names only.
CREATE TABLE mentions (
    post_id uuid NOT NULL,
    comment_id uuid,
    user_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT mentions_key UNIQUE NULLS NOT DISTINCT
        (post_id, comment_id, user_id),
    CONSTRAINT mentions_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT mentions_comment_id_fkey FOREIGN KEY (comment_id)
        REFERENCES comments ON DELETE CASCADE,
    CONSTRAINT mentions_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX mentions_comment_id_idx ON mentions (comment_id)
    WHERE comment_id IS NOT NULL;
CREATE INDEX mentions_user_id_idx ON mentions (user_id, created_at);

CREATE TABLE reports (
    id uuid NOT NULL DEFAULT uuidv7(),
    reporter_id uuid,
    post_id uuid,
    comment_id uuid,
    reported_user_id uuid,
    reason report_reason NOT NULL,
    detail text,
    status report_status NOT NULL DEFAULT 'open',
    handled_by uuid,
    handled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT reports_pkey PRIMARY KEY (id),
    CONSTRAINT reports_one_target CHECK (
        num_nonnulls(post_id, comment_id, reported_user_id) = 1),
    CONSTRAINT reports_detail_length CHECK (char_length(detail) <= 2000),
    CONSTRAINT reports_once UNIQUE NULLS NOT DISTINCT
        (reporter_id, post_id, comment_id, reported_user_id),
    CONSTRAINT reports_reporter_id_fkey FOREIGN KEY (reporter_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT reports_post_id_fkey FOREIGN KEY (post_id)
        REFERENCES posts ON DELETE CASCADE,
    CONSTRAINT reports_comment_id_fkey FOREIGN KEY (comment_id)
        REFERENCES comments ON DELETE CASCADE,
    CONSTRAINT reports_reported_user_id_fkey FOREIGN KEY (reported_user_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT reports_handled_by_fkey FOREIGN KEY (handled_by)
        REFERENCES users ON DELETE SET NULL
);
CREATE INDEX reports_status_idx ON reports (status, id);
CREATE INDEX reports_post_id_idx ON reports (post_id)
    WHERE post_id IS NOT NULL;
CREATE INDEX reports_comment_id_idx ON reports (comment_id)
    WHERE comment_id IS NOT NULL;
CREATE INDEX reports_reported_user_id_idx ON reports (reported_user_id)
    WHERE reported_user_id IS NOT NULL;
CREATE INDEX reports_handled_by_idx ON reports (handled_by)
    WHERE handled_by IS NOT NULL;

-- ---- The social graph -----------------------------------------------------

CREATE TABLE follows (
    follower_id uuid NOT NULL,
    following_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT follows_pkey PRIMARY KEY (follower_id, following_id),
    CONSTRAINT follows_not_self CHECK (follower_id <> following_id),
    CONSTRAINT follows_follower_id_fkey FOREIGN KEY (follower_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT follows_following_id_fkey FOREIGN KEY (following_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX follows_following_idx
    ON follows (follower_id, created_at, following_id);
CREATE INDEX follows_followers_idx
    ON follows (following_id, created_at, follower_id);

CREATE TABLE blocks (
    blocker_id uuid NOT NULL,
    blocked_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT blocks_pkey PRIMARY KEY (blocker_id, blocked_id),
    CONSTRAINT blocks_not_self CHECK (blocker_id <> blocked_id),
    CONSTRAINT blocks_blocker_id_fkey FOREIGN KEY (blocker_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT blocks_blocked_id_fkey FOREIGN KEY (blocked_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX blocks_list_idx ON blocks (blocker_id, created_at, blocked_id);
CREATE INDEX blocks_blocked_id_idx ON blocks (blocked_id, blocker_id);

CREATE TABLE mutes (
    muter_id uuid NOT NULL,
    muted_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT mutes_pkey PRIMARY KEY (muter_id, muted_id),
    CONSTRAINT mutes_not_self CHECK (muter_id <> muted_id),
    CONSTRAINT mutes_muter_id_fkey FOREIGN KEY (muter_id)
        REFERENCES users ON DELETE CASCADE,
    CONSTRAINT mutes_muted_id_fkey FOREIGN KEY (muted_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX mutes_list_idx ON mutes (muter_id, created_at, muted_id);
CREATE INDEX mutes_muted_id_idx ON mutes (muted_id);

-- ---- Leaderboards past ----------------------------------------------------

-- The live boards are in Redis; what a reset leaves is here.
CREATE TABLE leaderboard_archives (
    board text NOT NULL,
    metric text NOT NULL,
    starts_at timestamptz NOT NULL,
    rank int NOT NULL,
    user_id uuid NOT NULL,
    score bigint NOT NULL,
    CONSTRAINT leaderboard_archives_pkey
        PRIMARY KEY (board, metric, starts_at, rank),
    CONSTRAINT leaderboard_archives_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
CREATE INDEX leaderboard_archives_user_id_idx
    ON leaderboard_archives (user_id);

-- The categories of a new site.
INSERT INTO categories (slug, name, description, color, position) VALUES
    ('announcements', 'Announcements',
        'News from the people who run this place.', '#8b5cf6', 1),
    ('general', 'General', 'Whatever fits nowhere else.', '#64748b', 2),
    ('gaming', 'Gaming', 'Let''s plays, speedruns and patch notes.',
        '#22c55e', 3),
    ('music', 'Music', 'Covers, releases and live sessions.', '#ec4899', 4),
    ('fan-art', 'Fan art', 'Drawn, painted, sewn or printed for love.',
        '#f97316', 5),
    ('theories', 'Theories', 'What the end card really meant.', '#0ea5e9', 6),
    ('creators', 'Creators', 'Cameras, cuts, thumbnails and nerves.',
        '#eab308', 7),
    ('watch-parties', 'Watch parties', 'Premieres are better together.',
        '#14b8a6', 8),
    ('science', 'Science and learning', 'Experiments and explanations.',
        '#6366f1', 9),
    ('help', 'Help', 'Questions, answers, first steps.', '#ef4444', 10);
