// The shell of the installed application: pages come from the network, and when there
// is none a page says so. Nothing of a client's data is kept on the device.
"use strict";
const shell = "shell-2";
// Without cookies: the page of a guest, whoever is logged in.
const files = ["/offline", "/assets/style.css"].map((path) => new Request(path, { credentials: "omit" }));
self.addEventListener("install", (e) => {
	e.waitUntil(caches.open(shell).then((c) => c.addAll(files)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (e) => {
	e.waitUntil(caches.keys().then((names) => Promise.all(names.filter((n) => n !== shell).map((n) => caches.delete(n)))).then(() => self.clients.claim()));
});
self.addEventListener("fetch", (e) => {
	if (e.request.mode === "navigate") {
		e.respondWith(fetch(e.request).catch(() => caches.match("/offline")));
	} else if (new URL(e.request.url).pathname === "/assets/style.css") {
		e.respondWith(fetch(e.request).catch(() => caches.match(e.request, { ignoreSearch: true })));
	}
});
