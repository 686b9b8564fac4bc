// Where PostgreSQL's own programs are: what is in the PATH is Debian's wrapper
// in Perl, which takes longer than psql itself.
import { existsSync } from "node:fs";

/** The directory of psql, pgbench and pg_ctl. */
export const pgBin = [15, 16, 17]
  .map((major) => `/usr/lib/postgresql/${major}/bin`)
  .find((dir) => existsSync(dir));
