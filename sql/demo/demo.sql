-- demo.sql - a community to look at and to measure with.
--
-- Plain SQL for libpq, run as sparkle_owner on a site without users:
--
--   run this file;
--   SELECT * FROM demo.load(24, 60, 200, 600, 1, $1);  -- or 10000, 100000,
--                              300000, 1000000; $1 = everybody's password hash
--   DROP SCHEMA demo CASCADE;
--   SET client_min_messages = error; VACUUM ANALYZE;  -- no transaction
--
-- The same numbers and seed make the same site, dated back from now.  The
-- first users are admin (ADMIN), alice (VERIFIED_CREATOR), bob (USER) and
-- mika (MODERATOR), all @example.org.  Few authors and posts get most of the
-- attention.  Everything is made in temporary tables first and counted there,
-- so that every row is written once, with its counters right.  Large loads
-- take foreign keys and indexes away and build them again afterwards.

DROP SCHEMA IF EXISTS demo CASCADE;
CREATE SCHEMA demo;

-- ---- Chance ---------------------------------------------------------------

-- The n-th number of a stream, in [0, 1).
CREATE FUNCTION demo.r(seed int, stream int, n bigint) RETURNS float8
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(n, seed::bigint * 1000 + stream) >> 11
    & 9007199254740991)::float8 / 9007199254740992;

CREATE FUNCTION demo.pick(of text[], r float8) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN of[1 + floor(r * cardinality(of))::int];

-- A UUIDv7 of a time whose random bits are the n-th of a stream.
CREATE FUNCTION demo.id(seed int, stream int, n bigint, at timestamptz)
RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (lpad(to_hex((date_part('epoch', at) * 1000)::bigint), 12, '0')
    || '7' || lpad(to_hex(n % 4096), 3, '0')
    || to_hex(8 + (hashint8extended(n, seed * 7 + stream) & 3))
    || lpad(to_hex(hashint8extended(n, seed * 13 + stream)
        & 1152921504606846975), 15, '0'))::uuid;

-- ---- Phrases --------------------------------------------------------------

CREATE TABLE demo.topics (
    id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    category text, subject text, creator text, tags text[]);
INSERT INTO demo.topics (category, subject, creator, tags) VALUES
    ('gaming', 'the lighthouse speedrun', 'NovaPixel',
        '{speedrun,nova-pixel,world-record}'),
    ('gaming', 'the hundred day island', 'CaptainCrumb',
        '{survival,captain-crumb,lets-play}'),
    ('gaming', 'the blindfolded boss fight', 'Tarn and Tess',
        '{challenge,boss-fight,tarn-and-tess}'),
    ('gaming', 'the cozy farm restart', 'MossyMae',
        '{cozy-games,farming,mossy-mae}'),
    ('music', 'the rooftop acoustic set', 'June Harlow',
        '{live,acoustic,june-harlow}'),
    ('music', 'the synth diary', 'Cassette Kid',
        '{synthwave,cassette-kid,gear}'),
    ('music', 'the one take cover', 'The Borrowed Amps',
        '{covers,one-take,borrowed-amps}'),
    ('music', 'the string quartet remix', 'Ines Aldaya',
        '{remix,strings,ines-aldaya}'),
    ('fan-art', 'the ink month', 'PaperPhoenix',
        '{ink,drawing,paper-phoenix}'),
    ('fan-art', 'the felt dragon', 'Wooly Ways',
        '{felt,crafts,wooly-ways}'),
    ('fan-art', 'the stained glass poster', 'Vitra',
        '{poster,digital-art,vitra}'),
    ('theories', 'the missing episode', 'Deep Archive',
        '{mystery,deep-archive,theory}'),
    ('theories', 'the number on the door', 'LoreLatte',
        '{lore,lore-latte,easter-eggs}'),
    ('theories', 'the end card melody', 'Deep Archive',
        '{mystery,music-theory,theory}'),
    ('creators', 'the two light set-up', 'Framewise',
        '{lighting,framewise,beginners}'),
    ('creators', 'the thumbnail test', 'Clickbench',
        '{thumbnails,clickbench,data}'),
    ('creators', 'the thirty second hook', 'Cutaway Club',
        '{editing,cutaway-club,storytelling}'),
    ('watch-parties', 'the autumn premiere', 'Starfall Studio',
        '{premiere,starfall,live-chat}'),
    ('watch-parties', 'the anniversary marathon', 'MossyMae',
        '{marathon,mossy-mae,live-chat}'),
    ('science', 'the backyard telescope', 'Orbit Annie',
        '{astronomy,orbit-annie,diy}'),
    ('science', 'the slow motion soap bubble', 'Half Life Hana',
        '{physics,slow-motion,half-life-hana}'),
    ('science', 'the bread chemistry series', 'Crumb Lab',
        '{chemistry,baking,crumb-lab}'),
    ('general', 'the community postcard swap', 'PostalPals',
        '{community,postcards,postal-pals}'),
    ('general', 'the quiet Sunday stream', 'MossyMae',
        '{stream,mossy-mae,cozy-games}'),
    ('help', 'the first livestream', 'Framewise',
        '{livestream,beginners,audio}'),
    ('help', 'the microphone hum', 'Sound Sister',
        '{audio,microphone,sound-sister}'),
    ('announcements', 'the spring meet-up', 'Sparkle Universe',
        '{community,meet-up,news}');

CREATE TABLE demo.titles (kind post_kind, texts text[]);
INSERT INTO demo.titles VALUES
    ('ARTICLE', '{"What {s} teaches about patience",
        "Behind the scenes of {s}", "A love letter to {s}",
        "{c} and the art of {s}", "Ten details you missed in {s}",
        "How {s} was made in {n} days", "Why I rewatched {s} {n} times",
        "The complete guide to {s}", "Notes from {n} hours of {s}",
        "Everything we know about {s}"}'),
    ('DISCUSSION', '{"What did you think of {s}?",
        "Unpopular opinion: {s} was better the second time",
        "Best moment of {s}?", "Is {c} at the top of the game?",
        "{s}: slow start or perfect build-up?",
        "Share your favourite minute of {s}",
        "Where does {c} go after {s}?"}'),
    ('QUESTION', '{"Where do I start with {s}?",
        "Which camera did {c} use for {s}?",
        "How long did {s} take you?", "Can somebody explain {s}?",
        "What is the song at minute {n} of {s}?",
        "Is there a transcript of {s}?"}'),
    ('VIDEO', '{"{c}: {s}, part {n}", "Watch: {s} in {n} minutes",
        "My reaction to {s}", "{s}, but in one take",
        "Premiere: {c} returns to {s}"}'),
    ('FAN_ART', '{"I drew {s}", "{s} in watercolour",
        "{n} hours, one pencil: {s}", "A poster for {s}",
        "My tribute to {c}"}'),
    ('GALLERY', '{"{n} pictures from {s}", "Our corner at {s}",
        "Screens I keep from {s}"}'),
    ('LINK', '{"Interview with {c} about {s}",
        "The sources behind {s}", "A map of {s}"}'),
    ('POLL', '{"Which part of {s} was best?",
        "Should {c} continue {s}?", "Vote: your favourite of {s}"}'),
    ('ANNOUNCEMENT', '{"Save the date: {s}", "New here? Start with {s}",
        "What we learned from {s}"}');

