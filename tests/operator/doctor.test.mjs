// The doctor sees each fault: what is well is "ok", what was broken is not, and
// after the mending it is "ok" again.
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { eventually, top } from "../lib/stack.mjs";
import { stack } from "../lib/suite.mjs";
import { asRoot, asSite, asUs, configured, fileOf, run } from "./lib.mjs";

const at = (name) => `${stack.dir}/${name}`;
const psql = async (sql) => {
  const [program, args] = stack.asUser(
    ...["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", at("run")],
    ...["-U", "postgres", "-d", "sparkle"],
  );
  for (const one of [sql].flat()) {
    const done = await run(program, [...args, "-c", one]);
    assert.equal(done.status, 0, done.stderr);
  }
};

/** A setting of the server that a reload takes. */
const server = (name, value) => [
  async () => {
    await psql([`ALTER SYSTEM SET ${name} = ${value}`, "SELECT pg_reload_conf()"]);
  },
  async () => {
    await psql([`ALTER SYSTEM RESET ${name}`, "SELECT pg_reload_conf()"]);
  },
];
const sql = (breaks, mends) => [() => psql(breaks), () => psql(mends)];
const conf = (lines) => [
  () => configured(`${typeof lines === "function" ? lines() : lines}\n`),
  () => configured(""),
];
const redis = (name, bad) => {
  let was;
  return [
    async () => {
      [, was] = await stack.redis("CONFIG", "GET", name);
      await stack.redis("CONFIG", "SET", name, bad);
    },
    () => stack.redis("CONFIG", "SET", name, was),
  ];
};
const mode = (name, bad) => {
  let was;
  return [
    () => {
      was = statSync(at(name)).mode & 0o7777;
      chmodSync(at(name), bad);
    },
    () => chmodSync(at(name), was),
  ];
};
/** Root takes a file or directory away from the site. */
const taken = (name, bad) => {
  let was;
  return [
    () => {
      was = statSync(at(name));
      chownSync(at(name), 0, 0);
      chmodSync(at(name), bad);
    },
    () => {
      chownSync(at(name), was.uid, was.gid);
      chmodSync(at(name), was.mode & 0o7777);
    },
  ];
};
const away = (name) => [
  () => renameSync(at(name), at(`${name}.away`)),
  () => renameSync(at(`${name}.away`), at(name)),
];
const extra = (name, text, bits = 0o644) => [
  () => {
    writeFileSync(at(name), text);
    chmodSync(at(name), bits);
  },
  () => rmSync(at(name)),
];

/** How the doctor is called: itself, or under something that breaks what it
 * looks at. */
let under = [];
const around = (...words) => [
  () => {
    under = words;
  },
  () => {
    under = [];
  },
];

/** In a network of its own, of which a shell does something first. */
const apart = (shell) =>
  ["unshare", "-n", "-m", "sh", "-ec", `${shell}; exec "$@"`, "sh"];

/** So many seconds ahead of what the tests take for the time. */
const ahead = (seconds) => {
  const shift = Number.parseInt(process.env.FAKETIME ?? "0", 10) + seconds;
  const lib = `/usr/lib/${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu`;
  return around("env", `FAKETIME=${shift < 0 ? "" : "+"}${shift}s`, "FAKETIME_DONT_FAKE_MONOTONIC=1",
    `LD_PRELOAD=${lib}/faketime/libfaketime.so.1`);
};

/** The site mails from example.org, whose name server, in a network of the
 * doctor's own, knows these TXT records. */
const asking = (...records) => {
  const server = [join(top, "tests/ops/dns.py"), ...records, "--"];
  const [breaks, mends] = conf(
    "[mail]\ntransport = smtp://mail.example.org\n" +
      "[site]\nmail_from = Sparkle <sparkle@example.org>");
  const resolver = () => fileOf("etc/resolv.conf", "nameserver 127.0.0.1\n");
  return [
    () => {
      breaks();
      under = apart(`ip link set lo up; mount --bind ${resolver()} /etc/resolv.conf`);
      under.push("python3", ...server);
    },
    () => {
      mends();
      under = [];
    },
  ];
};

