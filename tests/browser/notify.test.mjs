// Settings of notifications, and what the service worker shows.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { eventually } from "../lib/stack.mjs";
import { people, stack } from "../lib/suite.mjs";
import { Visitor } from "./browser.mjs";

export default () =>
  describe("notify", () => {
    let one, user;
    before(async () => {
      user = await people.user();
      one = await Visitor.enter({ width: 360 });
      await one.takeSession(user);
    });
    after(() => one?.leave());

    it("keeps what the matrix says, and nothing else changes", async () => {
      const { page } = one;
      await one.go("/settings/notifications");
      await page.getByLabel("Reactions", { exact: true }).uncheck();
      await page.getByLabel("Mentions, Of your name: by e-mail").uncheck();
      await page.getByLabel("Comments, On your posts: here").uncheck();
      await page.getByLabel("From", { exact: true }).fill("22:00");
      await page.getByLabel("Until").fill("07:30");
      await page.getByLabel("How often").selectOption("daily");
      await page.getByRole("button", { name: "Take this device" }).click();
      assert.match(await page.getByLabel("Your time zone").inputValue(), /^\w/);
      await page.getByLabel("Your time zone").fill("Europe/Berlin");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByText("Saved.").waitFor();
      const { data } = await user.get("/api/notifications/preferences");
      assert.equal(data.postLikes, false);
      assert.equal(data.postComments, true);
      assert.deepEqual(data.emailOff, ["MENTION"]);
      assert.deepEqual(data.inAppOff, ["POST_COMMENTED"]);
      assert.deepEqual(data.pushOff, []);
      assert.equal(data.emailFrequency, "daily");
      assert.equal(data.quietUntil, "07:30");
      assert.equal(data.timeZone, "Europe/Berlin");
      await one.go("/settings/notifications");
      const kept = page.getByLabel("Mentions, Of your name: by e-mail");
      assert.equal(await kept.isChecked(), false);
      await one.checkFaults();
    });

    it("says beside the field what is wrong", async () => {
      const { page } = one;
      one.expect("/api/notifications/preferences");
      await one.go("/settings/notifications");
      await page.getByLabel("Your time zone").fill("Mars/Base");
      await page.getByRole("button", { name: "Save" }).click();
      const words = await page.locator(".field-error").textContent();
      assert.match(words, /time zone is not known/);
      await one.checkFaults();
    });

    it("has the number at the bell in the page itself", async () => {
      const page = await user.page("/settings/notifications");
      assert.match(page.text, /data-unread="1">1</);
    });

    it("deletes a notification, and shows the unread ones alone", async () => {
      const { page } = one;
      await one.go("/notifications");
      await page.getByRole("button", { name: "Mark as read" }).click();
      await page.locator('.notice[data-read="true"]').waitFor();
      await page.getByRole("link", { name: "Unread", exact: true }).click();
      await page.getByText("All quiet").waitFor();
      await page.getByRole("link", { name: "All", exact: true }).click();
      await page.waitForLoadState();
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByText("All quiet").waitFor();
      await one.checkFaults();
    });

    it("shows a push message by the service worker", async () => {
      const { page, context } = one;
      await context.grantPermissions(["notifications"], { origin: stack.url });
      await one.go("/settings/notifications");
      const tools = await context.newCDPSession(page);
      const registered = new Promise((go) =>
        // Told of an empty list, too.
        tools.on("ServiceWorker.workerRegistrationUpdated", (event) => {
          for (const { registrationId } of event.registrations)
            go(registrationId);
        }),
      );
      await tools.send("ServiceWorker.enable");
      await page.evaluate(async () => {
        await navigator.serviceWorker.register("/sw.js");
        await navigator.serviceWorker.ready;
      });
      await tools.send("ServiceWorker.deliverPushMessage", {
        origin: stack.url,
        registrationId: await registered,
        data: JSON.stringify({ title: "New!", body: "<b>x</b>", tag: "t" }),
      });
      // Not waitForFunction(), to which a promise is true.
      const seen = await eventually("the message is shown", () =>
        page.evaluate(async () => {
          const worker = await navigator.serviceWorker.ready;
          const [first] = await worker.getNotifications();
          return first && { title: first.title, body: first.body };
        }));
      assert.deepEqual(seen, { title: "New!", body: "<b>x</b>" });
    });

    it("tells a browser's push service anew to the next session", async () => {
      const { page, context } = one;
      const given = [];
      await context.route("**/api/push/subscriptions", (route) => {
        given.push(route.request().postDataJSON());
        const data = { success: true, data: { id: "an-id" } };
        return route.fulfill({ status: 201, json: data });
      });
      await context.addInitScript(() => {
        const keys = { p256dh: "point", auth: "secret" };
        const subscription = { endpoint: "https://push.example/1", keys };
        PushManager.prototype.getSubscription = async () => ({
          toJSON: () => subscription,
        });
      });
      const visit = async (path) => {
        await one.go(path);
        await page.evaluate(() => navigator.serviceWorker.ready);
        await page.waitForTimeout(200); // for what should not come
      };
      const toldTimes = async (n) => {
        await eventually(`told ${n} times`, () => given.length >= n);
        await page.waitForFunction(() => localStorage.getItem("push-told"));
      };
      await visit("/");
      assert.equal(given.length, 0, "whose it is was never said");
      await page.evaluate(
        (name) => localStorage.setItem("push-owner", name),
        user.name,
      );
      await visit("/");
      await toldTimes(1);
      await visit("/notifications");
      assert.equal(given.length, 1, "once a session");
      assert.deepEqual(given[0], {
        endpoint: "https://push.example/1",
        ...{ p256dh: "point", auth: "secret" },
      });
      await context.clearCookies();
      await visit("/login");
      await one.takeSession(await people.user());
      await visit("/");
      assert.equal(given.length, 1, "not to somebody else");
      await context.clearCookies();
      await visit("/login");
      await one.takeSession(await people.logIn(user.name));
      await visit("/");
      await toldTimes(2);
      assert.equal(given.length, 2);
    });

    it("goes on after a log-out, unasked, and for nobody else", async () => {
      const [mine, other] = [await people.user(), await people.user()];
      const visitor = await Visitor.enter({ width: 360 });
      visitor.expect("/api/push/subscriptions/an-id"); // made up, below
      const { page, context } = visitor;
      await context.grantPermissions(["notifications"], { origin: stack.url });
      const given = [];
      await context.route("**/api/push/subscriptions", (route) => {
        given.push(route.request().postDataJSON());
        const data = { success: true, data: { id: "an-id" } };
        return route.fulfill({ status: 201, json: data });
      });
      let questions = 0;
      await context.exposeFunction("asked", () => questions++);
      // A push service in the place of Google's: what it knows of is storage.
      await context.addInitScript(() => {
        const keys = { p256dh: "point", auth: "secret" };
        const made = (endpoint) =>
          endpoint && {
            toJSON: () => ({ endpoint, keys }),
            unsubscribe: async () => localStorage.removeItem("service"),
          };
        PushManager.prototype.getSubscription = async () =>
          made(localStorage.getItem("service"));
        PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
          if (!applicationServerKey) throw new Error("no key");
          const endpoint = `https://push.example/${crypto.randomUUID()}`;
          localStorage.setItem("service", endpoint);
          return made(endpoint);
        };
        const ask = Notification.requestPermission;
        Notification.requestPermission = (...args) => {
          window.asked();
          return ask.apply(Notification, args);
        };
      });
      const worker = () =>
        page.evaluate(async () =>
          Boolean(await navigator.serviceWorker.getRegistration("/")),
        );
      const logOut = async () => {
        await page.locator(".site-header .menu summary").last().click();
        await page.getByRole("button", { name: "Log out" }).first().click();
        await page.locator("html:not([data-viewer])").waitFor();
      };
      const enter = async (user) => {
        await visitor.takeSession(await people.logIn(user.name));
        await visitor.go("/settings/notifications");
        await page.locator("[data-push] button:enabled").waitFor();
      };
      const button = page.locator("[data-push] button");
      const isOn = async () =>
        (await button.getAttribute("aria-pressed")) === "true";

      await enter(mine);
      assert.equal(await isOn(), false);
      await button.click();
      await page.locator("[data-push] [aria-pressed=true]").waitFor();
      assert.deepEqual([given.length, questions], [1, 1]);
      assert.equal(await worker(), true);
      await page.evaluate(() => sessionStorage.setItem("x", "of mine"));
      await logOut();
      // All is gone but the permission and the cookie.
      await eventually("the service worker is gone", async () => !(await worker()));
      const left = await page.evaluate(() => [
        JSON.stringify({ ...localStorage, ...sessionStorage }),
        Notification.permission,
      ]);
      assert.deepEqual(left, ["{}", "granted"]);

      await enter(other);
      assert.equal(await isOn(), false);
      assert.equal(await worker(), false, "another member is another matter");
      assert.equal(given.length, 1);
      await logOut();

      await enter(mine);
      assert.equal(await isOn(), true);
      assert.equal(await worker(), true);
      assert.deepEqual([given.length, questions], [2, 1]);
      assert.notEqual(given[1].endpoint, given[0].endpoint);
      await visitor.go("/");
      assert.equal(given.length, 2, "once a session");
      await visitor.go("/settings/notifications");
      await button.click();
      await page.locator("[data-push] [aria-pressed=false]").waitFor();
      await logOut();

      await enter(mine);
      assert.equal(await isOn(), false, "who switched it off has it off");
      assert.equal(given.length, 2);
      const cookies = await context.cookies(stack.url);
      assert.ok(!cookies.some((c) => c.name === "__Host-push"));
      await visitor.checkFaults();
      await visitor.leave();
    });
  });
