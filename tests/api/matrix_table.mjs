// Who sees what, as sql/visible.sql tells it in words, and not as the
// program does it: for tests/api/matrix.test.mjs.

/** The columns of the tables, left to right. */
export const relations = [
  "guest",
  "stranger",
  "follower",
  "muter", // follows, and mutes
  "blocked", // by the author
  "blocker", // of the author
  "helper", // a collaborator of all that the author wrote
  "author",
  "moderator",
  "admin",
];

const nobody = "----------";
const open = "yyyy--yyyy";
const all = "yyyyyyyyyy";

/**
 * The posts: four audiences and four states of an active author's; one that is
 * for followers and reported; public ones of authors in three other states.
 *
 *   address    whoever has the address reads it
 *   lists      the lists and searches of everybody
 *   author     the author's list
 *   following  the feed of who follows
 *   notices    a notification that mentions them there
 */
export const posts = {
  public: {
    address: open,
    lists: "yyy---yyyy",
    author: open,
    following: "--y-------",
    notices: "-yy---y-yy",
  },
  unlisted: { address: open, notices: "-yy---y-yy" },
  followers: {
    address: "--yy--yy--",
    author: "--yy---y--",
    following: "--y-------",
    notices: "--y---y---",
  },
  reported: {
    address: "--yy--yyyy",
    author: "--yy---y--",
    following: "--y-------",
    notices: "--y---y---",
  },
  private: { address: "------yy--", notices: "------y---" },
  draft: { address: "------yy--", notices: "------y---" },
  scheduled: { address: "------yy--", notices: "------y---" },
  deleted: {},
  // Of others, to whom `author` is a stranger and `helper`, too.
  suspended: {
    address: open,
    lists: "yyy---yyyy",
    author: open,
    following: "--y-------",
    notices: "-yy---y-yy",
  },
  banned: {
    address: open,
    lists: "yyy---yyyy",
    following: "--y-------",
    notices: "-yy---y-yy",
  },
  // Nothing is left of whom one muted or blocked, nor of what they caused.
  erased: { address: all, lists: all },
};

/** Members: their profile and their cards; what they wrote under others'. */
export const members = {
  public: { card: open, comment: "yyy---yyyy" },
  suspended: { card: open, comment: "yyy---yyyy" },
  banned: { card: nobody, comment: "yyy---yyyy" },
  erased: { card: nobody, comment: all },
};

/** Whether the table says that somebody sees it. */
export const sees = (row, kind, relation) =>
  (row[kind] ?? nobody)[relations.indexOf(relation)] === "y";