/** A view or function of this name, found before PostgreSQL's own. */
const shadow = (makes) =>
  sql(
    [
      "CREATE SCHEMA doctor",
      "GRANT USAGE ON SCHEMA doctor TO sparkle_app",
      makes,
      "GRANT SELECT ON ALL TABLES IN SCHEMA doctor TO sparkle_app",
      "ALTER ROLE sparkle_app SET search_path = doctor, pg_catalog, public",
    ],
    ["ALTER ROLE sparkle_app RESET search_path", "DROP SCHEMA doctor CASCADE"],
  );
/** What only another server, or a start of this one, could have. */
const told = (name, value) =>
  shadow(`CREATE FUNCTION doctor.current_setting(name text) RETURNS text
    LANGUAGE sql AS 'SELECT CASE name WHEN ''${name}'' THEN ''${value}''
      ELSE pg_catalog.current_setting(name) END'`);

/** A program that is stopped, and started again. */
const stopped = (name) => [
  async () => {
    const pid = stack.pid(name);
    process.kill(pid, "SIGTERM");
    await eventually(`${name} ends`, () => !existsSync(at(`run/${name}.pid`)), 40);
  },
  async () => {
    stack.startProgram(name);
    await eventually(`${name} serves`, async () => {
      const { stdout } = await asUs("sparklectl", "doctor", name);
      return /^ok/.test(stdout);
    }, 30);
  },
];

/** A small file system on the exports, full of something. */
const small = (options, fill) => [
  async () => {
    const done = await run("mount", [
      ...["-t", "tmpfs", "-o", `mode=0777,${options}`, "tmpfs", at("exports")],
    ]);
    assert.equal(done.status, 0, done.stderr);
    fill();
  },
  async () => {
    const done = await run("umount", [at("exports")]);
    assert.equal(done.status, 0, done.stderr);
  },
];

const certificate = (...words) => [
  async () => {
    const done = await run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-nodes"],
      ...["-pkeyopt", "ec_paramgen_curve:P-256"],
      ...["-keyout", at("etc/nginx/k"), "-out", at("etc/nginx/c"), ...words],
    ]);
    assert.equal(done.status, 0, done.stderr);
    values("c", "k");
  },
  () => values(),
];
/** nginx's values, as setup leaves them: with the stack's own certificate. */
function values(crt = "", key = "") {
  const [c, k] = crt
    ? [at(`etc/nginx/${crt}`), at(`etc/nginx/${key}`)]
    : [at("tls/site.crt"), at("tls/site.key")];
  writeFileSync(
    at("etc/nginx/values"),
    `# nginx\ncertificate=${c}\ncertificate_key=${k}\n`,
  );
}

const zero = "0".repeat(64);
const job = (more) =>
  `INSERT INTO jobs (queue, kind, unique_key, ${more[0]}) VALUES ` +
  `('event', 'doctor.test', 'doctor', ${more[1]})`;
const noJob = "DELETE FROM jobs WHERE kind = 'doctor.test'";
const pause = "UPDATE job_queues SET paused_at = now() WHERE name = 'event'";
const resume = "UPDATE job_queues SET paused_at = NULL WHERE name = 'event'";

const later = "to_char(now() + interval '1 day', 'YYYY_MM')";
/** The months to come of the audit log, renamed. */
const months = (from, to) => `DO $$ DECLARE c name; BEGIN
  FOR c IN SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid
    WHERE inhparent = 'audit_log'::regclass AND relname ~ '${from}$'
      AND relname > 'audit_log_' || ${later} LOOP
    EXECUTE format('ALTER TABLE %I RENAME TO %I', c,
      regexp_replace(c, '${from}$', '${to}'));
  END LOOP; END $$`;
const shifted = (by) => `UPDATE batch_runs SET started_at = started_at ${by}`;
const [jobsEnd, jobsBegin] = stopped("sparkle-jobs");

