// Sample data for preview.mjs, in the API's names.
const names = [
  "luna_sky",
  "PixelPanda",
  "mira",
  "stardust77",
  "NovaKnight",
  "tobi_draws",
  "ember",
  "Zephyr",
  "kai_waves",
  "quill",
];
const categories = {
  items: [
    [
      "Theories",
      "theories",
      "What might be, and the clues for it.",
      "#8b5cf6",
      1284,
    ],
    [
      "Fan art",
      "fan-art",
      "Drawings, renders, crafts: show us.",
      "#ec4899",
      3920,
    ],
    ["Music", "music", "Covers, remixes and the songs we hum.", "#14b8a6", 712],
    ["Questions", "questions", "Ask; somebody knows.", "#f59e0b", 1530],
    ["News", "news", "What happens around the channel.", "#3b82f6", 266],
    ["Off topic", "off-topic", "Everything else.", "#94a3b8", 845],
  ].map(([name, slug, description, color, posts], i) => ({
    id: `c${i}`,
    name,
    slug,
    description,
    color,
    posts,
  })),
};
const titles = [
  "Every hidden star in the season finale, and what the constellation spells",
  "I drew Sparkle as a Renaissance painting",
  "Which episode made you fall in love with the channel?",
  "A beginner's guide to reading the background runes",
  "Lo-fi cover of the intro theme (with sheet music)",
  "Announcing the winter fan fair: booths, talks and a midnight premiere for all time zones",
  "Supercalifragilisticexpialidociousunbreakablewordsthatgoonforeverandever",
  "Short one",
];
const kinds = [
  "ARTICLE",
  "FAN_ART",
  "QUESTION",
  "ARTICLE",
  "VIDEO",
  "ANNOUNCEMENT",
  "DISCUSSION",
  "ARTICLE",
];
const texts = [
  "I went through the last forty seconds frame by frame. There are eleven stars that were never there before, and three of them blink in a rhythm that I think we have all heard before.",
  "Forty hours, one very patient cat, and more gold leaf than I care to admit.",
  "Mine is the rainy one. I was ill in bed, and it felt as if somebody had opened a window.",
  "",
];
const when = (hours) => new Date(Date.now() - hours * 3600e3).toISOString();
const author = (i) => ({
  id: `u${i}`,
  username: names[i % names.length],
  image: null,
  verified: i % 3 === 0,
  level: 3 + ((i * 7) % 24),
});
const post = (i) => ({
  id: `p${i}`,
  slug: `post-${i}`,
  title: titles[i % titles.length],
  excerpt: texts[i % texts.length] || null,
  coverImage: i % 4 === 1 ? "/og-image.png" : null,
  kind: kinds[i % kinds.length],
  published: true,
  views: 137 * (i * i + 1),
  author: i === 5 ? null : author(i),
  category: categories.items[i % 6],
  tags: [["finale", "theory"], ["art"], [], ["guide", "runes", "beginners"]][
    i % 4
  ],
  _count: { comments: (i * 5) % 23, reactions: (i * 31) % 140 },
  createdAt: when(2 + i * i * 9),
  publishedAt: when(2 + i * i * 9),
  viewer: { reacted: i % 2 ? ["LIKE"] : [], bookmarked: false },
});
const list = (items, extra = {}) => ({
  items,
  hasMore: true,
  nextCursor: "abc",
  total: 1234,
  ...extra,
});
const posts = list([...Array(8).keys()].map(post));
const viewer = {
  id: "u2",
  username: "mira",
  image: null,
  role: "USER",
  verified: false,
  unread: 3,
  isStaff: false,
};
const contentHtml = `<p>I went through the <strong>last forty seconds</strong> frame by frame, and I am now fairly sure that the sky is a message. Thanks to <a class="mention" href="/profile/ember">@ember</a> for the clean captures.</p>
<h2>What is new in the sky</h2>
<p>There are eleven stars that were never there before. Three of them blink, and the rhythm is the one from <a href="https://example.org" rel="nofollow ugc noopener">the first episode</a>:</p>
<pre><code>short short long   short long long   short long short short   long long</code></pre>
<ul><li>The brightest one never moves, even when the camera does.</li><li>The pair to the left swaps colours at <code>18:42</code>.</li></ul>
<blockquote><p>Look up, and you will find the rest of us.</p></blockquote>
<h3>How sure am I?</h3>
<table><thead><tr><th>Claim</th><th>Evidence</th><th>Sure?</th></tr></thead><tbody><tr><td>Eleven new stars</td><td>Counted twice, by two people</td><td>Yes</td></tr><tr><td>It is Morse code</td><td>Two letters fit</td><td>Rather</td></tr></tbody></table>
<ul><li><input type="checkbox" checked disabled> Count the stars</li><li><input type="checkbox" disabled> Ask the composer</li></ul>
<p>If you find a twelfth, tell me below.</p>`;
const detail = {
  ...post(0),
  youtubeVideoId: "dQw4w9WgXcQ",
  contentHtml,
  version: 3,
  content:
    "I went through the **last forty seconds** frame by frame.\n\n## What is new",
  commentsEnabled: true,
  visibility: "PUBLIC",
  updatedAt: when(1),
  edited: true,
  tags: ["finale", "theory"],
  category: categories.items[0],
  reactionCounts: {
    LIKE: 48,
    LOVE: 21,
    SPARKLE: 73,
    FIRE: 9,
    LAUGH: 0,
    WOW: 12,
    SAD: 0,
  },
  viewer: {
    reacted: ["SPARKLE"],
    bookmarked: false,
    followingAuthor: false,
    mayEdit: true,
  },
};
const comment = (i, depth, words, extra = {}) => ({
  id: `k${i}`,
  postId: "p0",
  parentId: null,
  depth,
  content: words,
  contentHtml: `<p>${words}</p>`,
  youtubeTimestamp: null,
  edited: false,
  editedAt: null,
  deleted: false,
  author: author(i),
  _count: { reactions: (i * 3) % 8, replies: 0 },
  createdAt: when(1 + i * 4),
  viewer: { reacted: i % 2 ? ["LIKE"] : [], mayEdit: i === 2 },
  ...extra,
});
const comments = list(
  [
    comment(
      1,
      0,
      "I paused here for a full minute. The pair on the left <em>does</em> swap colours.",
      { youtubeTimestamp: 1122 },
    ),
    comment(2, 1, "Wait, on my screen it is at 18:43. Different cut?"),
    comment(3, 2, "Time zones, but for frames."),
    comment(4, 3, "Deeper.", { edited: true }),
    comment(5, 4, "And deeper still.", { deleted: true, author: null }),
    comment(6, 5, "The rabbit hole goes on and on, even on a narrow screen."),
    comment(7, 6, "Six levels down, still readable I hope."),
    comment(
      8,
      0,
      "The second letter could be a W. Has anybody asked the composer yet?",
    ),
  ],
  { hasMore: true },
);
const notice = (i, type, title, message, read) => ({
  id: `n${i}`,
  type,
  title,
  message,
  read,
  priority: 1,
  actor: type === "SYSTEM" ? null : author(i),
  actors: 1,
  entityType: "POST",
  entityId: "p0",
  actionUrl: "/post",
  createdAt: when(i * 11 + 0.3),
});
const notifications = list([
  notice(
    0,
    "POST_COMMENTED",
    "luna_sky and 3 others commented on your post",
    "Every hidden star in the season finale",
    false,
  ),
  notice(1, "USER_FOLLOWED", "PixelPanda follows you", null, false),
  notice(
    2,
    "SYSTEM",
    "Welcome to Sparkle Universe",
    "Your account is ready, with 100 sparkle points to begin with.",
    true,
  ),
  notice(
    3,
    "MENTION",
    "stardust77 mentioned you",
    "In: A beginner's guide to reading the background runes",
    true,
  ),
]);
const user = {
  ...author(0),
  role: "CREATOR",
  bio: "Counts stars for fun. Writes long posts about short moments.\nAsk me about the finale.",
  experience: 2430,
  createdAt: when(9000),
  lastSeenAt: when(3),
  profile: {
    displayName: "Luna Sky",
    location: "Lisbon",
    website: "https://example.org",
    socialLinks: { youtube: "https://youtube.com/@luna", twitter: null },
    interests: ["Theories", "Astronomy", "Baking"],
    skills: ["Editing"],
    banner: null,
  },
  stats: { posts: 48, followers: 12840, following: 211, likesReceived: 30219 },
  viewer: { following: true },
};
const openapi = {
  openapi: "3.1.0",
  info: { title: "Sparkle", version: "1" },
  paths: {
    "/api/posts": {
      get: {
        tags: ["posts"],
        summary: "List posts",
        parameters: [
          {
            name: "limit",
            in: "query",
            schema: { type: "integer", minimum: 1, maximum: 100, default: 20 },
          },
          {
            name: "sort",
            in: "query",
            schema: { enum: ["recent", "popular", "trending"] },
          },
        ],
        responses: {
          200: {
            description: "A page of posts",
            content: {
              "application/json": {
                schema: { $ref: "#/components/schemas/PostList" },
              },
            },
          },
        },
      },
      post: {
        tags: ["posts"],
        summary: "Write a post",
        requestBody: {
          content: {
            "application/json": {
              schema: { $ref: "#/components/schemas/PostInput" },
            },
          },
        },
        responses: {
          201: { description: "The new post" },
          400: { description: "VALIDATION_ERROR" },
        },
      },
    },
    "/api/posts/{id}": {
      parameters: [
        { name: "id", in: "path", required: true, schema: { type: "string" } },
      ],
      delete: {
        tags: ["posts"],
        summary: "Delete a post",
        responses: { 204: { description: "Gone" } },
      },
    },
    "/api/auth/login": {
      post: {
        tags: ["auth"],
        summary: "Sign in",
        responses: { 200: { description: "Signed in" } },
      },
    },
  },
  components: {
    schemas: {
      PostInput: {
        type: "object",
        required: ["title"],
        properties: {
          title: { type: "string", minLength: 1, maxLength: 500 },
          tags: { type: "array", items: { type: "string" }, maxItems: 10 },
          published: { type: "boolean", default: true },
        },
      },
      PostList: {
        type: "object",
        properties: {
          items: {
            type: "array",
            items: { $ref: "#/components/schemas/PostInput" },
          },
          hasMore: { type: "boolean" },
        },
      },
    },
  },
};

