// A load of so many requests a second, each of a kind drawn by weight; at
// most so many at once.  What it counts as failed: no answer, 5xx, 429.
import { sleep } from "./stack.mjs";

export class Load {
  /** kinds: [{name, weight, call}], call gives an Answer. */
  constructor(kinds, { rate = 200, atOnce = 60 } = {}) {
    Object.assign(this, { kinds, rate, atOnce });
    this.total = kinds.reduce((sum, kind) => sum + kind.weight, 0);
    this.running = 0;
    this.held = 0;
    this.sent = 0;
    this.counts = new Map();
    this.failed = [];
    this.slowest = 0;
  }

  draw() {
    let at = Math.random() * this.total;
    return this.kinds.find((kind) => (at -= kind.weight) < 0) ?? this.kinds[0];
  }

  async one() {
    const kind = this.draw();
    const began = Date.now();
    this.running++;
    this.sent++;
    try {
      this.note(kind, await kind.call(), began);
    } catch (error) {
      this.failed.push({ kind: kind.name, status: 0, error, began });
    }
    this.slowest = Math.max(this.slowest, Date.now() - began);
    this.running--;
  }

  note(kind, answer, began) {
    const { status } = answer;
    this.counts.set(status, (this.counts.get(status) ?? 0) + 1);
    if (status < 500 && status !== 429 && status !== 401) return;
    const { requestId } = answer;
    const retryAfter = answer.headers["retry-after"];
    const failure = { kind: kind.name, status, requestId, retryAfter, began };
    this.failed.push({ ...failure, ended: Date.now(), text: `${answer}` });
  }

  /** Ends with the test, whatever ends that: what is promised meanwhile would
   * be counted by the next. */
  start(t) {
    t.after(() => this.stop());
    this.going = true;
    this.began = Date.now();
    this.pump = (async () => {
      let due = 0;
      while (this.going) {
        const wanted = ((Date.now() - this.began) * this.rate) / 1000;
        for (; due < wanted; due++)
          if (this.running < this.atOnce) this.one();
          else this.held++;
        await sleep(5);
      }
    })();
    return this;
  }

  async stop() {
    this.going = false;
    await this.pump;
    while (this.running) await sleep(10);
    this.seconds = (Date.now() - this.began) / 1000;
    return this;
  }

  /** For a test's note. */
  toString() {
    const counts = [...this.counts].sort().map(([k, n]) => `${k}: ${n}`);
    return (
      `${this.sent} requests, ${Math.round(this.sent / this.seconds)}/s, ` +
      `${this.failed.length} failed, slowest ${this.slowest} ms; ` +
      counts.join(", ")
    );
  }

  /** The first failures, for an assertion's message. */
  why(n = 8) {
    return this.failed
      .slice(0, n)
      .map((f) => `${f.kind} ${f.status} ${f.text ?? f.error}`)
      .join("\n");
  }
}