// name of the check, how it is told, what breaks it, what mends it.
const rows = () => [
  ["settings", "BROKEN", ...conf("[mail]\ntransport = smpt://mail.example")],
  ["sparkle-fcgi's own check", "BROKEN", ...conf("[redis]\nport = 1\nsocket = /none")],
  ["sparkle-jobs's own check", "BROKEN", ...conf("[privacy]\nexports = /none")],
  ["log level", "look", ...conf("[master]\nlog_level = debug")],
  ["production", "look", ...conf("[site]\nurl = https://example.org")],
  ["clock", "BROKEN", ...conf(() => `[site]\nclock_file = ${fileOf("etc/c", "\0".repeat(8))}`)],
  ["calls to private networks", "BROKEN", ...conf("[http]\nallow_private = yes")],
  ["conf.d modes", "BROKEN", ...extra("etc/conf.d/open.conf", "# open\n", 0o666)],
  ["conf.d names", "look", ...extra("etc/conf.d/old.conf.bak", "# left\n")],
  ["configuration file", "BROKEN", ...mode("etc/sparkle.conf", 0o666)],
  ["secrets' modes", "BROKEN", ...mode("secrets/pepper", 0o644)],
  ["secrets' readers", "BROKEN", ...taken("secrets/signing_key", 0o600)],
  ["sample secrets", "BROKEN", ...conf(() => `[auth]\npepper_file = ${fileOf("etc/p", `1:${zero}\n`)}`)],
  ["secrets", "BROKEN", ...conf(() => `[auth]\npepper_file = ${fileOf("etc/s", "1:00\n")}`)],
  ["push key", "BROKEN", ...conf(() => `[push]\nvapid_key_file = ${fileOf("etc/v", `${zero}\n`)}`)],
  ["breached passwords", "BROKEN", ...conf("[auth]\nbreached_passwords = /none")],
  ["site address", "BROKEN", ...conf("[site]\nurl = http://example.org")],
  ["site name", "look", ...conf("[site]\nurl = https://nowhere.invalid")],
  ["pages", "BROKEN", ...conf("[site]\nweb = /none")],
  ["assets", "BROKEN", ...conf("[site]\nweb = /none")],
  ["mail templates", "BROKEN", ...conf("[site]\nemails = /none")],
  ["places to write", "BROKEN", ...taken("exports", 0o755)],
  ["places to write", "BROKEN", ...taken("run", 0o755)],
  ["places to write", "BROKEN", ...away("exports")],
  [
    "disk space", "BROKEN",
    ...small("size=64k", () => writeFileSync(at("exports/full"), Buffer.alloc(65536))),
  ],
  [
    "inodes", "BROKEN",
    ...small("size=1m,nr_inodes=64", () => {
      for (let i = 0; i < 63; i++) writeFileSync(at(`exports/${i}`), "");
    }),
  ],
  ["certificate", "look", ...certificate("-days", "3", "-subj", "/CN=localhost")],
  [
    "certificate's name", "BROKEN",
    ...certificate("-days", "99", "-subj", "/CN=other.example", "-addext", "subjectAltName=DNS:other.example"),
  ],
  ["certificate's key", "BROKEN", ...mode("tls/site.key", 0o644)],
  ["sparkle-jobs", "BROKEN", ...stopped("sparkle-jobs")],
  ["sparkle-fcgi", "BROKEN", ...stopped("sparkle-fcgi")],
  ["pools", "BROKEN", ...conf(() => `[pool late]\nlisten = ${at("run/late.sock")}`)],
  ["pool sockets", "BROKEN", ...taken("run/page.sock", 0o600)],
  ["pages through nginx", "BROKEN", ...taken("run/page.sock", 0o600)],
  ["ready through nginx", "BROKEN", ...taken("run/api.sock", 0o600)],
  ["nginx", "BROKEN", ...conf("[site]\nurl = https://localhost:9")],
  [
    "reload", "look",
    async () => {
      configured("[redis]\nsocket = /none\n");
      assert.equal((await asSite("sparklectl", "reload", "sparkle-fcgi")).status, 1);
    },
    async () => {
      configured("");
      assert.equal((await asSite("sparklectl", "reload", "sparkle-fcgi")).status, 0);
    },
  ],
  ["Redis", "look", ...conf("[redis]\nsocket = /none")],
  ["Redis eviction", "look", ...redis("maxmemory-policy", "allkeys-lru")],
  ["Redis memory", "BROKEN", ...redis("maxmemory", "1100000")],
  ["Redis clients", "BROKEN", ...redis("maxclients", "20")],
  ["PostgreSQL", "BROKEN", ...conf("[database]\nhost = /none")],
  ["connections", "BROKEN", ...conf("[jobs main]\nmax_children = 1000")],
  ["writes allowed", "BROKEN", ...sql("ALTER ROLE sparkle_app SET default_transaction_read_only = on", "ALTER ROLE sparkle_app RESET default_transaction_read_only")],
  ["statement_timeout", "look", ...sql("ALTER ROLE sparkle_app SET statement_timeout = 0", "ALTER ROLE sparkle_app SET statement_timeout = '5s'")],
  ["application role", "BROKEN", ...sql("ALTER ROLE sparkle_app CREATEDB", "ALTER ROLE sparkle_app NOCREATEDB")],
  ["rights of the role", "BROKEN", ...sql("REVOKE SELECT ON posts FROM sparkle_app", "GRANT SELECT ON posts TO sparkle_app")],
  ["full_page_writes", "BROKEN", ...server("full_page_writes", "off")],
  ["fsync", "BROKEN", ...server("fsync", "off")],
  ["synchronous_commit", "BROKEN", ...server("synchronous_commit", "off")],
  ["autovacuum", "BROKEN", ...server("autovacuum", "off")],
  ["statistics", "BROKEN", ...server("track_counts", "off")],
  ["indexes", "BROKEN", ...sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_log_pkey'::regclass", "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'audit_log_pkey'::regclass")],
  [
    "batch failures", "look",
    ...sql(
      "INSERT INTO batch_runs (name, finished_at, exit_code) VALUES ('doctor', now(), 1)",
      "DELETE FROM batch_runs WHERE name = 'doctor'",
    ),
  ],
  [
    "triggers", "BROKEN",
    ...sql(
      ["CREATE FUNCTION doctor() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'", "CREATE TRIGGER doctor AFTER TRUNCATE ON users EXECUTE FUNCTION doctor()", "ALTER TABLE users DISABLE TRIGGER doctor"],
      ["DROP FUNCTION doctor CASCADE"],
    ),
  ],
  ["SPF", "look", ...asking("_dmarc.example.org=v=DMARC1; p=none", "example.org=other=1")],
  ["DMARC", "look", ...asking("example.org=v=spf1 mx -all")],
  ["listen backlog", "look", ...around(...apart("echo 100 >/proc/sys/net/core/somaxconn"))],
  ["open files", "look", ...around("prlimit", "--nofile=1024:1024")],
  ["clocks", "BROKEN", ...ahead(10)],
  ["clocks", "BROKEN", ...ahead(-10)],
  ["PostgreSQL version", "BROKEN", ...told("server_version_num", "140011")],
  ["shared_buffers", "look", ...told("shared_buffers", "16MB")],
  ["time zones", "look", ...shadow("CREATE VIEW doctor.pg_timezone_names AS SELECT text 'UTC' AS name")],
  [
    "transactions open for long", "look",
    // That of the doctor itself, as an hour later would see it.
    ...shadow(`CREATE VIEW doctor.pg_stat_activity AS SELECT backend_type,
      xact_start - interval '1 hour' AS xact_start FROM pg_catalog.pg_stat_activity`),
  ],
  ["audit log's next month", "look", ...sql(months("([0-9])", "\\1_away"), months("([0-9])_away", "\\1"))],
  ["batch programs", "look", ...sql(shifted("- interval '9 days'"), shifted("+ interval '9 days'"))],
  [
    "news waiting", "BROKEN",
    async () => {
      await jobsEnd();
      await psql("INSERT INTO outbox (event, created_at) VALUES ('doctor.test', now() - interval '1 hour')");
    },
    async () => {
      await psql("DELETE FROM outbox WHERE event = 'doctor.test'");
      await jobsBegin();
    },
  ],
  [
    "bounces", "look",
    () => {
      mkdirSync(at("bounces/cur"), { recursive: true });
      writeFileSync(at("bounces/cur/1:2,FS"), "");
      configured(`[mail]\nbounce_maildir = ${at("bounces")}\n`);
    },
    () => {
      rmSync(at("bounces"), { recursive: true });
      configured("");
    },
  ],
  ["schema", "BROKEN", ...sql("ALTER TABLE schema_migrations RENAME TO doctor", "ALTER TABLE doctor RENAME TO schema_migrations")],
  ["queues paused", "look", ...sql(pause, resume)],
  ["jobs late", "BROKEN", ...sql([pause, job(["run_at", "now() - interval '1 hour'"])], [noJob, resume])],
  ["jobs failing", "look", ...sql([pause, job(["state, attempts, run_at", "'retryable', 4, now() + interval '1 day'"])], [noJob, resume])],
  ["jobs discarded", "look", ...sql([pause, job(["state", "'discarded'"])], [noJob, resume])],
];

const health = async (name) => {
  const words = [stack.program("sparklectl"), "--config", stack.conf];
  const [program, ...args] = [...under, ...words, "--sql", join(top, "sql")];
  const { stdout, stderr } = await run(program, [...args, "doctor", name]);
  const found = /^(ok|look|BROKEN) /.exec(stdout);
  assert.ok(found, `${stdout}${stderr}`);
  if (found[1] !== "ok") assert.match(stdout, /\n +-> \S/, "and its fix");
  return { state: found[1], stdout };
};

const becomes = (name, state) =>
  eventually(
    `${name} is ${state}`,
    async () => (await health(name)).state === state,
  );

export default () =>
  describe("doctor", { concurrency: 1, skip: !asRoot }, () => {
    before(async () => {
      values();
      await psql(`INSERT INTO batch_runs (name, finished_at, exit_code)
        VALUES ('doctor-ran', now(), 0)`);
    });
    after(() => configured(""));

    for (const [name, state, breaks, mends] of rows())
      it(`${name}: ${state}`, async () => {
        await becomes(name, "ok");
        try {
          await breaks();
          await becomes(name, state);
        } finally {
          await mends();
        }
        await becomes(name, "ok");
      });

    it("administrators: look, until there is one", async () => {
      assert.equal((await health("administrators")).state, "look");
      const made = await run(
        stack.program("sparklectl"),
        [
          ...["--config", stack.conf, "user", "create", "doctor"],
          ...["doctor@example.org", "--role", "ADMIN"],
        ],
        { input: "Correct-horse-42-battery!\n" },
      );
      assert.equal(made.status, 0, made.stderr);
      assert.equal((await health("administrators")).state, "ok");
    });

    it("SPF and DMARC: ok where they are there", async () => {
      const [begins, ends] = asking(
        "example.org=v=spf1 mx -all", "_dmarc.example.org=v=DMARC1; p=none");
      try {
        begins();
        const [spf, dmarc] = [await health("SPF"), await health("DMARC")];
        assert.match(spf.stdout, /^ok +SPF +v=spf1 mx -all$/m);
        assert.match(dmarc.stdout, /^ok +DMARC +v=DMARC1; p=none$/m);
      } finally {
        ends();
      }
    });

    it("has at least 60 checks, each of them broken above, and knows only those", async () => {
      const { stdout } = await asUs("sparklectl", "doctor");
      const names = stdout
        .split("\n")
        .map((line) => /^(?:ok|look|BROKEN) +(\S.*?)(?: {2,}|$)/.exec(line)?.[1])
        .filter(Boolean);
      assert.ok(names.length >= 60, `${names.length}`);
      const broken = new Set(rows().map(([name]) => name).concat("administrators"));
      assert.deepEqual(names.filter((name) => !broken.has(name)), []);
      assert.deepEqual([...broken].filter((name) => !names.includes(name)), []);
      assert.equal((await asUs("sparklectl", "doctor", "nothing")).status, 1);
    });

    it("check --nagios: a line, and the status of a plugin", async () => {
      const ask = (...names) => asUs("sparklectl", "check", "--nagios", ...names);
      const ok = await ask("sparkle-jobs", "log level");
      assert.equal(ok.status, 0);
      assert.match(ok.stdout, /^SPARKLE OK - 0 broken, 0 to look at, 2 ok \| broken=0;;0 look=0;0 ok=2\n$/);
      configured("[master]\nlog_level = debug\n");
      const warning = await ask("sparkle-jobs", "log level");
      assert.equal(warning.status, 1);
      assert.match(warning.stdout, /^SPARKLE WARNING - .*\nlook log level: debug\n$/);
      configured("[privacy]\nexports = /none\n");
      const critical = await ask("settings", "log level");
      assert.equal(critical.status, 2);
      assert.match(critical.stdout, /^SPARKLE CRITICAL - 1 broken.*\nBROKEN settings: .*\/none/);
      assert.equal(critical.stderr, "");
      configured("");
      assert.equal((await ask("nothing")).status, 3);
    });
  });
