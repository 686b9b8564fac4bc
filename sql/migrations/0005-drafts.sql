-- 0005-drafts.sql - what members write and have not sent.

CREATE TABLE drafts (
    user_id uuid NOT NULL,
    place text NOT NULL,
    title text NOT NULL,
    content text NOT NULL,
    tags text NOT NULL,
    excerpt text NOT NULL,
    category text NOT NULL,
    kind text NOT NULL,
    youtube_video_id text NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT clock_now(),
    CONSTRAINT drafts_pkey PRIMARY KEY (user_id, place),
    CONSTRAINT drafts_place_length CHECK (length(place) <= 50),
    CONSTRAINT drafts_user_id_fkey FOREIGN KEY (user_id)
        REFERENCES users ON DELETE CASCADE
);