CREATE TABLE demo.templates (place text, texts text[]);
INSERT INTO demo.templates VALUES
    ('opening', '{"I came to **{s}** late, and I am glad nobody spoiled it. {c} takes an idea that sounds small and gives it room to breathe.",
        "There are videos you watch once, and there is **{s}**. It took me three evenings and a pot of tea to see how much is hidden in it.",
        "Every few months {c} does something that nobody asked for and everybody needed. **{S}** is exactly that.",
        "If you only have ten minutes today, spend them on **{s}**. If you have an hour, stay for what {c} says at the end.",
        "My brother sent me **{s}** with no comment but a clock emoji. I understand now.",
        "I kept notes while watching **{s}**, because the comments under it move so fast that good ideas get lost.",
        "Let me say it at once: **{s}** is the best thing {c} has made this year, and it is not even close.",
        "We talked about **{s}** in the chat last night until far too late, so here is my attempt at putting it in order."}'),
    ('middle', '{"What makes it work is the pace. Nothing is rushed, no cut is there to hide a mistake, and when something goes wrong {c} leaves it in.",
        "Look at the background of the third scene. The shelf changes **twice**, and both changes come back later as a joke that lands without a word.",
        "I tried to rebuild it at home. It failed, of course, but failing at it taught me more than any tutorial did.",
        "The sound deserves a post of its own. Close your eyes for a minute and you still know where everybody stands.",
        "Some say it is too long. I think the length is the point: you have to get a little bored before the surprise can work.",
        "There is a moment around the middle when the music stops. Nobody in our watch party said anything for a good ten seconds.",
        "It also changed how I think about my own channel. I used to plan everything; now I leave a page of the script **empty**.",
        "People compare it with the older series, and that is fair. But the older series never had this much trust in its audience.",
        "The numbers are interesting too: most viewers stay to the end, which hardly ever happens with a video of this kind.",
        "What I like most is the kindness. Even the criticism in it is made so that you want to try again."}'),
    ('list', '{"- the lighting in the first minute\\n- the joke with the **red mug**\\n- that last look into the camera",
        "- watch it once without pausing\\n- watch it again with the commentary\\n- read the description **to the end**",
        "- a plain notebook\\n- one lamp, not two\\n- more patience than I had\\n- friends who tell you the truth",
        "- **story**: nine of ten\\n- **sound**: ten of ten\\n- **snacks needed**: many",
        "- start small\\n- keep the first take\\n- ask before you cut"}'),
    ('link', '{"The full playlist is [on the channel](https://www.youtube.com/) and worth a quiet evening.",
        "Somebody made [a timeline of every episode](https://example.org/timeline) that helped me a lot.",
        "If you want to help with subtitles, [the sign-up sheet](https://example.org/subtitles) is open."}'),
    ('closing', '{"So tell me: what did you see that I missed?",
        "I will add your finds to this post, with names. Thank you for reading this far.",
        "That is all from me. See you at the next premiere!",
        "Be kind in the comments, and mark your **spoilers** please.",
        "If you disagree, even better. Convince me.",
        "I have a second part half written. Shall I go on?"}'),
    ('comment-1', '{"This made my day.", "I had the same thought!",
        "Thank you for writing this up.", "Hm, I am not so sure.",
        "Came here for exactly this.", "Finally somebody says it.",
        "Great post, as always.", "I laughed out loud at this.",
        "Okay, now I have to watch it again.", "You have a good eye.",
        "Wait, really?", "Small correction:", "Hard agree.",
        "Never noticed that.", "Respectfully, no.",
        "Bookmarked for the weekend."}'),
    ('comment-2', '{"The part in the middle gets better **every time**.",
        "My whole family was quoting it at dinner.",
        "I think the answer is in the description of the second video.",
        "Somebody should make a compilation of these moments.",
        "It is the sound that does it for me.",
        "I tried it last night and it took me four hours.",
        "There is a version with commentary, look for the unlisted one.",
        "The first cut was longer, they talked about it in the stream.",
        "For me the ending was the weakest part, and I still cried.",
        "You can see the same prop in the anniversary special.",
        "The pace is slow, but that is what makes it work.",
        "I showed it to a friend who never watches anything, and now we have a club.",
        "It reminds me of the early days of the channel.",
        "No idea how they got permission for that location."}'),
    ('comment-3', '{"", "", "", "", "Cheers!", "Has anybody checked?",
        "What do you think?", "See you in the chat.",
        "Waiting for part two.", "More of this please!"}'),
    ('bio', '{"Here for the theories, staying for the people.",
        "I edit videos at night and sleep in meetings.",
        "Part-time cosplayer, full-time subtitle helper.",
        "Collects end cards. Ask me about the blue one.",
        "Retired speedrunner, proud of one bronze split.",
        "I draw what I watch.", "Twelve subscribers and happy with each.",
        "Librarian by day, lore keeper by night.",
        "Learning the bass from videos. The neighbours know.",
        "Mostly lurking, sometimes baking."}'),
    ('place', '{"Lisbon","Kraków","Osaka","Montréal","Nairobi","Leeds",
        "Valparaíso","Utrecht","Austin","Tallinn","Pune","Dunedin"}'),
    ('adjective', '{pixel,lunar,cozy,velvet,neon,mossy,silent,turbo,amber,
        paper,cosmic,salty,mellow,rusty,solar,foggy,jolly,misty,golden,tiny,
        brave,clever,dizzy,eager,fuzzy,gentle,hasty,indigo,jazzy,keen,lucky,
        minty,noble,odd,plucky,quick,royal,sunny,tidy,witty}'),
    ('noun', '{otter,comet,biscuit,raven,lantern,cactus,dolphin,ember,falcon,
        gecko,harbor,iris,jester,kettle,lemur,marble,noodle,orchid,panda,
        quill,rocket,sparrow,teapot,urchin,violet,walrus,yeti,zephyr,acorn,
        badger,clover,drummer,engine,fiddle,goblin,hazel,island,juniper,
        kitten,lotus}');

