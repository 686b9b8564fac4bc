// The service worker: shows push messages, and opens what they are about. It
// keeps nothing and answers no request.
self.addEventListener("push", (event) => {
  let message = {};
  try {
    message = event.data.json();
  } catch {
    // A message without a body still says that there is news.
  }
  event.waitUntil(
    self.registration.showNotification(message.title ?? "Sparkle Universe", {
      body: message.body ?? "",
      tag: message.tag,
      icon: "/icon-192x192.png",
      data: { url: message.url ?? "/notifications" },
    }),
  );
});

async function open(path) {
  const url = new URL(path, self.location.origin);
  if (url.origin !== self.location.origin) return;
  const tabs = await self.clients.matchAll({ type: "window" });
  const tab = tabs.find((t) => new URL(t.url).pathname === url.pathname);
  if (tab) await tab.focus();
  else await self.clients.openWindow(url.href);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url ?? "/notifications"));
});