export const pages = {
  home: {
    template: "post/home",
    data: { posts, categories, sort: { recent: true } },
  },
  "home-in": {
    template: "post/home",
    data: { viewer, posts, categories, sort: { trending: true } },
  },
  "home-empty": {
    template: "post/home",
    data: {
      viewer,
      posts: list([], { hasMore: false }),
      categories,
      sort: { following: true },
    },
  },
  post: {
    template: "post/show",
    data: {
      post: detail,
      comments,
      page: { title: detail.title, jsonld: '{"@type":"Article"}' },
    },
  },
  "post-in": {
    template: "post/show",
    data: { viewer, post: { ...detail, author: { ...author(2) } }, comments },
  },
  "post-empty": {
    template: "post/show",
    data: {
      viewer,
      post: {
        ...detail,
        youtubeVideoId: null,
        published: false,
        commentsEnabled: false,
        coverImage: "/og-image.png",
      },
      comments: list([], { hasMore: false }),
    },
  },
  new: { template: "post/edit", data: { viewer, categories } },
  edit: { template: "post/edit", data: { viewer, categories, post: detail } },
  profile: { template: "profile/show", data: { viewer, user, posts } },
  category: {
    template: "category/show",
    data: { category: categories.items[2], posts },
  },
  tag: {
    template: "post/tag",
    data: { tag: { name: "theory", posts: 412 }, posts },
  },
  notifications: {
    template: "notification/list",
    data: { viewer, notifications },
  },
  register: { template: "account/register", data: {} },
  login: { template: "session/login", data: {} },
  "verify-email": { template: "account/verify-email", data: { viewer } },
  welcome: { template: "account/welcome", data: { viewer } },
  settings: { template: "account/settings", data: { viewer } },
  search: { template: "search/search", data: { q: "hidden stars", posts } },
  "search-empty": {
    template: "search/search",
    data: { q: "zzz", posts: list([], { hasMore: false, total: 0 }) },
  },
  "api-docs": { template: "site/api-docs", data: {}, openapi },
  privacy: { template: "site/privacy", data: {} },
  terms: { template: "site/terms", data: {} },
  error: {
    template: "site/error",
    data: {
      status: 404,
      title: "Lost in space",
      message: "There is nothing at this address.",
      page: { noindex: true },
    },
  },
};