CREATE FUNCTION demo.phrases(p text) RETURNS text[]
LANGUAGE sql STABLE RETURN (SELECT texts FROM demo.templates
    WHERE place = p);

-- The HTML of a block in the little Markdown that is used here: paragraphs,
-- lists, bold, links.  As src/markup renders it.
CREATE FUNCTION demo.html(block text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN block LIKE '- %' THEN
        E'<ul>\n<li>' || replace(substr(inline, 3), E'\n- ',
            E'</li>\n<li>') || E'</li>\n</ul>\n'
    ELSE '<p>' || inline || E'</p>\n' END
FROM (SELECT regexp_replace(regexp_replace(block,
        '\*\*([^*]+)\*\*', '<strong>\1</strong>', 'g'),
        '\[([^\]]+)\]\(([^)]+)\)',
        '<a href="\2" rel="nofollow ugc noopener">\1</a>', 'g') AS inline) i
$$;

-- Every block for every topic, rendered once.
CREATE TABLE demo.blocks AS
SELECT t.id AS topic, b.place, n::int,
    count(*) OVER (PARTITION BY t.id, b.place)::int AS of,
    md, demo.html(md) AS html
FROM demo.topics t, demo.templates b,
    unnest(b.texts) WITH ORDINALITY x(raw, n),
    replace(replace(replace(replace(raw, '{s}', t.subject),
        '{S}', upper(left(t.subject, 1)) || substr(t.subject, 2)),
        '{c}', t.creator), '\n', E'\n') md
WHERE b.place IN ('opening', 'middle', 'list', 'link', 'closing');
CREATE UNIQUE INDEX ON demo.blocks (topic, place, n);

-- ---- Parts of the load ----------------------------------------------------

CREATE FUNCTION demo.make_users(n_users int, seed int) RETURNS void
LANGUAGE sql AS $$
CREATE TEMP TABLE demo_users ON COMMIT DROP AS
SELECT i, demo.id(seed, 1, i, at) AS id, at, name,
    replace(initcap(replace(name, '_', ' ')), 'Bob', 'Bob') AS display,
    (CASE i WHEN 1 THEN 'ADMIN' WHEN 2 THEN 'VERIFIED_CREATOR'
        WHEN 4 THEN 'MODERATOR' ELSE CASE
            WHEN demo.r(seed, 3, i) < 0.01 THEN 'VERIFIED_CREATOR'
            WHEN demo.r(seed, 3, i) < 0.1 THEN 'CREATOR'
            ELSE 'USER' END END)::user_role AS role
FROM (
    SELECT i, now() - interval '1 day' * CASE
            WHEN i <= 4 THEN 800 - i
            WHEN i > 0.9 * n_users THEN 30 * demo.r(seed, 2, i)
            ELSE 400 + 330 * demo.r(seed, 2, i) END AS at,
        CASE i WHEN 1 THEN 'admin' WHEN 2 THEN 'alice' WHEN 3 THEN 'bob'
            WHEN 4 THEN 'mika' ELSE
            demo.pick(demo.phrases('adjective'), (k % 40 + 0.5) / 40) || '_'
            || demo.pick(demo.phrases('noun'), (k / 40 % 40 + 0.5) / 40)
            || CASE WHEN i > 1600 THEN (i / 1600)::text ELSE '' END
        END AS name
    FROM (SELECT i, (i::bigint * 7919 + seed) % 1600 AS k
        FROM generate_series(1, n_users) i) x
) u
$$;

-- k is the rank in attention, n the order in time.  The last 4 in 100 by
-- attention are drafts, scheduled, or not for everybody.
CREATE FUNCTION demo.make_posts(n_users int, n_posts int, seed int)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    step bigint := (SELECT min(p) FROM unnest('{7919,104729,1299709}'::int[])
        p WHERE gcd(p, n_posts) = 1);
    days float8 := CASE WHEN n_posts < 1000 THEN 45 ELSE 365 END;
BEGIN
    CREATE TEMP TABLE demo_posts ON COMMIT DROP AS
    SELECT p.*, demo.id(seed, 10, n, at) AS id,
        replace(replace(replace(demo.pick(l.texts, demo.r(seed, 11, n)),
            '{s}', o.subject), '{c}', o.creator), '{n}',
            (2 + floor(40 * demo.r(seed, 12, n)))::text) AS raw_title,
        o.category, o.subject,
        o.tags || CASE WHEN demo.r(seed, 13, n) < 0.3
            THEN '{favourites}'::text[] ELSE '{}' END AS tags
    FROM (
        SELECT x.k, x.n, (CASE
                WHEN topic = 27 THEN 'ANNOUNCEMENT'
                WHEN q < 0.34 THEN 'ARTICLE' WHEN q < 0.62 THEN 'DISCUSSION'
                WHEN q < 0.74 THEN 'QUESTION' WHEN q < 0.86 THEN 'VIDEO'
                WHEN q < 0.94 THEN 'FAN_ART' WHEN q < 0.97 THEN 'GALLERY'
                ELSE 'LINK' END)::post_kind AS kind,
            topic, now() - interval '1 day' * (days
                * power(1 - (n - 0.5) / n_posts, 1.3)) AS at,
            (CASE WHEN k < 0.96 * n_posts OR k < 10 THEN 'published'
                WHEN k % 4 = 0 THEN 'scheduled' WHEN k % 4 = 1 THEN 'draft'
                ELSE 'published' END)::post_status AS status,
            (CASE WHEN k < 0.96 * n_posts OR k < 10 THEN 'PUBLIC'
                WHEN k % 4 = 2 THEN 'FOLLOWERS' WHEN k % 4 = 3
                THEN 'UNLISTED' ELSE 'PUBLIC' END)::visibility AS visibility,
            CASE WHEN topic = 27 THEN 1 ELSE
                2 + floor(greatest(1, n_users * 0.9 - 1)
                    * power(demo.r(seed, 16, n), 1.7)) END::int AS author
        FROM (SELECT k, 1 + (k * step + seed) % n_posts AS n
                FROM generate_series(0, n_posts - 1) k) x,
            LATERAL (SELECT demo.r(seed, 14, n) AS q,
                CASE WHEN n % 50 = 7 THEN 27
                    ELSE 1 + floor(26 * demo.r(seed, 15, n))::int END
                    AS topic) y
    ) p
    JOIN demo.topics o ON o.id = p.topic
    JOIN demo.titles l ON l.kind = p.kind;

    -- Titles start with a capital letter.  Slugs: the first post of a title
    -- has the plain one, later ones end in their number.
    ALTER TABLE demo_posts ADD title text, ADD slug text;
    UPDATE demo_posts p SET title = t.title, slug = t.slug
    FROM (
        SELECT id, b.title, base || CASE WHEN row_number() OVER
            (PARTITION BY base ORDER BY n) > 1 THEN '-' || n ELSE '' END
            AS slug
        FROM demo_posts JOIN (
            SELECT raw_title, title, left(slug_from(title), 90) AS base
            FROM (SELECT DISTINCT raw_title, upper(left(raw_title, 1))
                || substr(raw_title, 2) AS title FROM demo_posts) a) b
            USING (raw_title)
    ) t
    WHERE t.id = p.id;
    CREATE UNIQUE INDEX ON demo_posts (k);
    ANALYZE demo_posts;
END
$$;

-- Comments come in the order of time; a good half answer an earlier one.
CREATE FUNCTION demo.make_comments(
    n_users int, n_posts int, n_comments int, seed int
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE demo_comments ON COMMIT DROP AS
    SELECT c.*, demo.id(seed, 20, j, at) AS id,
        CASE WHEN number > 1 AND demo.r(seed, 21, j) < 0.55 THEN
            number - 1 - floor((number - 1)
                * power(demo.r(seed, 22, j), 3))::int END AS parent_number
    FROM (
        SELECT j, post, at, author,
            row_number() OVER (PARTITION BY post ORDER BY at, j)::int
                AS number
        FROM (SELECT j, p.k AS post, p.at + (now() - p.at)
                    * power(demo.r(seed, 23, j), 3) AS at,
                1 + floor(greatest(1, n_users * 0.9)
                    * power(demo.r(seed, 24, j), 1.4))::int AS author
            FROM generate_series(1, n_comments) j
            JOIN demo_posts p ON p.k = floor(greatest(least(10, n_posts),
                n_posts * 0.96) * power(demo.r(seed, 25, j), 2))::int) x
    ) c;
    CREATE INDEX ON demo_comments (post, parent_number);
    ANALYZE demo_comments;

    -- One in a hundred of even depth is deleted, so that what answers a
    -- deleted comment is not.
    CREATE TEMP TABLE demo_threads ON COMMIT DROP AS
    WITH RECURSIVE tree AS (
        SELECT j, id, post, number, at, author, NULL::uuid AS parent_id,
            0 AS depth, lpad(to_hex(number), 6, '0') AS path
        FROM demo_comments WHERE parent_number IS NULL
        UNION ALL
        SELECT c.j, c.id, c.post, c.number, c.at, c.author, t.id,
            t.depth + 1, left(t.path, 1530) || lpad(to_hex(c.number), 6, '0')
        FROM tree t JOIN demo_comments c
            ON c.post = t.post AND c.parent_number = t.number
    )
    SELECT *, depth % 2 = 0 AND demo.r(seed, 26, j) < 0.01 AS deleted
    FROM tree;
    ANALYZE demo_threads;
END
$$;

-- Reactions, most to posts; what falls together is drawn again from the
-- third that is drawn too much.
CREATE FUNCTION demo.make_reactions(
    n_users int, n_posts int, n_comments int, n_reactions int, seed int
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE demo_reactions ON COMMIT DROP AS
    SELECT DISTINCT ON (post, comment, person, type) *
    FROM (
        SELECT j, CASE WHEN on_post THEN floor(greatest(least(10, n_posts),
                n_posts * 0.96) * power(demo.r(seed, 31, j), 1.8))::int END
                AS post,
            CASE WHEN NOT on_post THEN
                1 + floor(n_comments * power(demo.r(seed, 32, j), 1.5))::int
                END AS comment,
            1 + floor(greatest(1, n_users * 0.9)
                * power(demo.r(seed, 33, j), 1.1))::int AS person,
            (CASE WHEN q < 0.5 THEN 'LIKE' WHEN q < 0.66 THEN 'LOVE'
                WHEN q < 0.78 THEN 'SPARKLE' WHEN q < 0.87 THEN 'FIRE'
                WHEN q < 0.94 THEN 'LAUGH' WHEN q < 0.98 THEN 'WOW'
                ELSE 'SAD' END)::reaction_type AS type
        FROM generate_series(1, n_reactions + n_reactions / 3) j,
            LATERAL (SELECT demo.r(seed, 34, j) AS q,
                n_comments = 0 OR demo.r(seed, 35, j) < 0.85 AS on_post) x
    ) r
    ORDER BY post, comment, person, type, j;
    DELETE FROM demo_reactions WHERE j > (SELECT j FROM demo_reactions
        ORDER BY j OFFSET greatest(0, n_reactions - 1) LIMIT 1)
        OR n_reactions = 0;
    ANALYZE demo_reactions;
END
$$;

-- Shares, bookmarks and who follows whom.
CREATE FUNCTION demo.make_rest(
    n_users int, n_posts int, n_reactions int, seed int
) RETURNS void
LANGUAGE sql AS $$
CREATE TEMP TABLE demo_shares ON COMMIT DROP AS
SELECT j, floor(greatest(least(10, n_posts), n_posts * 0.96)
        * power(demo.r(seed, 41, j), 2.2))::int AS post,
    1 + floor(greatest(1, n_users * 0.9) * demo.r(seed, 42, j))::int
        AS person
FROM generate_series(1, n_reactions / 50) j;

CREATE TEMP TABLE demo_bookmarks ON COMMIT DROP AS
SELECT DISTINCT ON (post, person) *
FROM (SELECT j, floor(greatest(least(10, n_posts), n_posts * 0.96)
            * power(demo.r(seed, 43, j), 2))::int AS post,
        1 + floor(greatest(1, n_users * 0.9) * demo.r(seed, 44, j))::int
            AS person
    FROM generate_series(1, n_reactions / 20) j) b
ORDER BY post, person, j;

CREATE TEMP TABLE demo_follows ON COMMIT DROP AS
SELECT DISTINCT ON (a, b) *
FROM (SELECT j, 1 + floor(n_users * demo.r(seed, 45, j))::int AS a,
        2 + floor((n_users - 1) * power(demo.r(seed, 46, j), 2.2))::int AS b
    FROM generate_series(1, n_users * 10) j) f
WHERE a <> b AND b <= n_users
ORDER BY a, b, j
$$;

-- A while after something happened, and before now.
CREATE FUNCTION demo.after(at timestamptz, r float8) RETURNS timestamptz
LANGUAGE sql STABLE RETURN at + (now() - at) * power(r, 2);

-- ---- Writing it down ------------------------------------------------------

CREATE FUNCTION demo.store_users(n_users int, seed int, password_hash text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Experience by source, and what is counted for each user.
    CREATE TEMP TABLE demo_stats ON COMMIT DROP AS
    SELECT u.i, u.id, u.at, coalesce(p.n, 0)::int AS posts,
        coalesce(c.n, 0)::int AS comments,
        coalesce(p.likes, 0)::int + coalesce(c.likes, 0)::int AS likes,
        coalesce(f.n, 0)::int AS followers,
        coalesce(g.n, 0)::int AS following,
        30 + 25 * coalesce(p.n, 0) + 5 * coalesce(c.n, 0)
            + coalesce(p.likes, 0)::int + coalesce(c.likes, 0)::int AS xp
    FROM demo_users u
    LEFT JOIN (SELECT author, count(*) FILTER (WHERE listed) AS n,
            sum(reactions) AS likes
        FROM demo_counted GROUP BY 1) p ON p.author = u.i
    LEFT JOIN (SELECT author, count(*) FILTER (WHERE NOT deleted) AS n,
            sum(reactions) AS likes
        FROM demo_comments_counted GROUP BY 1) c ON c.author = u.i
    LEFT JOIN (SELECT b, count(*) AS n FROM demo_follows GROUP BY 1) f
        ON f.b = u.i
    LEFT JOIN (SELECT a, count(*) AS n FROM demo_follows GROUP BY 1) g
        ON g.a = u.i;

    INSERT INTO users (id, email, email_verified_at, username,
        password_hash, password_changed_at, role, status, verified, level,
        experience, last_seen_at, terms_accepted_at, created_at, updated_at)
    SELECT u.id, name || '@example.org', u.at, name,
        store_users.password_hash, u.at, u.role, 'ACTIVE',
        u.role >= 'VERIFIED_CREATOR', level_for_xp(s.xp), s.xp,
        now() - interval '20 days' * power(demo.r(seed, 51, u.i), 4), u.at,
        u.at, u.at
    FROM demo_users u JOIN demo_stats s USING (i) ORDER BY u.i;

    INSERT INTO profiles (user_id, display_name, bio, location, website,
        interests, completeness)
    SELECT id, display, bio, place, site, interests,
        35 + CASE WHEN lower(display) <> name THEN 10 ELSE 0 END
        + CASE WHEN bio IS NULL THEN 0 ELSE 10 END
        + CASE WHEN place IS NULL THEN 0 ELSE 5 END
        + CASE WHEN site IS NULL THEN 0 ELSE 5 END
    FROM demo_users, LATERAL (SELECT
        CASE WHEN i < 20 OR demo.r(seed, 52, i) < 0.6 THEN
            demo.pick(demo.phrases('bio'), demo.r(seed, 53, i)) END AS bio,
        CASE WHEN demo.r(seed, 54, i) < 0.5 THEN
            demo.pick(demo.phrases('place'), demo.r(seed, 55, i)) END
            AS place,
        CASE WHEN demo.r(seed, 56, i) < 0.2 THEN
            'https://example.org/' || name END AS site,
        (SELECT tags FROM demo.topics
            WHERE topics.id = 1 + i % 26) AS interests) x;

    INSERT INTO user_stats (user_id, total_posts, total_comments,
        total_followers, total_following, total_likes_received, verified)
    SELECT s.id, posts, comments, followers, following, likes,
        u.role >= 'VERIFIED_CREATOR'
    FROM demo_stats s JOIN demo_users u USING (i);

    INSERT INTO user_search (user_id, names, document)
    SELECT u.id, lower(unaccent(name || ' ' || display)),
        setweight(to_tsvector('simple', name), 'A')
        || setweight(to_tsvector('sparkle', display), 'A')
        || setweight(to_tsvector('sparkle', coalesce(p.bio, '')), 'C')
    FROM demo_users u JOIN profiles p ON p.user_id = u.id;

    INSERT INTO notification_preferences (user_id)
    SELECT id FROM demo_users;

    INSERT INTO xp_log (user_id, number, amount, source, key, total_xp,
        created_at)
    SELECT id, row_number() OVER (PARTITION BY i ORDER BY nr), amount, source,
        'demo', sum(amount) OVER (PARTITION BY i ORDER BY nr),
        at + interval '1 hour' * nr
    FROM demo_stats, LATERAL (VALUES (1, 'account_created', 10),
        (2, 'email_verified', 20), (3, 'post_published', 25 * posts),
        (4, 'comment_created', 5 * comments),
        (5, 'reaction_received', likes)) v(nr, source, amount)
    WHERE amount > 0;

    INSERT INTO currency_transactions (user_id, number, amount, currency,
        type, source, key, description, balance_before, balance_after,
        created_at)
    SELECT id, n, amount, 'sparkle', 'earn', source, key, description,
        total - amount, total, at + interval '1 hour' * n
    FROM (
        SELECT s.id, s.at, n, CASE n WHEN 1 THEN 100 ELSE 10 * n END
                AS amount,
            CASE n WHEN 1 THEN 'welcome_bonus' ELSE 'level_up' END AS source,
            CASE n WHEN 1 THEN 'welcome_bonus' ELSE 'level_up:' || n END
                AS key,
            CASE n WHEN 1 THEN 'Welcome to Sparkle Universe'
                ELSE 'Level ' || n END AS description,
            90 + 5 * n * (n + 1) AS total
        FROM demo_stats s, generate_series(1, level_for_xp(s.xp)) n
    ) t;
    INSERT INTO user_balances (user_id, sparkle_points, lifetime_earned)
    SELECT id, 90 + 5 * n * (n + 1), 90 + 5 * n * (n + 1)
    FROM demo_stats, level_for_xp(xp) n;
    INSERT INTO site_totals (name, slot, n) VALUES ('users', 0, n_users);

    INSERT INTO follows (follower_id, following_id, created_at)
    SELECT a.id, b.id, demo.after(greatest(a.at, b.at),
        1 - demo.r(seed, 57, j))
    FROM demo_follows f JOIN demo_users a ON a.i = f.a
    JOIN demo_users b ON b.i = f.b;
END
$$;

CREATE FUNCTION demo.store_posts(seed int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO posts (id, author_id, category_id, slug, title, excerpt,
        kind, status, visibility, tags, publish_at, published_at, views,
        comment_count, comment_seq, reaction_count, reactions_by_type,
        share_count, bookmark_count, score, hot, created_at, updated_at)
    SELECT p.id, u.id, c.id, p.slug, p.title,
        left(replace(b.md, '**', ''), 500), p.kind, p.status, p.visibility,
        p.tags, CASE p.status WHEN 'scheduled' THEN
            now() + interval '3 days' * (1 + demo.r(seed, 61, p.n)) END,
        CASE p.status WHEN 'published' THEN p.at END,
        CASE p.status WHEN 'published' THEN floor((3 + p.score) * 4
            * (1 + 3 * demo.r(seed, 62, p.n))) ELSE 0 END,
        p.comments, p.seq, p.reactions, p.by_type, p.shares, p.bookmarks,
        p.score, post_hot(p.score, p.at), p.at, p.at
    FROM demo_counted p
    JOIN demo_users u ON u.i = p.author
    JOIN categories c ON c.slug = p.category
    JOIN demo.blocks b ON b.topic = p.topic AND b.place = 'opening'
        AND b.n = 1 + p.n % b.of
    ORDER BY p.n;

    INSERT INTO post_contents (post_id, content, content_html)
    SELECT p.id, x.md, x.html
    FROM demo_counted p
    JOIN demo.blocks a ON a.topic = p.topic AND a.place = 'opening'
        AND a.n = 1 + p.n % a.of
    JOIN demo.blocks b ON b.topic = p.topic AND b.place = 'middle'
        AND b.n = 1 + p.n / 3 % b.of
    JOIN demo.blocks c ON c.topic = p.topic AND c.place = 'list'
        AND c.n = 1 + p.n / 5 % c.of
    JOIN demo.blocks d ON d.topic = p.topic AND d.place = 'middle'
        AND d.n = 1 + (p.n / 3 + 1 + p.n / 7 % 9) % d.of
    JOIN demo.blocks e ON e.topic = p.topic AND e.place = 'link'
        AND e.n = 1 + p.n / 11 % e.of
    JOIN demo.blocks f ON f.topic = p.topic AND f.place = 'closing'
        AND f.n = 1 + p.n / 13 % f.of
    CROSS JOIN LATERAL (SELECT demo.r(seed, 63, p.n) < 0.6 AS list,
        demo.r(seed, 64, p.n) < 0.25 AS link) o
    CROSS JOIN LATERAL (SELECT
        concat_ws(E'\n\n', a.md, b.md, CASE WHEN list THEN c.md END,
            d.md, CASE WHEN link THEN e.md END, f.md) AS md,
        concat(a.html, b.html, CASE WHEN list THEN c.html END,
            d.html, CASE WHEN link THEN e.html END, f.html) AS html) x
    ORDER BY p.n;
    -- Triggers are off; sparklectl demo makes what searches read.
    INSERT INTO post_search_stale SELECT id FROM demo_counted;

    INSERT INTO tags (name, post_count)
    SELECT tag, count(*) FILTER (WHERE listed)
    FROM demo_counted, unnest(tags) tag GROUP BY 1 ORDER BY 2 DESC;
    INSERT INTO post_tags (post_id, tag_id, published_at)
    SELECT p.id, t.id, CASE WHEN p.listed THEN p.at END
    FROM demo_counted p, unnest(p.tags) tag
    JOIN tags t ON t.name = tag ORDER BY p.n;
    UPDATE categories c SET post_count = n
    FROM (SELECT category, count(*) AS n FROM demo_counted WHERE listed
        GROUP BY 1) x
    WHERE c.slug = x.category;
    INSERT INTO site_totals (name, slot, n)
    SELECT 'posts', 0, count(*) FROM demo_counted WHERE listed
    UNION ALL
    SELECT 'posts:' || kind, 0, count(*) FROM demo_counted WHERE listed
    GROUP BY kind;
END
$$;

CREATE FUNCTION demo.store_acts(seed int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    c1 text[] := demo.phrases('comment-1');
    c2 text[] := demo.phrases('comment-2');
    c2_html text[] := (SELECT array_agg(regexp_replace(t,
        '\*\*([^*]+)\*\*', '<strong>\1</strong>') ORDER BY n)
        FROM unnest(c2) WITH ORDINALITY x(t, n));
    c3 text[] := demo.phrases('comment-3');
BEGIN
    INSERT INTO comments (id, post_id, parent_id, author_id, number, path,
        depth, content, content_html, youtube_timestamp, edited_at,
        reply_count, reaction_count, reactions_by_type, score, created_at,
        deleted_at, deleted_by)
    SELECT c.id, p.id, c.parent_id, u.id, c.number, c.path, c.depth,
        before || demo.pick(c2, x.r) || after,
        '<p>' || before || demo.pick(c2_html, x.r) || after || E'</p>\n',
        CASE WHEN p.kind = 'VIDEO'
            AND demo.r(seed, 71, j) < 0.3
            THEN floor(900 * demo.r(seed, 72, j)) END,
        CASE WHEN demo.r(seed, 73, j) < 0.03
            THEN demo.after(c.at, 0.1) END,
        c.replies, c.reactions, c.by_type, c.score, c.at,
        CASE WHEN c.deleted THEN demo.after(c.at, 0.5) END,
        CASE WHEN c.deleted THEN u.id END
    FROM demo_comments_counted c
    JOIN demo_counted p ON p.k = c.post
    JOIN demo_users u ON u.i = c.author
    CROSS JOIN LATERAL (SELECT CASE WHEN demo.r(seed, 74, j) < 0.8
            THEN demo.pick(c1, demo.r(seed, 75, j)) || ' ' ELSE '' END
            AS before, demo.r(seed, 76, j) AS r,
        rtrim(' ' || demo.pick(c3, demo.r(seed, 77, j))) AS after) x
    ORDER BY c.j;

    INSERT INTO reactions (post_id, comment_id, user_id, type, created_at)
    SELECT p.id, c.id, u.id, r.type, demo.after(coalesce(p.at, c.at),
        demo.r(seed, 78, r.j))
    FROM demo_reactions r
    JOIN demo_users u ON u.i = r.person
    LEFT JOIN demo_counted p ON p.k = r.post
    LEFT JOIN demo_threads c ON c.j = r.comment;
    INSERT INTO shares (post_id, user_id, channel, created_at)
    SELECT p.id, u.id, 'link', demo.after(p.at, demo.r(seed, 79, j))
    FROM demo_shares s JOIN demo_counted p ON p.k = s.post
    JOIN demo_users u ON u.i = s.person;
    INSERT INTO bookmarks (user_id, post_id, created_at)
    SELECT u.id, p.id, demo.after(p.at, demo.r(seed, 80, j))
    FROM demo_bookmarks b JOIN demo_counted p ON p.k = b.post
    JOIN demo_users u ON u.i = b.person;
    INSERT INTO post_participants
        (post_id, user_id, reactions, comments, shares)
    SELECT p.id, u.id, a.r, a.c, a.s
    FROM demo_acts a JOIN demo_counted p ON p.k = a.post
    JOIN demo_users u ON u.i = a.person;
END
$$;

-- What the first users find under the bell: the last week's likes, comments
-- and followers, consolidated.
CREATE FUNCTION demo.store_notifications(seed int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE demo_news ON COMMIT DROP AS
    SELECT *, demo.id(seed, 91, row_number() OVER (ORDER BY last), last)
        AS id
    FROM (
        SELECT type, owner, entity, entity_id, title, url,
            array_agg(actor ORDER BY at DESC) AS actors,
            min(at) AS first, max(at) AS last
        FROM (
            SELECT DISTINCT ON (type, owner, entity_id, actor) *
            FROM (
                SELECT 'POST_LIKED' AS type, p.author AS owner,
                    'post' AS entity, p.id AS entity_id, p.title,
                    '/post/' || p.slug AS url, r.person AS actor,
                    demo.after(p.at, demo.r(seed, 78, r.j)) AS at
                FROM demo_reactions r JOIN demo_counted p ON p.k = r.post
                WHERE p.author <= 50
                UNION ALL
                SELECT 'POST_COMMENTED', p.author, 'post', p.id, p.title,
                    '/post/' || p.slug, c.author, c.at
                FROM demo_threads c JOIN demo_counted p ON p.k = c.post
                WHERE p.author <= 50 AND NOT c.deleted
                UNION ALL
                SELECT 'USER_FOLLOWED', f.b, 'user', b.id, '',
                    '/users/' || b.name || '/followers', f.a,
                    demo.after(greatest(a.at, b.at),
                        1 - demo.r(seed, 57, j))
                FROM demo_follows f JOIN demo_users a ON a.i = f.a
                JOIN demo_users b ON b.i = f.b
                WHERE f.b <= 50
            ) e
            WHERE actor <> owner AND at > now() - interval '6 days'
            ORDER BY type, owner, entity_id, actor, at DESC
        ) one
        GROUP BY 1, 2, 3, 4, 5, 6
    ) g;
    INSERT INTO notifications (id, user_id, type, group_key, actor_id,
        actor_count, entity_type, entity_id, title, action_url, read,
        read_at, started_at, created_at, expires_at)
    SELECT n.id, o.id, n.type::notification_type, CASE WHEN NOT seen
            AND first > now() - interval '1 day' THEN
            n.type || ':' || n.entity || ':' || n.entity_id END,
        a.id, cardinality(actors), n.entity, n.entity_id,
        notification_title('{actor} ' || act, '{actor} and {others} ' || act,
            a.name, cardinality(actors)),
        n.url, seen, CASE WHEN seen THEN last + interval '1 hour' END,
        first, last, last + interval '7 days'
    FROM demo_news n JOIN demo_users o ON o.i = n.owner
    JOIN demo_users a ON a.i = n.actors[1]
    CROSS JOIN LATERAL (SELECT last < now() - interval '3 days' AS seen,
        CASE n.type WHEN 'POST_LIKED' THEN 'liked “' || n.title || '”'
            WHEN 'POST_COMMENTED' THEN 'commented on “' || n.title || '”'
            ELSE 'followed you' END AS act) x
    ORDER BY last;
    INSERT INTO notification_actors (notification_id, actor_id, created_at)
    SELECT n.id, a.id, n.last - interval '1 minute' * (nr - 1)
    FROM demo_news n, unnest(n.actors) WITH ORDINALITY x(actor, nr)
    JOIN demo_users a ON a.i = actor;
    INSERT INTO notifications (user_id, type, title, message, action_url,
        priority, created_at, started_at, expires_at)
    SELECT id, 'SYSTEM', 'Welcome to Sparkle Universe ✨',
        'Tell people who you are, follow a few, and write your first post.',
        '/welcome', 1, at, at, at + interval '30 days'
    FROM demo_users WHERE at > now() - interval '30 days';
END
$$;

-- Count it all: posts, comments, and what each user did to each post.
CREATE FUNCTION demo.count_up() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE demo_acts ON COMMIT DROP AS
    SELECT post, person, sum(r)::int AS r, sum(c)::int AS c, sum(s)::int AS s
    FROM (
        SELECT post, person, 1, 0, 0 FROM demo_reactions
        WHERE post IS NOT NULL
        UNION ALL
        SELECT post, author, 0, 1, 0 FROM demo_threads WHERE NOT deleted
        UNION ALL
        SELECT post, person, 0, 0, 1 FROM demo_shares
    ) a(post, person, r, c, s) GROUP BY 1, 2;

    CREATE TEMP TABLE demo_counted ON COMMIT DROP AS
    SELECT p.*, p.status = 'published' AND p.visibility = 'PUBLIC' AS listed,
        coalesce(a.r, 0)::int AS reactions,
        coalesce(a.c, 0)::int AS comments, coalesce(a.s, 0)::int AS shares,
        coalesce(a.score, 0)::bigint AS score,
        coalesce(q.seq, 0) AS seq, coalesce(b.n, 0)::int AS bookmarks,
        coalesce(t.by_type, '{0,0,0,0,0,0,0}') AS by_type
    FROM demo_posts p
    LEFT JOIN (SELECT post, sum(r) AS r, sum(c) AS c, sum(s) AS s,
            sum(least(1, r) + 2 * least(1, c) + 3 * least(1, s)) AS score
        FROM demo_acts GROUP BY 1) a ON a.post = p.k
    LEFT JOIN (SELECT post, max(number) AS seq FROM demo_threads
        GROUP BY 1) q ON q.post = p.k
    LEFT JOIN (SELECT post, count(*) AS n FROM demo_bookmarks
        GROUP BY 1) b ON b.post = p.k
    LEFT JOIN (SELECT post, demo.by_type(type) AS by_type
        FROM demo_reactions GROUP BY 1) t ON t.post = p.k;

    CREATE TEMP TABLE demo_comments_counted ON COMMIT DROP AS
    SELECT c.*, coalesce(k.n, 0)::int AS replies,
        coalesce(t.n, 0)::int AS reactions, coalesce(t.users, 0)::int
            AS score,
        coalesce(t.by_type, '{0,0,0,0,0,0,0}') AS by_type
    FROM demo_threads c
    LEFT JOIN (SELECT x.parent_id, count(*) AS n FROM demo_threads x
        WHERE NOT deleted OR EXISTS (SELECT FROM demo_threads y
            WHERE y.parent_id = x.id) GROUP BY 1) k ON k.parent_id = c.id
    LEFT JOIN (SELECT comment, count(*) AS n,
            count(DISTINCT person) AS users, demo.by_type(type) AS by_type
        FROM demo_reactions WHERE comment IS NOT NULL GROUP BY 1) t
        ON t.comment = c.j;
    ANALYZE demo_acts;
    ANALYZE demo_counted;
    ANALYZE demo_comments_counted;
END
$$;

CREATE FUNCTION demo.by_type_add(counts int[], type reaction_type)
RETURNS int[]
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    counts[array_position('{LIKE,LOVE,SPARKLE,FIRE,LAUGH,WOW,SAD}'
        ::reaction_type[], type)] := counts[array_position(
        '{LIKE,LOVE,SPARKLE,FIRE,LAUGH,WOW,SAD}'::reaction_type[], type)] + 1;
    RETURN counts;
END
$$;
CREATE AGGREGATE demo.by_type(reaction_type) (
    SFUNC = demo.by_type_add, STYPE = int[], INITCOND = '{0,0,0,0,0,0,0}');

-- ---- The load -------------------------------------------------------------

-- What is taken away for a large load, as the statements that bring it back.
CREATE TABLE demo.parked (
    n int GENERATED ALWAYS AS IDENTITY, takes text, brings text);

CREATE FUNCTION demo.park() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    big oid[] := '{posts,post_contents,post_tags,comments,reactions,
        post_participants,shares,bookmarks,follows,xp_log,
        currency_transactions}'::regclass[];
    p record;
BEGIN
    INSERT INTO demo.parked (takes, brings)
    SELECT format('DROP INDEX %s', i.indexrelid::regclass),
        pg_get_indexdef(i.indexrelid)
    FROM pg_index i
    WHERE i.indrelid = ANY (big) AND NOT EXISTS (SELECT FROM pg_constraint
        WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x'));
    INSERT INTO demo.parked (takes, brings)
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass,
            conname),
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass,
            conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = ANY (big) AND contype = 'f';
    FOR p IN SELECT * FROM demo.parked ORDER BY n LOOP
        EXECUTE p.takes;
    END LOOP;
END
$$;

CREATE FUNCTION demo.unpark() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    p record;
BEGIN
    FOR p IN SELECT * FROM demo.parked ORDER BY n LOOP
        EXECUTE p.brings;
    END LOOP;
    TRUNCATE demo.parked;
END
$$;

-- Make the site.  Returns how many rows were written of each kind.
CREATE FUNCTION demo.load(
    n_users int DEFAULT 24, n_posts int DEFAULT 60,
    n_comments int DEFAULT 200, n_reactions int DEFAULT 600,
    seed int DEFAULT 1, password_hash text DEFAULT NULL
) RETURNS TABLE (what text, n bigint)
LANGUAGE plpgsql
SET work_mem = '256MB' SET maintenance_work_mem = '512MB'
SET synchronous_commit = off SET client_min_messages = error
SET statement_timeout = 0 SET jit = off
AS $$
DECLARE
    large boolean := n_posts + n_comments + n_reactions > 50000;
    t regclass;
    kept regclass[] := '{users,profiles,posts,post_contents,comments}';
BEGIN
    IF EXISTS (SELECT FROM users) THEN
        RAISE EXCEPTION 'demo data needs a site without users'
            USING HINT = 'Start from an empty database.';
    ELSIF n_users < 4 OR n_posts < 1 OR n_comments < 0 OR n_reactions < 0
    THEN
        RAISE EXCEPTION 'at least 4 users and 1 post';
    END IF;

    PERFORM demo.make_users(n_users, seed);
    PERFORM demo.make_posts(n_users, n_posts, seed);
    PERFORM demo.make_comments(n_users, n_posts, n_comments, seed);
    PERFORM demo.make_reactions(n_users, n_posts, n_comments, n_reactions,
        seed);
    PERFORM demo.make_rest(n_users, n_posts, n_reactions, seed);
    PERFORM demo.count_up();

    FOREACH t IN ARRAY kept LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', t);
    END LOOP;
    IF large THEN
        PERFORM demo.park();
    END IF;
    PERFORM demo.store_users(n_users, seed, load.password_hash);
    PERFORM demo.store_posts(seed);
    PERFORM demo.store_acts(seed);
    IF large THEN
        PERFORM demo.unpark();
    END IF;
    FOREACH t IN ARRAY kept LOOP
        EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', t);
    END LOOP;
    PERFORM demo.store_notifications(seed);
    ANALYZE;

    RETURN QUERY
    SELECT 'users', count(*) FROM users
    UNION ALL SELECT 'posts', count(*) FROM posts
    UNION ALL SELECT 'comments', count(*) FROM comments
    UNION ALL SELECT 'reactions', count(*) FROM reactions
    UNION ALL SELECT 'follows', count(*) FROM follows
    UNION ALL SELECT 'notifications', count(*) FROM notifications;
END
$$;
