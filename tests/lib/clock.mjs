// The clock of a stack's programs, moved by a file that they share:
//
//   const clock = new Clock();
//   await Stack.start("name", { settings: clock.settings });
//   clock.ahead({ days: 14, seconds: -1 });
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const unit = { days: 86400, hours: 3600, minutes: 60, seconds: 1 };

export class Clock {
  constructor() {
    this.dir = mkdtempSync("/tmp/sparkle-clock-");
    chmodSync(this.dir, 0o755);
    this.file = join(this.dir, "clock");
    this.shift = 0;
    writeFileSync(this.file, Buffer.alloc(8), { mode: 0o644 });
    process.on("exit", () => rmSync(this.dir, { recursive: true }));
  }

  get settings() {
    return `[site]\nclock_file = ${this.file}\n`;
  }

  /** What a program that is started now would think, in ms since 1970. */
  get now() {
    return Date.now() + this.shift * 1000;
  }

  /** Moves on by days, hours, minutes and seconds; never back. */
  ahead(by) {
    for (const [name, n] of Object.entries(by)) this.shift += n * unit[name];
    this.write();
  }

  /** Moves on to a time (ms since 1970), which must be to come. */
  to(time) {
    this.shift += (time - this.now) / 1000;
    this.write();
  }

  write() {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(this.shift * 1e6)));
    // In place: the programs have mapped it.
    writeFileSync(this.file, bytes, { flag: "r+", mode: 0o644 });
  }
}
