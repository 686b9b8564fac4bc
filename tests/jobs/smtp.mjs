// A mail server for tests: tests/lib/smtp.py, and what it took.
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { top } from "../lib/stack.mjs";

/** A certificate for localhost and the authority that vouches for it. */
export function certificate(dir) {
  chmodSync(dir, 0o755);
  const at = (name) => join(dir, name);
  const openssl = (...words) =>
    execFileSync("openssl", words, { stdio: ["ignore", "pipe", "ignore"] });
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    ...["req", "-x509", ...ec, "-days", "2", "-subj", "/CN=Test CA"],
    ...["-keyout", at("ca.key"), "-out", at("ca.pem")],
  );
  openssl(
    ...["req", ...ec, "-subj", "/CN=localhost"],
    ...["-keyout", at("server.key"), "-out", at("server.csr")],
  );
  writeFileSync(at("names"), "subjectAltName=DNS:localhost\n");
  openssl(
    ...["x509", "-req", "-in", at("server.csr"), "-days", "2"],
    ...["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"],
    ...["-extfile", at("names"), "-out", at("server.pem")],
  );
  chmodSync(at("ca.pem"), 0o644);
  return { ca: at("ca.pem"), cert: at("server.pem"), key: at("server.key") };
}

export class MailServer {
  static async start(...options) {
    const server = new MailServer();
    server.dir = mkdtempSync("/tmp/smtp-");
    server.log = join(server.dir, "taken");
    await server.up(...options);
    process.on("exit", () => server.stop());
    return server;
  }

  async up(...options) {
    this.options = options.length ? options : (this.options ?? []);
    const again = this.port ? ["--port", String(this.port)] : [];
    const script = join(top, "tests/lib/smtp.py");
    this.child = spawn(
      "/usr/bin/python3", // Debian's own, which has aiosmtpd
      [script, "--log", this.log, ...again, ...this.options],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.port = await new Promise((go, fail) => {
      this.child.stdout.once("data", (some) => go(Number(String(some))));
      this.child.once("exit", () => fail(new Error("no mail server")));
    });
  }

  async down() {
    const gone = new Promise((go) => this.child.once("exit", go));
    this.child.kill("SIGKILL");
    await gone;
  }

  /** What was taken, in order. */
  taken(to) {
    return readFileSync(this.log, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .filter((mail) => !to || mail.to === to);
  }

  stop() {
    this.child.kill("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}
