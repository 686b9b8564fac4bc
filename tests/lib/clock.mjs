// The clock of a stack's programs, moved by tests: they read how far it runs
// ahead from a file, each time they look.
//
//   const clock = new Clock();
//   await begin("name", { settings: clock.settings });
//   clock.forward(600);   clock.moveTo(ms);   clock.now()
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { chmodSync } from "node:fs";
import { join } from "node:path";

export class Clock {
  constructor() {
    this.dir = mkdtempSync("/tmp/sparkle-clock-");
    this.file = join(this.dir, "clock");
    this.shift = 0;
    this.fd = openSync(this.file, "w");
    this.write();
    chmodSync(this.dir, 0o755);
    chmodSync(this.file, 0o644);
    process.on("exit", () => {
      closeSync(this.fd);
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  /** What makes the programs read it. */
  get settings() {
    return `[site]\nclock_file = ${this.file}\n`;
  }

  write() {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(this.shift)) * 1000n);
    writeSync(this.fd, bytes, 0, 8, 0);
  }

  /** Milliseconds since 1970, as the programs see them. */
  now() {
    return Date.now() + this.shift;
  }

  forward(seconds) {
    this.shift += seconds * 1000;
    this.write();
  }

  /** Moves on by days, hours, minutes and seconds. */
  ahead({ days = 0, hours = 0, minutes = 0, seconds = 0 }) {
    this.forward(((days * 24 + hours) * 60 + minutes) * 60 + seconds);
  }

  moveTo(ms) {
    this.shift = ms - Date.now();
    this.write();
  }

  /**
   * Moves to just after a moment that was cut to milliseconds, as the API and
   * JavaScript cut them: what it belongs to may be up to a millisecond later.
   */
  moveJustAfter(ms) {
    this.moveTo(ms + 1);
  }
}

/**
 * A year that is still to come and has the calendar of `year` (weekdays,
 * February, and so the changes of summer time, which go by Sundays).
 */
export function yearLike(year) {
  const shape = (y) =>
    [0, 2].map((month) => new Date(Date.UTC(y, month, 1)).getUTCDay()).join();
  let found = new Date().getUTCFullYear() + 1;
  while (shape(found) !== shape(year)) found++;
  return found;
}
